"""From what the user points at (file, folder, glob, URL, standard input, archive) to documents."""

from __future__ import annotations

import glob
import gzip
import io
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import IO, cast

from analyzer.errors import TranscriptError
from analyzer.reading.document import Document

# A year of one call is far smaller; what is larger is no transcript, or a decompression bomb.
MAX_BYTES = 256 * 2**20
MAX_ARCHIVE_MEMBERS = 100_000
# In a folder these stand beside the calls and are none.
_NOT_CALLS = ("readme", "license", "licence", "changelog")
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"

Sourced = Document | TranscriptError


@dataclass(frozen=True, slots=True)
class Location:
    """Something to open: `name` for messages, `relative` for the call's id."""

    name: str
    relative: str
    open: Callable[[], IO[bytes]]


def locate(paths: Iterable[str]) -> Iterator[Location | TranscriptError]:
    """Everything that the paths lead to, in a stable order; what is missing as an error.

    A folder is searched with all its subfolders; hidden files and its README, LICENSE and CHANGELOG
    are passed over. `-` is standard input.
    """
    for path in paths:
        if path == "-":
            yield Location("stdin", "stdin", lambda: sys.stdin.buffer)
        elif "://" in path:
            yield from _remote(path)
        elif Path(path).exists() or not glob.has_magic(path):
            yield from _local(Path(path))
        else:
            matches = sorted(glob.glob(path, recursive=True))
            if not matches:
                yield _missing(path, "no file matches")
            for match in matches:
                yield from _local(Path(match))


def _local(path: Path) -> Iterator[Location | TranscriptError]:
    if not path.is_dir():
        yield Location(str(path), path.name, partial(path.open, "rb"))
        return
    files = sorted(p for p in path.rglob("*") if p.is_file() and _is_call(p.relative_to(path)))
    if not files:
        yield _missing(str(path), "the folder has no files")
    for file in files:
        relative = file.relative_to(path).as_posix()
        yield Location(str(file), relative, partial(file.open, "rb"))


def _is_call(relative: PurePath) -> bool:
    hidden = any(part.startswith(".") for part in relative.parts)
    return not hidden and relative.name.split(".")[0].lower() not in _NOT_CALLS


def _remote(url: str) -> Iterator[Location | TranscriptError]:
    import fsspec  # only URLs pay for this import

    try:
        files = fsspec.open_files(url, "rb")
    except (OSError, ValueError, ImportError) as error:
        yield TranscriptError(url, f"cannot be opened ({error})", "check the address and access")
        return
    if not files:
        yield _missing(url, "no file matches")
    for file in files:
        name = url if len(files) == 1 else str(file.path)
        yield Location(name, name.rsplit("/", 1)[-1], file.open)


def documents(location: Location) -> Iterator[Sourced]:
    """The document at a location, unpacked; an archive gives one for each of its members."""
    name = location.name
    try:
        with location.open() as stream:
            data = _bounded(stream, name)
        yield from _unpack(Document(name, data, _stem(location.relative)))
    except TranscriptError as error:
        yield error
    except FileNotFoundError:
        yield _missing(name, "no such file")
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        reason = getattr(error, "strerror", None) or str(error)
        yield TranscriptError(name, f"cannot be read ({reason})", "check the file and its access")


def _unpack(document: Document) -> Iterator[Sourced]:
    if document.data.startswith(_GZIP):
        with gzip.open(io.BytesIO(document.data)) as stream:
            data = _bounded(cast("IO[bytes]", stream), document.name)
        yield from _unpack(Document(document.name, data, document.id))
    elif document.data.startswith(_ZIP) and not _is_workbook(document.data):
        yield from _members(document)
    else:
        yield document


def _is_workbook(data: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return "xl/workbook.xml" in archive.namelist()


def _members(document: Document) -> Iterator[Sourced]:
    with zipfile.ZipFile(io.BytesIO(document.data)) as archive:
        members = [m for m in archive.infolist() if not m.is_dir() and _is_call(PurePath(m.filename))]
        if not members:
            yield _missing(document.name, "the archive has no files")
        if len(members) > MAX_ARCHIVE_MEMBERS:
            yield TranscriptError(
                document.name,
                f"{len(members)} files in one archive, at most {MAX_ARCHIVE_MEMBERS} are read",
                "split the archive",
            )
            return
        for member in members:
            name = f"{document.name}!{member.filename}"
            try:
                with archive.open(member) as stream:
                    data = _bounded(stream, name)
                if data.startswith(_ZIP) and not _is_workbook(data):
                    yield TranscriptError(name, "an archive inside an archive", "unpack it first")
                else:
                    yield from _unpack(Document(name, data, _stem(member.filename)))
            except TranscriptError as error:
                yield error
            except (RuntimeError, OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
                # zipfile raises RuntimeError for a member that needs a password
                yield TranscriptError(name, f"cannot be unpacked ({error})", "pack it again")


def _bounded(stream: IO[bytes], name: str) -> bytes:
    data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise TranscriptError(
            name, f"more than {MAX_BYTES // 2**20} MiB, too large for one file", "split the file"
        )
    return data


def _stem(relative: str) -> str:
    """The call's id when the file names none: the path below the folder, without suffixes."""
    path = relative.replace("\\", "/").removesuffix(".gz")
    folder, _, name = path.rpartition("/")
    stem = name.rsplit(".", 1)[0] if "." in name.lstrip(".") else name
    return f"{folder}/{stem}" if folder else stem


def _missing(name: str, what: str) -> TranscriptError:
    return TranscriptError(name, what, "check the path")
