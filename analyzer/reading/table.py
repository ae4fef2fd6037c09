"""CSV, TSV, Parquet and XLSX with a row per turn, or with a whole call in the cell of its words.

Columns are found by their usual names.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from analyzer.conversation import Role, Turn
from analyzer.errors import TranscriptError
from analyzer.messages import Message
from analyzer.reading import kasper_json, plain_text
from analyzer.reading.archive import DAMAGED
from analyzer.reading.clock import seconds
from analyzer.reading.columns import fields_of
from analyzer.reading.document import Document, shown
from analyzer.reading.format import Format, Origin, Parsed, conversation, from_first
from analyzer.reading.speaker_names import roles_of

DETAILS = ("language", "started_at", "customer_id", "agent_id", "queue", "case_id", "product")
_SEPARATORS = ",;\t|"
# Excel writes this line to say which separator follows.
_SEPARATOR_LINE = re.compile(r"^\s*sep=.\n", re.I)
# What the reader of workbooks raises when the XML inside has been tampered with; it reads with lxml
# where that is installed, whose error has only `SyntaxError` in common with the standard library's.
_MALFORMED_XML = (SyntaxError, KeyError, TypeError, AttributeError, IndexError, OverflowError)
_MAX_ROWS = 2**20  # a sheet can have no more
_HEADER = 10_000  # characters in which the names of the columns stand

Row = dict[str, str]


def _csv_text(document: Document) -> str:
    return _SEPARATOR_LINE.sub("\n", document.text)


def separator(text: str) -> str | None:
    """The separator with which the first line names a text column and another one."""
    header = text.lstrip("\n")[:_HEADER].split("\n", 1)[0]
    for separator in _SEPARATORS:
        cells = next(csv.reader([header], delimiter=separator, skipinitialspace=True), [])
        if len(cells) > 1 and "text" in fields_of(cells):
            return separator
    return None


def _parse_csv(document: Document) -> Iterator[Parsed]:
    import pandas as pd

    origin = Origin(document.name, document.id)
    text = _csv_text(document)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(
                io.StringIO(text),
                sep=separator(text) or ",",
                dtype=str,
                keep_default_na=False,
                skipinitialspace=True,
                index_col=False,  # a row with too many cells has none for the index
            )
    except (pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError) as error:
        raise origin.error(
            csv_reason(error), Message("mend that row or export the table again")
        ) from None
    return _conversations(
        list(frame.columns), frame.itertuples(index=False, name=None), origin, "csv"
    )


def csv_reason(error: Exception) -> Message:
    """Why a table of values is none, from what pandas says of it."""
    counted = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
    if counted:
        return Message(
            "expected %(expected)s columns in line %(line)s, found %(found)s",
            expected=counted[1],
            line=counted[2],
            found=counted[3],
        )
    if isinstance(error, Warning):
        return Message("the rows have more columns than the first line names")
    if "EOF inside string" in str(error):
        return Message("a quotation mark opens a cell and none closes it")
    return Message("not a valid table")


def _parse_parquet(document: Document) -> Iterator[Parsed]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    origin = Origin(document.name, document.id)
    try:
        table = pq.read_table(io.BytesIO(document.data))
        if "turns" in table.column_names:
            calls = enumerate(table.to_pylist(), 1)
            return (call_in_row(row, number, origin) for number, row in calls)
        wanted = table.select(sorted(fields_of(table.column_names).values()))
        rows = list(zip(*(column.to_pylist() for column in wanted.columns), strict=True))
    except (pa.ArrowException, OverflowError, *DAMAGED):
        raise origin.error(Message("not valid Parquet"), Message("write the file again")) from None
    names = wanted.column_names or table.column_names
    return _conversations(names, rows, origin, "parquet")


def call_in_row(row: Mapping[str, Any], number: int, whole: Origin) -> Parsed:
    """The call whose turns the row lists in the column `turns`, or why it is none."""
    place = Message("row %(row)s", row=number)
    origin = Origin(whole.source, f"{whole.id}-{number}", place)
    values = list(row.values())
    named = {field: values[at] for field, at in fields_of(list(row)).items()}
    details = {f: _cell(named[f]) or None for f in ("id", *DETAILS) if f in named}
    try:
        return kasper_json.FORMAT.parse({**details, "turns": row["turns"]}, origin)
    except TranscriptError as error:
        return error


def _parse_xlsx(document: Document) -> Iterator[Parsed]:
    origin = Origin(document.name, document.id)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and other things that are not read
            rows = [row for row in _sheet(document.data) if any(row)]
    except _TooLong:
        raise origin.error(
            Message("a sheet of more than %(most)s rows", most=_MAX_ROWS), Message("split it")
        ) from None
    except (*DAMAGED, *_MALFORMED_XML):
        raise origin.error(
            Message("not a valid workbook"), Message("save it as XLSX again")
        ) from None
    if not rows:
        raise origin.error(
            Message("the first sheet is empty"), Message("put the table on the first sheet")
        )
    return _conversations(rows[0], rows[1:], origin, "xlsx")


class _TooLong(Exception):
    """A sheet with more rows than a sheet can have."""


def _sheet(data: bytes) -> Iterator[tuple[Any, ...]]:
    """The rows of the first sheet, each as long as it has cells, whatever size the sheet claims."""
    import openpyxl

    workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    sheet: Any = workbook.worksheets[0]
    sheet.reset_dimensions()
    for number, row in enumerate(sheet.iter_rows(values_only=True)):
        if number >= _MAX_ROWS:
            raise _TooLong
        yield row
    workbook.close()


def _conversations(
    columns: Sequence[object], rows: Iterable[Sequence[Any]], origin: Origin, format_name: str
) -> Iterator[Parsed]:
    fields = named_fields(columns, origin)
    cells = list(cells_of(rows, fields))
    if not cells:
        raise origin.error(Message("the table has no rows"), Message("export it again"))
    for call_id, call in _calls(cells).items():
        yield call_of(call, origin, format_name, call_id)


def named_fields(columns: Sequence[object], origin: Origin) -> dict[str, int]:
    """Field -> position of its column; `TranscriptError` if none holds the words."""
    fields = fields_of(columns)
    if "text" not in fields:
        # without a line of names the first row is somebody's words: it is not quoted
        raise origin.error(
            Message("no column of text (columns: %(count)s)", count=len(columns)),
            Message("let the first line name the columns, and name the column of words `text`"),
        )
    return fields


def cells_of(rows: Iterable[Sequence[Any]], fields: Mapping[str, int]) -> Iterator[Row]:
    """Each row as field -> text."""
    for row in rows:
        yield {field: _cell(row[at]) for field, at in fields.items() if at < len(row)}


def _calls(rows: list[Row]) -> dict[str | None, list[Row]]:
    """The rows of each call by its id; a row without one belongs to the call above it.

    A column with another value in every row numbers the rows, not the calls, unless every row holds
    a whole call.
    """
    ids = [row.get("id") for row in rows]
    if len(rows) > 1 and all(ids) and len(set(ids)) == len(ids) and not all(map(_holds_call, rows)):
        return {None: rows}
    calls: dict[str | None, list[Row]] = {}
    current: str | None = None
    for call_id, row in zip(ids, rows, strict=True):
        current = call_id or current
        calls.setdefault(current, []).append(row)
    return calls


def call_of(rows: list[Row], whole: Origin, format_name: str, call_id: str | None) -> Parsed:
    """The call that the rows are, one a turn or one for all of it; or why they are none."""
    place = Message("call %(call)s", call=shown(call_id)) if call_id else ""
    origin = Origin(whole.source, whole.id, place)
    details: dict[str, Any] = {field: rows[0].get(field) or None for field in DETAILS}
    if len(rows) == 1 and _holds_call(rows[0]):
        (call,) = plain_text.FORMAT.parse(_transcript(rows[0]))
        if isinstance(call, TranscriptError):
            return call
        return replace(
            call, id=call_id or whole.id, source=whole.source, format=format_name, **details
        )
    labels = [row.get(field, "") for row in rows for field in ("role", "speaker")]
    roles = roles_of({label for label in labels if label})
    turns = from_first(_turn(row, roles) for row in rows)
    try:
        return conversation(origin, format_name, turns, id=call_id, **details)
    except TranscriptError as error:
        return error


def _holds_call(row: Row) -> bool:
    """Whether the words of a row are a transcript with its speakers, line by line."""
    return "\n" in row.get("text", "") and plain_text.FORMAT.matches(_transcript(row))


def _transcript(row: Row) -> Document:
    return Document(row.get("id", ""), row["text"].encode("utf-8", "replace"), row.get("id", ""))


def _turn(row: Row, roles: dict[str, Role]) -> Turn:
    stated, speaker = row.get("role", ""), row.get("speaker", "")
    role = roles.get(stated, "unknown")
    if role == "unknown":
        role = roles.get(speaker, "unknown")
    start, end = _time(row, "start"), _time(row, "end")
    return Turn(row.get("text", ""), role, speaker or stated or None, start, end)


def _time(row: Row, field: str) -> float | None:
    if (value := seconds(row.get(field, ""))) is not None:
        return value
    milliseconds = seconds(row.get(f"{field}_ms", ""))
    return None if milliseconds is None else milliseconds / 1000


def _cell(value: Any) -> str:
    """The cell as text; an empty one, however the table writes it, as an empty string."""
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace").strip()
    if isinstance(value, datetime):
        return value.isoformat()
    missing = value is None or (isinstance(value, float) and value != value)
    return "" if missing else str(value).strip()


CSV = Format(
    "csv",
    "CSV and TSV, one row per turn or per call",
    "a first line that names a column of text",
    lambda document: separator(_csv_text(document)) is not None,
    _parse_csv,
)
PARQUET = Format(
    "parquet",
    "Parquet, one row per turn or per call",
    "the first bytes `PAR1`",
    lambda document: document.data.startswith(b"PAR1"),
    _parse_parquet,
)
XLSX = Format(
    "xlsx",
    "Excel workbook, one row per turn or per call on the first sheet",
    "a zip archive that holds a workbook",
    lambda document: document.data.startswith(b"PK\x03\x04"),
    _parse_xlsx,
)
