"""Exports: tables that hold what is stored, harmless in a spreadsheet, and vCon."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert, select

from analyzer.frames import CALL_COLUMNS
from analyzer.reading import read
from analyzer.report import to_dict
from api.access import Permission, Principal, Role
from api.exports import COLUMNS, stored_report, write
from api.storage import audit, reports
from api.storage.filters import Filters
from api.storage.tables import Call, StoredReport
from tests.api.conftest import Installation

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
NAMES = ("da-dishwasher-seventh-time.txt", "sv-two-calls.zip", "nb-ferry-ticket.vtt")


@pytest.fixture
def client(installation: Installation) -> TestClient:
    """A QA lead of an installation with four calls."""
    lead = installation.signed_in(Role.QA_LEAD)
    files = [("files", (name, (SAMPLES / name).read_bytes())) for name in NAMES]
    assert lead.post("/v1/uploads", files=files).status_code == 202
    installation.work()
    return lead


def exported(client: TestClient, format: str, **params: Any) -> bytes:
    answer = client.get(f"/v1/exports/calls.{format}", params=params)
    assert answer.status_code == 200, answer.text
    table = params.get("table", "calls")
    assert answer.headers["content-disposition"] == f'attachment; filename="{table}.{format}"'
    return answer.content


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_csv_holds_a_row_for_each_call(client: TestClient) -> None:
    data = exported(client, "csv")
    assert data.startswith("\ufeff".encode())
    rows = rows_of(data)
    listed = {own["uid"]: own for own in client.get("/v1/calls").json()["items"]}
    assert {row["uid"] for row in rows} == set(listed) and len(rows) == 4
    assert list(rows[0]) == list(COLUMNS["calls"]) and set(CALL_COLUMNS) < set(rows[0])
    for row in rows:
        call = listed[row["uid"]]
        assert (row["call"], row["band"], float(row["score"])) == (
            call["id"],
            call["band"],
            call["score"],
        )
        assert row["flags"].split() == call["flags"]


@pytest.mark.parametrize("table", ["calls", "evidence", "turns"])
def test_parquet_is_read_back_as_the_same_table(client: TestClient, table: str) -> None:
    frame = pd.read_parquet(io.BytesIO(exported(client, "parquet", table=table)))
    assert list(frame.columns) == list(COLUMNS[table])  # type: ignore[index]
    rows = rows_of(exported(client, "csv", table=table))
    assert len(frame) == len(rows)
    assert frame["uid"].tolist() == [row["uid"] for row in rows]
    number = {"calls": "turn_count", "evidence": "probability", "turns": "turn"}[table]
    assert frame[number].tolist() == [float(row[number]) for row in rows]


def test_evidence_and_turns_join_and_the_words_lie_where_they_say(client: TestClient) -> None:
    tables = {
        name: pd.read_parquet(io.BytesIO(exported(client, "parquet", table=name)))
        for name in ("evidence", "turns")
    }
    joined = tables["evidence"].merge(tables["turns"], on=["uid", "turn"], suffixes=("", "_turn"))
    assert len(joined) == len(tables["evidence"]) > 10
    for row in joined.to_dict("records"):
        assert row["text_turn"][row["start"] : row["end"]] == row["text"]


def test_json_lines_hold_whole_reports(client: TestClient) -> None:
    lines = [json.loads(line) for line in exported(client, "jsonl").decode().splitlines()]
    assert len(lines) == 4
    for line in lines:
        report = client.get(f"/v1/calls/{line['uid']}").json()["report"]
        assert {name: line[name] for name in report} == report
    turns = exported(client, "jsonl", table="turns").decode().splitlines()
    assert len(turns) == sum(line["turn_count"] for line in lines)


def test_filters_are_those_of_the_list(client: TestClient) -> None:
    for params in ({"band": "rasmus"}, {"language": "sv"}, {"search": "opvaskemaskine"}):
        listed = {own["uid"] for own in client.get("/v1/calls", params=params).json()["items"]}
        assert {row["uid"] for row in rows_of(exported(client, "csv", **params))} == listed
        assert 0 < len(listed) < 4
    assert rows_of(exported(client, "csv", queue="none")) == []
    empty = pd.read_parquet(io.BytesIO(exported(client, "parquet", queue="none")))
    assert list(empty.columns) == list(COLUMNS["calls"]) and empty.empty


def test_cells_that_a_spreadsheet_would_run_are_made_harmless(installation: Installation) -> None:
    client = installation.signed_in(Role.QA_LEAD)
    beginnings = ["=", "+", "-", "@", "\t", "\r", "\n", "＝"]
    for number, beginning in enumerate(beginnings):
        turns = [
            {"role": "agent", "text": f"{beginning}HYPERLINK(1)"},
            {"role": "customer", "text": 'Hello, "you"\nthere; = 1'},
        ]
        body = {"id": f"{beginning}c{number}", "turns": turns}
        assert client.post("/v1/calls", json=body).status_code == 201
    for table in ("calls", "turns", "evidence"):
        for row in rows_of(exported(client, "csv", table=table)):
            assert not [cell for cell in row.values() if cell.startswith(tuple(beginnings))]
    rows = rows_of(exported(client, "csv"))
    assert {row["call"] for row in rows} == {f"'{b}c{n}" for n, b in enumerate(beginnings)}
    texts = {row["text"] for row in rows_of(exported(client, "csv", table="turns"))}
    assert 'Hello, "you"\nthere; = 1' in texts


def test_who_may_not_export_gets_nothing(installation: Installation, client: TestClient) -> None:
    uid = client.get("/v1/calls").json()["items"][0]["uid"]
    paths = ("/v1/exports/calls.csv", f"/v1/calls/{uid}/vcon.json")
    for refused in (
        installation.signed_in(Role.COACH),
        installation.signed_in(Role.AGENT),
        installation.with_key(Permission.CALLS_READ),
    ):
        assert [refused.get(path).status_code for path in paths] == [403, 403]
    assert client.get("/v1/exports/calls.xlsx").status_code == 422
    assert client.get("/v1/exports/calls.csv?table=people").status_code == 422


def test_an_export_is_in_the_audit_log(installation: Installation, client: TestClient) -> None:
    exported(client, "csv", band="rasmus", table="evidence")
    with installation.database.session() as db:
        entry = audit.entries(db, action="calls.export")[0]
    assert entry.details == {"table": "evidence", "format": "csv", "calls": 1}


def test_a_vcon_holds_the_call_and_its_report(client: TestClient, tmp_path: Path) -> None:
    (call,) = client.get("/v1/calls?language=nb").json()["items"]
    answer = client.get(f"/v1/calls/{call['uid']}/vcon.json")
    assert answer.status_code == 200
    vcon = answer.json()
    assert {"vcon", "uuid", "created_at", "parties", "dialog", "analysis"} <= set(vcon)
    stored = client.get(f"/v1/calls/{call['uid']}").json()
    (analysis,) = vcon["analysis"]
    assert (analysis["type"], analysis["body"]) == ("report", stored["report"])
    file = tmp_path / "call.vcon.json"
    file.write_bytes(answer.content)
    (again,) = read(file)
    assert again.format == "vcon"
    assert [turn.text for turn in again.turns] == [turn["text"] for turn in stored["turns"]]
    assert client.get("/v1/calls/none/vcon.json").status_code == 404


def test_a_stored_report_is_the_report(installation: Installation, client: TestClient) -> None:
    with installation.database.session() as db:
        for call in db.scalars(select(Call)):
            stored = reports.current(db, call)
            assert stored is not None
            again = json.loads(json.dumps(to_dict(stored_report(call, stored.body))))
            assert again == stored.body


def test_memory_does_not_grow_with_the_number_of_calls(
    installation: Installation, client: TestClient
) -> None:
    multiply(installation, 1_600)
    admin = Principal("test", frozenset(Permission))
    parts = write(installation.database, admin, Filters(), "turns", "parquet")
    next(parts)
    peaks = []
    tracemalloc.start()
    for _ in parts:
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.reset_peak()
    tracemalloc.stop()
    assert len(peaks) == 9  # eight more portions, and the end of the file
    assert max(peaks[4:]) < 1.2 * max(peaks[:4])


def multiply(installation: Installation, count: int) -> None:
    """Copies of the stored calls, as many as asked for."""
    with installation.database.session() as db:
        pattern = [
            (row.Call, row.StoredReport)
            for row in db.execute(
                select(Call, StoredReport).join(StoredReport, StoredReport.id == Call.report_id)
            )
        ]
        call_columns = [c.key for c in Call.__table__.columns if c.key != "id"]
        report_columns = [c.key for c in StoredReport.__table__.columns if c.key != "id"]
        for number in range(count):
            call, report = pattern[number % len(pattern)]
            values = {name: getattr(call, name) for name in call_columns}
            values |= {"uid": f"{number:032}", "content_hash": f"{number:064}"}
            id = db.scalar(insert(Call).values(values).returning(Call.id))
            values = {name: getattr(report, name) for name in report_columns} | {"call_id": id}
            made = db.scalar(insert(StoredReport).values(values).returning(StoredReport.id))
            db.get_one(Call, id).report_id = made
