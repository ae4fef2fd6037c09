from __future__ import annotations

import io
import os
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError
from analyzer.reading import read, stream
from analyzer.reading.sources import Location, documents, locate

Write = Callable[[str, Any], str]

CALL = "Agent: Goddag.\nKunde: Hej.\n"


def found(*paths: str) -> list[str]:
    """The id of each call, the message of each error."""
    return [each.id if isinstance(each, Conversation) else str(each) for each in stream(paths)]


def test_a_file_is_read_from_a_path_of_either_kind(write: Write) -> None:
    path = write("call.v1.txt", CALL)
    assert [call.id for call in read(path)] == ["call.v1"]
    assert [call.source for call in read(Path(path))] == [path]


def test_a_folder_with_its_subfolders_in_order(write: Write, tmp_path: Path) -> None:
    for name in ("b.txt", "a/c.txt", "a/b/d.txt", "README.md", ".hidden.txt", ".git/e.txt"):
        write(name, CALL)
    assert found(str(tmp_path)) == ["a/b/d", "a/c", "b"]


def test_links_and_pipes_in_a_folder(write: Write, tmp_path: Path) -> None:
    write("a.txt", CALL)
    (tmp_path / "b.txt").symlink_to(tmp_path / "nowhere.txt")
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert found(str(tmp_path)) == ["a", f"{tmp_path}/b.txt: no such file; check the path."]


@pytest.mark.parametrize(
    ("pattern", "ids"),
    [
        ("calls/*.txt", ["a", "b"]),
        ("calls/?.*", ["a", "b"]),
        ("calls/[a]*", ["a"]),
        # calls with the same file name keep apart by the folders that the pattern leaves open
        ("calls/*/a.txt", ["2026-03/a", "2026-04/a"]),
        ("calls/2026*", ["2026-03/a", "2026-04/a"]),
        ("*/2026-03/a.txt", ["calls/2026-03/a"]),
        # each once, though folders and the files in them match
        ("calls/**", ["2026-03/a", "2026-04/a", "a", "b"]),
    ],
)
def test_a_glob(write: Write, tmp_path: Path, pattern: str, ids: list[str]) -> None:
    for name in ("a.txt", "b.txt", "2026-03/a.txt", "2026-04/a.txt"):
        write(f"calls/{name}", CALL)
    assert sorted(found(f"{tmp_path}/{pattern}")) == ids


def test_a_file_whose_name_looks_like_a_glob(write: Write) -> None:
    assert found(write("call[1].txt", CALL)) == ["call[1]"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("nowhere.txt", "no such file; check the path."),
        ("nowhere/*.txt", "no file matches; check the path."),
        ("empty", "the folder has no files; check the path."),
        ("empt?", "the folder has no files; check the path."),
        ("a.txt/b.txt", "cannot be read (Not a directory); check the file and its access."),
        ("x" * 300, "cannot be read (File name too long); check the file and its access."),
        ("a\0b", "cannot be read (embedded null byte); check the file and its access."),
        ("a\0*", "no file matches; check the path."),
    ],
)
def test_what_is_not_there(write: Write, tmp_path: Path, path: str, expected: str) -> None:
    write("a.txt", CALL)
    (tmp_path / "empty").mkdir()
    (error,) = stream([f"{tmp_path}/{path}"])
    assert isinstance(error, TranscriptError)
    assert str(error).endswith(f": {expected}")


def test_an_empty_path() -> None:
    assert found("") == ["an empty path: no such file; check the path."]


def test_one_missing_file_leaves_the_others(write: Write, tmp_path: Path) -> None:
    first, last = write("a.txt", CALL), write("b.txt", CALL)
    missing = f"{tmp_path}/x.txt"
    assert found(first, missing, last) == ["a", f"{missing}: no such file; check the path.", "b"]


