from __future__ import annotations

import gzip
import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import pytest

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError
from analyzer.reading import archive, read, stream
from analyzer.reading.archive import is_call, reason, stem

Write = Callable[[str, Any], str]
ErrorOf = Callable[..., TranscriptError]

CALL = b"Agent: Goddag.\nKunde: Hej.\n"


def packed(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as zipped:
        for name, data in members:
            zipped.writestr(name, data)
    return target.getvalue()


def encrypted(data: bytes) -> bytes:
    """The archive with the flag set that says that its members need a password."""
    local, central = data.index(b"PK\x03\x04"), data.index(b"PK\x01\x02")
    changed = bytearray(data)
    changed[local + 6] |= 1
    changed[central + 8] |= 1
    return bytes(changed)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("call.json", "call"),
        ("call.json.gz", "call"),
        ("2026/03/call.v2.vtt", "2026/03/call.v2"),
        ("call", "call"),
        (".hidden", ".hidden"),
        ("a\\b\\call.txt", "a/b/call"),
        ("../../etc/passwd.txt", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("a/../call.txt", "a/call"),
        ("..", ""),
        ("", ""),
    ],
)
def test_stem(path: str, expected: str) -> None:
    assert stem(path) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("call.json", True),
        ("../call.json", True),
        ("a/b/call", True),
        (".call.json", False),
        ("a/.git/config", False),
        ("__MACOSX/._call.json", False),
        ("README.md", False),
        ("a/license", False),
        ("CHANGELOG.txt", False),
        ("readmes.txt", True),
    ],
)
def test_is_call(path: str, expected: bool) -> None:
    assert is_call(PurePosixPath(path)) is expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(13, "Permission denied"), "Permission denied"),
        (ValueError("two\nlines."), "two lines"),
        (EOFError(), "it is damaged or not complete"),
        (ValueError("x" * 1000), "x" * 199 + "…"),
    ],
)
def test_reason(error: Exception, expected: str) -> None:
    assert reason(error) == expected


def test_members_are_named_in_the_archive_and_by_their_path(write: Write) -> None:
    data = packed(
        ("2026/a.txt", CALL),
        ("2026/b.txt.gz", gzip.compress(CALL)),
        ("README.md", b"Agent: no"),
        ("__MACOSX/2026/._a.txt", b"\0\1"),
        ("empty/", b""),
    )
    path = write("calls.zip", data)
    assert [(call.id, call.source) for call in read(path)] == [
        ("2026/a", f"{path}!2026/a.txt"),
        ("2026/b", f"{path}!2026/b.txt.gz"),
    ]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_every_compression(write: Write, method: int) -> None:
    assert len(read(write("calls.zip", packed(("a.txt", CALL), method=method)))) == 1


@pytest.mark.parametrize(
    ("name", "call_id"),
    [
        ("../../evil.txt", "evil"),
        ("/etc/evil.txt", "etc/evil"),
        ("a\\..\\evil.txt", "a/evil"),
        ("bad\n\x1b[31m.txt", "bad\n\x1b[31m"),
    ],
)
def test_a_path_that_leads_out_is_read_and_goes_nowhere(
    write: Write, name: str, call_id: str
) -> None:
    path = write("calls.zip", packed((name, CALL)))
    (call,) = read(path)
    assert call.id == call_id
    assert call.source.startswith(f"{path}!") and call.source.isprintable()


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (packed(("x.txt", CALL)), "an archive inside an archive"),
        (gzip.compress(packed(("x.txt", CALL))), "an archive inside an archive"),
        (gzip.compress(CALL)[:-9], "cannot be unpacked"),
        (gzip.compress(CALL)[:5], "cannot be unpacked"),
        (b"PK\x03\x04 damaged", "cannot be unpacked (it is damaged"),
        (b"", "the file is empty"),
        (b"\0\1\2\3", "found binary data"),
    ],
)
def test_a_bad_member_among_good_ones_is_one_error(write: Write, bad: bytes, expected: str) -> None:
    path = write("calls.zip", packed(("a.txt", CALL), ("b.bin", bad), ("c.txt", CALL)))
    first, error, last = stream([path])
    assert isinstance(first, Conversation) and isinstance(last, Conversation)
    assert isinstance(error, TranscriptError)
    assert error.source == f"{path}!b.bin"
    assert expected in error.expected


def damaged_member(data: bytes) -> bytes:
    at = data.index(b"a.txt") + len("a.txt") + 2
    return data[:at] + b"\xff\xff\xff" + data[at + 3 :]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (packed(("a.txt", CALL))[:-30], "cannot be read (it is damaged"),
        (packed(), "the archive has no calls"),
        (packed(("README.md", CALL), ("folder/", b"")), "the archive has no calls"),
        (packed(("[Content_Types].xml", b"x"), ("word/document.xml", b"x")), "an office document"),
        (
            packed(("mimetype", b"application/vnd.oasis"), ("content.xml", b"x")),
            "an office document",
        ),
        (encrypted(packed(("a.txt", CALL))), "cannot be unpacked (it is encrypted)"),
        (damaged_member(packed(("a.txt", CALL))), "cannot be unpacked"),
        (damaged_member(packed(("a.txt", CALL), method=zipfile.ZIP_LZMA)), "cannot be unpacked"),
        (gzip.compress(CALL)[:-4], "cannot be read (it is damaged or not complete)"),
        (gzip.compress(CALL)[:3], "cannot be read"),
        (b"\x1f\x8b\xff" + b"x" * 30, "cannot be read"),
        (gzip.compress(gzip.compress(CALL)), "an archive inside an archive"),
        (gzip.compress(packed(("a.txt.gz", gzip.compress(CALL)))), "an archive inside an archive"),
        (gzip.compress(b""), "the file is empty"),
    ],
)
def test_a_damaged_archive_is_one_sentence(error_of: ErrorOf, data: bytes, expected: str) -> None:
    assert expected in error_of(data, name="calls.zip").expected


def test_a_name_that_is_no_text(error_of: ErrorOf) -> None:
    data = bytearray(packed(("å.txt", CALL)))
    central = data.index(b"PK\x01\x02")
    data[central + 46] = 0xFF  # the flag says that the name is UTF-8
    assert "cannot be read" in error_of(bytes(data)).expected


def test_a_version_of_the_future(error_of: ErrorOf) -> None:
    data = bytearray(packed(("a.txt", CALL)))
    struct.pack_into("<H", data, data.index(b"PK\x01\x02") + 6, 99)
    expected = "cannot be read (it is packed in a way that is not read here)"
    assert expected in error_of(bytes(data)).expected


def test_a_bomb_stops_at_the_limit(error_of: ErrorOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_BYTES", 2**20)
    bomb = b"Agent: a\n" * 2**18
    expected = "more than 1 MiB, too large for one file"
    assert error_of(bomb, name="a.txt").expected == expected
    assert error_of(gzip.compress(bomb), name="a.gz").expected == expected
    assert error_of(packed(("a.txt", bomb)), name="a.zip").expected == expected
    assert error_of(packed(("xl/workbook.xml", bomb)), name="a.xlsx").expected == expected


def test_too_many_members(error_of: ErrorOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_ARCHIVE_MEMBERS", 2)
    data = packed(*((f"{i}.txt", CALL) for i in range(3)))
    assert error_of(data).expected == "3 files in one archive, at most 2 are read"
