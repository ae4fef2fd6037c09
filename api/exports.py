"""Stored calls as tables: CSV, Parquet and JSON Lines, written a portion at a time."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from analyzer.frames import (
    CALL_COLUMNS,
    EVIDENCE_COLUMNS,
    TURN_COLUMNS,
    call_row,
    evidence_rows,
    turn_rows,
)
from analyzer.report import Report, from_dict
from analyzer.writing.tables import arrow_schema, safe_cell
from analyzer.writing.vcon import to_vcon
from api.access import Principal
from api.payload import conversation_of
from api.storage import exports
from api.storage.database import Database
from api.storage.filters import Filters
from api.storage.tables import Call, StoredReport

Table = Literal["calls", "evidence", "turns"]
Format = Literal["csv", "parquet", "jsonl", "vcon.jsonl"]
Row = dict[str, Any]

MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "jsonl": "application/x-ndjson",
    "vcon.jsonl": "application/x-ndjson",
}
# Calls that are in memory at once.
_PORTION = 200
# What stands in every row: names of calls may repeat, these do not.
_KEY = {"uid": "string"}
# What people have made of a call.
_STATE = {
    "machine_score": "Float64",
    "machine_band": "string",
    "corrected": "boolean",
    "reviewed_at": "string",
    "released_at": "string",
    "disputed": "boolean",
}
COLUMNS: dict[Table, dict[str, str]] = {
    "calls": {**_KEY, **CALL_COLUMNS, **_STATE},
    "evidence": {**_KEY, **EVIDENCE_COLUMNS},
    "turns": {**_KEY, **TURN_COLUMNS},
}


def stored_report(call: Call, body: Mapping[str, Any]) -> Report:
    """The report on a stored call, with its turns."""
    return from_dict(body, conversation_of(call))


def write(
    database: Database, principal: Principal, filters: Filters, table: Table, format: Format
) -> Iterator[bytes]:
    """The table of the calls that match, in parts; as vCon whole calls, one in each line."""
    writer = _WRITERS[format](COLUMNS[table])
    for found in _portions(database, principal, filters):
        if format == "vcon.jsonl":
            yield writer.write(to_vcon(stored_report(call, own.counting)) for call, own in found)
        elif format == "jsonl" and table == "calls":
            yield writer.write(
                {"uid": call.uid, **own.counting, **_state(call, own)} for call, own in found
            )
        else:
            yield writer.write(row for call, own in found for row in _rows(table, call, own))
    yield writer.finish()


def _portions(
    database: Database, principal: Principal, filters: Filters
) -> Iterator[list[tuple[Call, StoredReport]]]:
    """Each portion is read in a transaction of its own, so that a slow reader holds up nobody."""
    after = 0
    while True:
        with database.reading() as db:
            found = list(exports.portion(db, principal, filters, after, _PORTION))
        if found:
            yield found
            after = found[-1][0].id
        if len(found) < _PORTION:
            return


def _rows(table: Table, call: Call, stored: StoredReport) -> Iterator[Row]:
    report = stored_report(call, stored.counting)
    if table == "calls":
        yield {"uid": call.uid, **call_row(report), **_state(call, stored)}
        return
    rows = evidence_rows(report) if table == "evidence" else turn_rows(report)
    yield from ({"uid": call.uid, **row} for row in rows)


def _state(call: Call, stored: StoredReport) -> Row:
    moments = {"reviewed_at": call.reviewed_at, "released_at": call.released_at}
    return {
        "machine_score": stored.machine_score,
        "machine_band": stored.machine_band,
        "corrected": stored.corrected,
        **{name: moment and moment.isoformat() for name, moment in moments.items()},
        "disputed": call.disputed,
    }


class _Writer(Protocol):
    def write(self, rows: Iterable[Row]) -> bytes:
        """The rows as the next part of the file."""
        ...

    def finish(self) -> bytes:
        """The last part of the file."""
        ...


class _Outlet(io.RawIOBase):
    """A file whose bytes are taken out as they are written."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        self._position += len(data)
        return len(data)

    def take(self) -> bytes:
        """What was written since it was last asked for."""
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


class _Csv:
    """UTF-8 with a byte order mark, which spreadsheets need for å, ä and ø."""

    def __init__(self, columns: Mapping[str, str]) -> None:
        self._text = io.StringIO("\ufeff", newline="")
        self._text.seek(0, io.SEEK_END)
        self._rows = csv.DictWriter(self._text, list(columns))
        self._rows.writeheader()

    def write(self, rows: Iterable[Row]) -> bytes:
        for row in rows:
            self._rows.writerow({name: safe_cell(value) for name, value in row.items()})
        return self.finish()

    def finish(self) -> bytes:
        written = self._text.getvalue()
        self._text.seek(0)
        self._text.truncate()
        return written.encode()


class _Parquet:
    """A row group for each portion."""

    def __init__(self, columns: Mapping[str, str]) -> None:
        self._schema = arrow_schema(columns)
        self._outlet = _Outlet()
        self._file = pq.ParquetWriter(self._outlet, self._schema)

    def write(self, rows: Iterable[Row]) -> bytes:
        self._file.write_table(pa.Table.from_pylist(list(rows), self._schema))
        return self._outlet.take()

    def finish(self) -> bytes:
        self._file.close()
        return self._outlet.take()


class _JsonLines:
    def __init__(self, columns: Mapping[str, str]) -> None:
        pass

    def write(self, rows: Iterable[Row]) -> bytes:
        return "".join(_line(row) for row in rows).encode()

    def finish(self) -> bytes:
        return b""


def _line(row: Row) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"


_WRITERS: dict[Format, Callable[[Mapping[str, str]], _Writer]] = {
    "csv": _Csv,
    "parquet": _Parquet,
    "jsonl": _JsonLines,
    "vcon.jsonl": _JsonLines,
}
