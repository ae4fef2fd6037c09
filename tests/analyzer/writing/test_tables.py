from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from analyzer.frames import CALL_COLUMNS
from analyzer.report import Report
from analyzer.writing import open_writer

Scored = Callable[..., Report]


def written(path: Path, *reports: Report) -> Path:
    with open_writer(path) as writer:
        for report in reports:
            writer.write(report)
    return path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_csv_file_has_a_row_per_call(tmp_path: Path, scored: Scored) -> None:
    report = scored(id="c-1")

    (first, second) = rows(written(tmp_path / "c.csv", report, scored("A: hallo", id="c-2")))

    assert (first["call"], first["score"], first["band"]) == (
        "c-1",
        str(report.score),
        report.band,
    )
    assert second["call"] == "c-2"


def test_a_csv_file_has_every_column(tmp_path: Path, scored: Scored) -> None:
    (row,) = rows(written(tmp_path / "c.csv", scored()))

    assert list(row) == list(CALL_COLUMNS)


def test_a_csv_cell_of_what_is_not_known_is_empty(tmp_path: Path, scored: Scored) -> None:
    (row,) = rows(written(tmp_path / "c.csv", scored("A: hallo")))

    assert (row["score"], row["band"], row["deflection"], row["talk_ratio"]) == ("", "", "", "")


def test_a_csv_file_begins_with_the_mark_that_spreadsheets_need(
    tmp_path: Path, scored: Scored
) -> None:
    data = written(tmp_path / "c.csv", scored(queue="kø på ålegård")).read_bytes()

    assert data.startswith(b"\xef\xbb\xbf") and "kø på ålegård".encode() in data


@pytest.mark.parametrize("text", ["=1+1", "+4512345678", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_cell_that_would_run_as_a_formula_is_text(
    tmp_path: Path, scored: Scored, text: str
) -> None:
    (row,) = rows(written(tmp_path / "c.csv", scored(id=text, queue=text)))

    assert (row["call"], row["queue"]) == (f"'{text}", f"'{text}")


def test_a_negative_figure_is_no_formula(tmp_path: Path, scored: Scored) -> None:
    report = scored(times=[(-5, -4), (-4, -3), (-3, -2), (-2, -1)])

    (row,) = rows(written(tmp_path / "c.csv", report))

    assert row["duration_s"] == "-1"


@pytest.mark.parametrize("text", ['a,"b"\nc', "a;b", "  a  "])
def test_any_text_stays_in_its_cell(tmp_path: Path, scored: Scored, text: str) -> None:
    (row,) = rows(written(tmp_path / "c.csv", scored(customer_id=text)))

    assert row["customer_id"] == text


PARQUET_TYPES = {"string": "string", "Float64": "double", "Int64": "int64", "boolean": "bool"}


def test_a_parquet_file_has_the_columns_and_types_of_the_frame(
    tmp_path: Path, scored: Scored
) -> None:
    schema = pq.read_schema(written(tmp_path / "c.parquet", scored()))

    types = {name: str(schema.field(name).type) for name in schema.names if name != "evidence"}
    assert types == {name: PARQUET_TYPES[kind] for name, kind in CALL_COLUMNS.items()}


def test_a_parquet_row_holds_its_evidence(tmp_path: Path, scored: Scored) -> None:
    (row,) = pq.read_table(written(tmp_path / "c.parquet", scored())).to_pylist()

    assert row["evidence"][-1] == {
        "label": "deflection",
        "turn": 2,
        "start": 16,
        "end": 29,
        "text": "ikke mit bord",
        "probability": pytest.approx(0.93),
        "role": "agent",
        "source": "model",
    }


def test_a_parquet_cell_of_what_is_not_known_is_null(tmp_path: Path, scored: Scored) -> None:
    (row,) = pq.read_table(written(tmp_path / "c.parquet", scored("A: hallo"))).to_pylist()

    assert (row["score"], row["band"], row["deflection"]) == (None, None, None)
    assert row["evidence"] == []


def test_no_reports_make_a_parquet_file_with_its_schema(tmp_path: Path) -> None:
    table = pq.read_table(written(tmp_path / "c.parquet"))

    assert table.num_rows == 0 and table.column_names == [*CALL_COLUMNS, "evidence"]


def test_many_reports_are_written_in_row_groups(tmp_path: Path, scored: Scored) -> None:
    report = scored()

    file = pq.ParquetFile(written(tmp_path / "c.parquet", *[report] * 501))

    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [500, 1]
