from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer.errors import UsageError
from analyzer.report import Report
from analyzer.writing import SUFFIXES, open_writer

Scored = Callable[..., Report]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_appears_when_it_is_complete(tmp_path: Path, scored: Scored, suffix: str) -> None:
    path = tmp_path / f"calls{suffix}"

    with open_writer(path) as writer:
        writer.write(scored())
        assert not path.exists()

    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_exception_leaves_the_old_file_untouched(
    tmp_path: Path, scored: Scored, suffix: str
) -> None:
    path = tmp_path / f"calls{suffix}"
    path.write_text("last week's", "utf-8")

    with pytest.raises(RuntimeError, match="power"), open_writer(path) as writer:
        writer.write(scored())
        raise RuntimeError("power cut")

    assert path.read_text("utf-8") == "last week's"
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_exception_leaves_no_file_where_there_was_none(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(RuntimeError), open_writer(tmp_path / f"calls{suffix}"):
        raise RuntimeError

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_new_file_takes_the_place_of_the_old_one(
    tmp_path: Path, scored: Scored, suffix: str
) -> None:
    path = tmp_path / f"calls{suffix}"
    path.write_text("last week's", "utf-8")

    with open_writer(path) as writer:
        writer.write(scored())

    assert b"last week" not in path.read_bytes()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_reports_make_a_file_all_the_same(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"calls{suffix}"

    with open_writer(path):
        pass

    assert path.exists()


@pytest.mark.parametrize("suffix", [".JSONL", ".Csv", ".MD", ".Vcon.Json"])
def test_capitals_in_a_suffix_make_no_difference(tmp_path: Path, suffix: str) -> None:
    with open_writer(tmp_path / f"calls{suffix}"):
        pass

    assert (tmp_path / f"calls{suffix}").exists()


@pytest.mark.parametrize("name", ["calls", "calls.txt", "calls.json", "calls.xlsx", ".vcon"])
def test_an_unknown_suffix_is_answered_with_those_that_exist(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_writer(tmp_path / name)

    assert f"must end in one of: {', '.join(SUFFIXES)}." in str(caught.value)


def test_a_folder_cannot_be_written_over(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").mkdir()

    with pytest.raises(UsageError, match=r"calls\.csv: this is a folder; name a file in it\.$"):
        open_writer(tmp_path / "calls.csv")


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no folder .*missing; make it first\.$"):
        open_writer(tmp_path / "missing" / "calls.csv")
