"""Call logs read as a stream: the same calls as file by file, and what is damaged named."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError
from analyzer.reading import logs, stream
from analyzer.reading.format import Parsed
from analyzer.reading.logs import read_log
from analyzer.reading.sources import Location, locate

Row = dict[str, Any]


def read(path: Path) -> list[Parsed]:
    """What the stream gives for a file."""
    (location,) = locate([str(path)])
    assert isinstance(location, Location)
    return list(read_log(location))


def whole(path: Path) -> list[Parsed]:
    """What reading the whole file gives."""
    return list(stream([str(path)]))


def told(results: Iterable[Parsed]) -> list[Any]:
    return [str(r) if isinstance(r, TranscriptError) else r for r in results]


def call(number: int, turns: int = 2) -> dict[str, Any]:
    said = ["Goddag, hvad kan jeg hjælpe med?", "Min opvaskemaskine er gået i stykker igen."]
    roles = ("agent", "customer")
    return {
        "id": f"call-{number}",
        "queue": "support",
        "turns": [{"role": roles[i % 2], "text": said[i % 2]} for i in range(turns)],
    }


def rows_of(calls: Iterable[dict[str, Any]]) -> list[Row]:
    return [
        {"call_id": own["id"], "queue": own["queue"], **turn}
        for own in calls
        for turn in own["turns"]
    ]


def write_parquet(path: Path, rows: Sequence[Row], group: int = 1000) -> None:
    pq.write_table(pa.Table.from_pylist(list(rows)), path, row_group_size=group)


def damage_group(path: Path, group: int) -> None:
    """Overwrite the pages of a row group."""
    column = pq.ParquetFile(path).metadata.row_group(group).column(0)
    start = column.dictionary_page_offset or column.data_page_offset
    data = bytearray(path.read_bytes())
    data[start : start + 60] = b"\xff" * 60
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("name", ["calls.jsonl", "calls.ndjson", "calls.jsonl.gz"])
def test_json_lines_give_what_the_whole_file_gives(tmp_path: Path, name: str) -> None:
    lines = [json.dumps(call(i)) for i in range(3)]
    lines[1:1] = ["", '{"broken', json.dumps({"turns": [{"text": "Hej"}]})]
    data = "\n".join(lines).encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    found = read(path)
    assert told(found) == told(whole(path))
    assert [type(f).__name__ for f in found].count("Conversation") == 4


def test_one_json_object_over_many_lines_is_one_call(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    path.write_text(json.dumps(call(1), indent=2))
    assert [f.id for f in read(path) if isinstance(f, Conversation)] == ["call-1"]


def test_a_line_that_is_too_long_is_named_and_the_next_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_MAX_LINE", 2**20)
    path = tmp_path / "calls.jsonl"
    long = json.dumps({"turns": [{"text": "a" * 3 * 2**20}]})
    path.write_text("\n".join([json.dumps(call(1)), long, json.dumps(call(2))]))
    first, error, last = read(path)
    assert "line 2: a line of more than 1 MiB" in str(error)
    assert isinstance(first, Conversation) and isinstance(last, Conversation)
    assert last.id == "call-2"


def test_a_gzip_that_ends_too_soon_gives_its_calls_and_an_error(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl.gz"
    lines = "\n".join(json.dumps(call(i)) for i in range(500))
    path.write_bytes(gzip.compress(lines.encode())[:-200])
    *calls, error = read(path)
    assert isinstance(error, TranscriptError) and "cannot be read" in str(error)
    assert len(calls) > 100


@pytest.mark.parametrize("group", [1, 3, 1000])
def test_parquet_with_a_row_per_turn(tmp_path: Path, group: int) -> None:
    path = tmp_path / "calls.parquet"
    write_parquet(path, rows_of(call(i, turns=3) for i in range(10)), group)
    assert told(read(path)) == told(whole(path))
    assert len(read(path)) == 10


def test_parquet_with_a_row_per_call(tmp_path: Path) -> None:
    path = tmp_path / "calls.parquet"
    calls = [{**call(i), "customer_id": i, "turns": call(i)["turns"]} for i in range(5)]
    calls[3]["turns"] = []
    write_parquet(path, calls, 2)
    found = read(path)
    assert [f.id for f in found if isinstance(f, Conversation)] == [
        f"call-{i}" for i in (0, 1, 2, 4)
    ]
    assert "row 4" in str(found[3])
    assert told(found) == told(whole(path))
    assert isinstance(found[0], Conversation)
    assert (found[0].customer_id, found[0].queue) == ("0", "support")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_cell_may_hold_a_whole_transcript(tmp_path: Path, suffix: str) -> None:
    said = "Agent: Goddag, hvad kan jeg hjælpe med?\nKunde: Min ovn virker ikke.\n"
    rows = [{"call_id": f"c{i}", "queue": "q", "transcript": said} for i in range(3)]
    path = tmp_path / f"calls.{suffix}"
    if suffix == "parquet":
        write_parquet(path, rows)
    else:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    found = read(path)
    assert [f.id for f in found if isinstance(f, Conversation)] == ["c0", "c1", "c2"]
    for own in found:
        assert isinstance(own, Conversation)
        assert [turn.role for turn in own.turns] == ["agent", "customer"]


def test_a_damaged_row_group_is_named_with_the_calls_that_it_tore(tmp_path: Path) -> None:
    path = tmp_path / "calls.parquet"
    write_parquet(path, rows_of(call(i, turns=3) for i in range(20)), 12)  # four calls a group
    damage_group(path, 2)
    found = read(path)
    errors = [str(f) for f in found if isinstance(f, TranscriptError)]
    calls = [f.id for f in found if isinstance(f, Conversation)]
    assert "row group 3" in errors[1]
    assert ["call call-7" in errors[0], "call call-12" in errors[2]] == [True, True]
    assert calls == [f"call-{i}" for i in range(20) if i not in range(7, 13)]


def test_rows_of_a_call_that_come_back_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "calls.parquet"
    write_parquet(path, rows_of([call(1), call(2), call(1)]))
    assert "call call-1: the rows of this call do not stand together" in str(read(path)[2])


@pytest.mark.parametrize(
    ("rows", "expected"),
    [([{"speaker": "A", "colour": "x"}], "no column of text"), ([], "the table has no rows")],
)
def test_a_table_of_another_kind_is_an_error(
    tmp_path: Path, rows: list[Row], expected: str
) -> None:
    path = tmp_path / "calls.parquet"
    write_parquet(path, rows)
    assert expected in str(read(path)[0])


def test_a_large_csv_is_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "calls.csv"
    rows = rows_of(call(i, turns=3) for i in range(200))
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    expected = told(whole(path))
    monkeypatch.setattr(logs, "_LARGE_CSV", 1000)
    monkeypatch.setattr(logs, "_ROWS", 50)
    assert told(read(path)) == expected
    with path.open("a", encoding="utf-8") as file:
        file.write("one;two;three;four;five;six\n")
    *calls, error = read(path)
    assert "in line 602" in str(error)
    assert len(calls) >= 190


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text(json.dumps(call(1)))
    (location,) = locate([str(path)])
    assert isinstance(location, Location)
    path.unlink()
    assert "no such file" in str(next(read_log(location)))


def test_how_far_it_is(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text("\n".join(json.dumps(call(i, turns=50)) for i in range(500)))
    (location,) = locate([str(path)])
    assert isinstance(location, Location)
    shares: list[float] = []
    list(read_log(location, tell=shares.append))
    assert shares == sorted(shares)
    assert shares[len(shares) // 2] == pytest.approx(0.5, abs=0.1)
    assert shares[-1] == 1