def test_a_file_that_may_not_be_read(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    first, refused = write("a.txt", CALL), write("b.txt", CALL)
    real = open

    def refusing(file: Any, *args: Any, **more: Any) -> Any:
        if file == refused:
            raise PermissionError(13, "Permission denied", file)
        return real(file, *args, **more)

    monkeypatch.setattr("builtins.open", refusing)
    assert found(first, refused) == [
        "a",
        f"{refused}: cannot be read (Permission denied); check the file and its access.",
    ]


def test_a_folder_that_may_not_be_read(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("a.txt", CALL)
    write("secret/b.txt", CALL)
    real = os.scandir

    def refusing(path: Any) -> Any:
        if str(path).endswith("secret"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert found(str(tmp_path)) == [
        f"{tmp_path}/secret: cannot be read (Permission denied); check the file and its access.",
        "a",
    ]
    (error,) = stream([f"{tmp_path}/secret"])
    assert isinstance(error, TranscriptError)


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    given = io.TextIOWrapper(io.BytesIO(CALL.encode()))
    monkeypatch.setattr(sys, "stdin", given)
    # it stays open, and holds nothing the second time
    assert found("-", "-") == ["stdin", "stdin: the file is empty; export it again."]
    assert not given.buffer.closed


def test_standard_input_that_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert found("-") == [
        "stdin: cannot be read (standard input is closed); check the file and its access."
    ]


def test_a_file_name_that_is_no_text(tmp_path: Path) -> None:
    # as archives from Windows leave them behind
    named = os.fsencode(tmp_path) + b"/bj\xf8rn.txt"
    Path(os.fsdecode(named)).write_text(CALL)
    for path in (str(tmp_path), os.fsdecode(named), f"{tmp_path}/bj*"):
        (call,) = read(path)
        assert (call.id, call.source) == ("bj\ufffdrn", f"{tmp_path}/bj\ufffdrn.txt")
    for path in (os.fsdecode(named) + "x", os.fsdecode(named) + "*x", "\ud800"):
        (error,) = stream([path])
        assert isinstance(error, TranscriptError) and str(error).encode()


@pytest.fixture
def memory() -> Iterator[Any]:
    """A file system in memory, empty again after the test."""
    files = fsspec.filesystem("memory")
    files.pipe({"/calls/a.txt": CALL.encode(), "/calls/2026/a.txt": CALL.encode()})
    yield files
    files.rm("/", recursive=True)


@pytest.mark.parametrize(
    ("url", "ids"),
    [
        ("memory://calls/a.txt", ["a"]),
        ("memory://calls/*.txt", ["a"]),
        ("memory://calls/**", ["2026/a", "a"]),
        ("memory://*/2026/a.txt", ["calls/2026/a"]),
        ("simplecache::memory://calls/a.txt", ["a"]),
    ],
)
def test_urls(memory: Any, url: str, ids: list[str]) -> None:
    assert sorted(found(url)) == ids


def test_a_local_url(write: Write) -> None:
    path = write("a.txt", CALL)
    (call,) = read(f"file://{path}")
    assert (call.id, call.source) == ("a", f"file://{path}")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("memory://calls/x.txt", "no such file; check the path."),
        ("memory://x/*.txt", "no file matches; check the path."),
        ("nosuch://a/b", "cannot be opened (Protocol not known: nosuch); check the address."),
        ("://", "no such file; check the path."),
        ("dir://", "check the address."),
        ("reference://", "check the address."),
        ("tar://a::memory://calls/a.txt", "check the address."),
    ],
)
def test_urls_that_lead_nowhere(memory: Any, url: str, expected: str) -> None:
    (error,) = stream([url])
    assert isinstance(error, TranscriptError)
    assert str(error).startswith(f"{url}: ") and str(error).endswith(expected)


def test_a_folder_behind_a_url(tmp_path: Path) -> None:
    (error,) = stream([f"file://{tmp_path}"])
    assert isinstance(error, TranscriptError)
    assert "Is a directory" in error.expected


def test_a_file_system_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: Any, **__: Any) -> Any:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec, "open_files", missing)
    assert found("s3://bucket/a.json") == [
        "s3://bucket/a.json: cannot be opened (Install s3fs to access S3); check the address."
    ]


def test_what_a_client_for_http_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    class ClientError(Exception):
        pass

    def refusing() -> Any:
        raise ClientError("403, message='Forbidden'")

    client = types.ModuleType("aiohttp")
    vars(client)["ClientError"] = ClientError
    monkeypatch.setitem(sys.modules, "aiohttp", client)
    (error,) = documents(Location("https://example.com/a", "a", refusing))
    assert str(error) == (
        "https://example.com/a: cannot be read (403, message='Forbidden'); "
        "check the file and its access."
    )


def test_locating_opens_nothing(write: Write) -> None:
    path = write("a.txt", CALL)
    (location,) = locate([path])
    Path(path).unlink()
    assert isinstance(location, Location)
    (error,) = documents(location)
    assert isinstance(error, TranscriptError)
