"""Compressed files and archives (gzip, zip), unpacked one member at a time."""

from __future__ import annotations

import gzip
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePath
from typing import IO, cast

from analyzer.errors import TranscriptError
from analyzer.messages import Message
from analyzer.reading.document import Document, shown

# A year of one call is far smaller; what is larger is no transcript, or a decompression bomb.
MAX_BYTES = 256 * 2**20
MAX_ARCHIVE_MEMBERS = 100_000
# What reading and unpacking raise for files that are missing, damaged, encrypted or too new.
DAMAGED = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
)
# In a folder these stand beside the calls and are none.
_NOT_CALLS = ("readme", "license", "licence", "changelog")
_GZIP = b"\x1f\x8b"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
# Members that give an archive away as a document of an office program.
_OFFICE = {"[Content_Types].xml", "mimetype"}


def is_call(relative: PurePath) -> bool:
    """Whether a file in a folder or archive may be a call: not hidden, not a README."""
    hidden = any(part.startswith(".") for part in _inner_parts(relative))
    return not hidden and relative.name.split(".")[0].lower() not in _NOT_CALLS


def stem(relative: str) -> str:
    """The call's id when the file names none: the path below the folder, without suffixes."""
    path = relative.replace("\\", "/").removesuffix(".gz")
    *folders, name = _inner_parts(PurePath(path)) or ("",)
    suffix = name.rfind(".")
    return "/".join([*folders, name[:suffix] if suffix > 0 else name])


def _inner_parts(path: PurePath) -> tuple[str, ...]:
    """The parts of a path without what leads out of the folder (`..`, a leading slash)."""
    return tuple(part for part in path.parts if part not in ("..", path.anchor))


def bounded(stream: IO[bytes], name: str) -> bytes:
    """All bytes of a stream; `TranscriptError` if they are more than `MAX_BYTES`."""
    data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise _too_large(name)
    return data


# What is wrong with a packed file, where Python speaks to programmers.
_WHY = (
    ((zlib.error, lzma.LZMAError, zipfile.BadZipFile, gzip.BadGzipFile, struct.error, EOFError),
     Message("it is damaged or not complete")),
    (NotImplementedError, Message("it is packed in a way that is not read here")),
    (RuntimeError, Message("it is encrypted")),
)  # fmt: skip


def reason(error: Exception) -> str:
    """Why it failed, in a few words without line breaks; some are those of the system."""
    for kinds, words in _WHY:
        if isinstance(error, kinds):
            return words
    said = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return shown(said, 200).rstrip(".")


def unpack(
    document: Document, packed: tuple[str, ...] = ()
) -> Iterator[Document | TranscriptError]:
    """The document itself or, when it is packed, what is in it; `TranscriptError` if damaged.

    Each kind of packing is undone once: a zip in a zip, like a gzip in a gzip, is an error.
    """
    if document.data.startswith(_GZIP):
        _once("gzip", packed, document)
        with gzip.open(io.BytesIO(document.data)) as stream:
            data = bounded(cast("IO[bytes]", stream), document.name)
        yield from unpack(Document(document.name, data, document.id), (*packed, "gzip"))
    elif document.data.startswith(_ZIP):
        with zipfile.ZipFile(io.BytesIO(document.data)) as archive:
            yield from _contents(archive, document, packed)
    else:
        yield document


def _once(kind: str, packed: tuple[str, ...], document: Document) -> None:
    if kind in packed:
        raise TranscriptError(
            document.name, Message("an archive inside an archive"), Message("unpack it first")
        )


def _contents(
    archive: zipfile.ZipFile, document: Document, packed: tuple[str, ...]
) -> Iterator[Document | TranscriptError]:
    names = set(archive.namelist())
    if "xl/workbook.xml" in names:
        if sum(member.file_size for member in archive.infolist()) > MAX_BYTES:
            raise _too_large(document.name)
        yield document
    elif names & _OFFICE:
        raise TranscriptError(
            document.name,
            Message("an office document"),
            Message("save it as plain text, or a table as XLSX or CSV"),
        )
    else:
        _once("zip", packed, document)
        yield from _members(archive, document, (*packed, "zip"))


def _members(
    archive: zipfile.ZipFile, document: Document, packed: tuple[str, ...]
) -> Iterator[Document | TranscriptError]:
    members = [m for m in archive.infolist() if not m.is_dir() and is_call(PurePath(m.filename))]
    if not members:
        raise TranscriptError(
            document.name, Message("the archive has no calls"), Message("check what is in it")
        )
    if len(members) > MAX_ARCHIVE_MEMBERS:
        raise TranscriptError(
            document.name,
            Message(
                "%(count)s files in one archive, at most %(most)s are read",
                count=len(members),
                most=MAX_ARCHIVE_MEMBERS,
            ),
            Message("split the archive"),
        )
    for member in members:
        name = f"{document.name}!{shown(member.filename, 200)}"
        try:
            with archive.open(member) as stream:
                data = bounded(stream, name)
            yield from unpack(Document(name, data, stem(member.filename)), packed)
        except TranscriptError as error:
            yield error
        except DAMAGED as error:
            why = Message("cannot be unpacked (%(reason)s)", reason=reason(error))
            yield TranscriptError(name, why, Message("pack it again"))


def _too_large(name: str) -> TranscriptError:
    return TranscriptError(
        name,
        Message("more than %(size)s MiB, too large for one file", size=MAX_BYTES // 2**20),
        Message("split the file"),
    )
