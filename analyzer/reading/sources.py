"""From what the user points at (file, folder, glob, URL, standard input) to documents."""

from __future__ import annotations

import glob
import io
import os
import re
import sys
import tarfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import IO, cast

from analyzer.errors import TranscriptError
from analyzer.messages import Message
from analyzer.reading.archive import DAMAGED, MAX_BYTES, bounded, is_call, reason, stem, unpack
from analyzer.reading.document import Document

_SURROGATE = re.compile("[\ud800-\udfff]")
# What fsspec raises for addresses that lack something and file systems that are not installed.
_INCOMPLETE_URL = (ImportError, TypeError, AttributeError, LookupError, tarfile.TarError)


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
            yield Location("stdin", "stdin", _stdin)
        elif "://" in path:
            yield from _remote(path)
        elif os.path.exists(path) or not glob.has_magic(path):
            yield from _local(path)
        else:
            yield from _matching(path)


def _stdin() -> IO[bytes]:
    if sys.stdin is None:
        raise OSError("standard input is closed")
    # a copy, so that closing it leaves the real one open
    return io.BytesIO(sys.stdin.buffer.read(MAX_BYTES + 1))


def _local(path: str) -> Iterator[Location | TranscriptError]:
    if os.path.isdir(path):
        yield from _folder(Path(path))
    else:
        name = str(Path(path)) if path else "an empty path"
        yield Location(name, os.path.basename(path), lambda: open(path, "rb"))


def _folder(folder: Path) -> Iterator[Location | TranscriptError]:
    refused: list[OSError] = []
    files = sorted(
        path
        for parent, _, names in os.walk(folder, onerror=refused.append)
        for path in (Path(parent, name) for name in names)
        if is_call(path.relative_to(folder)) and (path.is_file() or not path.exists())
    )
    for error in refused:
        yield _unreadable(str(error.filename), error)
    if not files and not refused:
        yield _missing(str(folder), Message("the folder has no files"))
    for path in files:
        yield Location(str(path), path.relative_to(folder).as_posix(), _opener(path))


def _opener(path: Path) -> Callable[[], IO[bytes]]:
    return lambda: path.open("rb")


def _matching(pattern: str) -> Iterator[Location | TranscriptError]:
    """The files that match, each once; a call is named by its path below the pattern's folder."""
    found: dict[str, Location | TranscriptError] = {}
    for match in sorted(glob.glob(pattern, recursive=True)):
        for location in _local(match):
            if isinstance(location, TranscriptError):
                found.setdefault(location.source, location)
            else:
                named = replace(location, relative=_below(pattern, location.name))
                found.setdefault(location.name, named)
    if not found:
        yield _missing(pattern, Message("no file matches"))
    yield from found.values()


def _below(pattern: str, path: str) -> str:
    """The path without the folders that the pattern names outright."""
    parts = PurePath(pattern).parts
    plain = next((i for i, part in enumerate(parts) if glob.has_magic(part)), len(parts) - 1)
    return PurePath(*PurePath(path).parts[plain:]).as_posix()


def _remote(url: str) -> Iterator[Location | TranscriptError]:
    import fsspec  # only URLs pay for this import

    try:
        files = fsspec.open_files(url, "rb")
        pattern = fsspec.core.url_to_fs(url)[1]
    except (*DAMAGED, *_INCOMPLETE_URL) as error:
        why = Message("cannot be opened (%(reason)s)", reason=reason(error))
        yield TranscriptError(url, why, Message("check the address"))
        return
    if not files:
        yield _missing(url, Message("no file matches"))
    for file in files:
        name = url if len(files) == 1 else file.full_name
        open_file = cast("Callable[[], IO[bytes]]", file.open)
        yield Location(name, _below(pattern, file.path), open_file)


def documents(location: Location) -> Iterator[Document | TranscriptError]:
    """The document at a location, unpacked; an archive gives one for each of its members."""
    name = _readable(location.name)
    try:
        with location.open() as stream:
            data = bounded(stream, name)
        yield from unpack(Document(name, data, stem(_readable(location.relative))))
    except TranscriptError as error:
        yield error
    except FileNotFoundError:
        yield _missing(name, Message("no such file"))
    except _failures() as error:
        yield _unreadable(name, error)


def _failures() -> tuple[type[Exception], ...]:
    """What opening and reading may raise; the client for http, if one uses it, has its own."""
    client = sys.modules.get("aiohttp")
    return (*DAMAGED, client.ClientError) if client else DAMAGED


def _readable(path: str) -> str:
    """The path as text that can be written: what stands for a byte that is no text is replaced."""
    return _SURROGATE.sub("\ufffd", path)


def _unreadable(name: str, error: Exception) -> TranscriptError:
    return TranscriptError(
        _readable(name),
        Message("cannot be read (%(reason)s)", reason=reason(error)),
        Message("check the file and its access"),
    )


def _missing(name: str, what: Message) -> TranscriptError:
    return TranscriptError(_readable(name), what, Message("check the path"))
