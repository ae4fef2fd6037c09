"""CSV, TSV, Parquet and XLSX with one row per turn; columns are found by their usual names."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from analyzer.conversation import Turn
from analyzer.errors import TranscriptError
from analyzer.reading.clock import seconds
from analyzer.reading.document import Document
from analyzer.reading.format import Format, Origin, Parsed, conversation
from analyzer.reading.speaker_names import role_of

if TYPE_CHECKING:
    import pandas as pd

# Column names in five languages and of the usual exporters, compared without case, blanks or marks.
_COLUMNS = {
    "text": "text tekst transcript transcription utterance message content sentence words body said "
    "replik ytring yttrande besked melding meddelande indhold innhold innehåll transskription "
    "transkription transkripsjon transkript originaltext displaytext",
    "role": "role rolle roll participantrole participantpurpose speakerrole sendertype",
    "speaker": "speaker speakerlabel speakername name participant participantid channel sender from "
    "author taler talare snakker navn namn kanal afsender avsender deltager deltaker deltagare who",
    "start": "start starttime begin in from_time timestamp time offset startsec startseconds tid "
    "starttid tidspunkt begynner börjar start_s",
    "end": "end endtime stop out to_time endsec endseconds slut sluttid slutt slutter end_s",
    "start_ms": "startms starttimems beginoffsetmillis offsetms startmillis",
    "end_ms": "endms endtimems endoffsetmillis endmillis",
    "id": "id callid conversationid samtaleid samtalid opkaldsid contactid interactionid dialogueid "
    "samtale samtal call conversation",
    "language": "language sprog språk lang languagecode",
    "started_at": "startedat callstart calldate date dato datum",
    "customer_id": "customerid kundeid kundid kundenr kundenummer kundnummer",
    "queue": "queue kø kö",
}
_FIELD_OF = {name: field for field, names in _COLUMNS.items() for name in names.split()}
_DETAILS = ("language", "started_at", "customer_id", "queue")
_SEPARATORS = ",;\t|"


def _field(column: object) -> str | None:
    return _FIELD_OF.get(re.sub(r"[\s_.\-]", "", str(column).lower().lstrip("\ufeff")))


def _fields(columns: list[object]) -> dict[str, int]:
    """Field -> position of the first column that bears one of its names."""
    found: dict[str, int] = {}
    for position, column in enumerate(columns):
        if field := _field(column):
            found.setdefault(field, position)
    return found


def _separator(document: Document) -> str | None:
    """The separator with which the first line names a text column and another one."""
    header = document.text.lstrip("\n").split("\n", 1)[0]
    for separator in _SEPARATORS:
        cells = next(csv.reader([header], delimiter=separator, skipinitialspace=True), [])
        if len(cells) > 1 and "text" in _fields(list(cells)):
            return separator
    return None


def _parse_csv(document: Document) -> Iterator[Parsed]:
    import pandas as pd

    origin = Origin(document.name, document.id)
    try:
        frame = pd.read_csv(
            io.StringIO(document.text),
            sep=_separator(document) or ",",
            dtype=str,
            keep_default_na=False,
            skipinitialspace=True,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error) as error:
        raise origin.error(_csv_reason(error), "mend that row or export the table again") from None
    return _conversations(frame, origin, "csv")


def _csv_reason(error: Exception) -> str:
    counted = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
    if counted:
        return f"expected {counted[1]} columns in line {counted[2]}, found {counted[3]}"
    return f"not a valid table ({str(error).strip()})"


def _parse_parquet(document: Document) -> Iterator[Parsed]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    origin = Origin(document.name, document.id)
    try:
        frame = pq.read_table(io.BytesIO(document.data)).to_pandas()
    except (pa.ArrowException, OSError) as error:
        reason = str(error).split("\n")[0]
        raise origin.error(f"not valid Parquet ({reason})", "write the file again") from None
    return _conversations(frame, origin, "parquet")


def _parse_xlsx(document: Document) -> Iterator[Parsed]:
    import zipfile

    import pandas as pd

    origin = Origin(document.name, document.id)
    try:
        frame = pd.read_excel(io.BytesIO(document.data), dtype=str, keep_default_na=False)
    except (ValueError, KeyError, zipfile.BadZipFile) as error:
        raise origin.error(f"not a valid workbook ({error})", "save it as XLSX again") from None
    return _conversations(frame, origin, "xlsx")


def _conversations(frame: pd.DataFrame, origin: Origin, format_name: str) -> Iterator[Parsed]:
    fields = _fields(list(frame.columns))
    if "text" not in fields:
        columns = ", ".join(map(str, frame.columns[:8])) or "none"
        raise origin.error(
            f"no column of text (the columns are: {columns})", "name the column with the words `text`"
        )
    frame = frame.iloc[:, list(fields.values())].set_axis(list(fields), axis="columns")
    if frame.empty:
        raise origin.error("the table has no rows", "export it again")
    if "id" not in fields or (len(frame) > 1 and frame["id"].is_unique):
        # a column of row numbers is not the number of a call
        yield _one(frame, origin, format_name, None)
        return
    for call_id, rows in frame.groupby("id", sort=False):
        place = f"call {call_id}"
        yield _one(rows, Origin(origin.source, origin.id, place), format_name, str(call_id))


def _one(rows: pd.DataFrame, origin: Origin, format_name: str, call_id: str | None) -> Parsed:
    details = {}
    for field in _DETAILS:
        if field in rows:
            details[field] = _cell(rows[field].iloc[0]) or None
    try:
        turns = [_turn(row) for row in rows.to_dict("records")]
        return conversation(origin, format_name, turns, id=call_id, **details)
    except TranscriptError as error:
        return error


def _turn(row: dict[str, object]) -> Turn:
    speaker = _cell(row.get("speaker")) or _cell(row.get("role")) or None
    role = role_of(_cell(row.get("role")))
    if role == "unknown" and speaker:
        role = role_of(speaker)
    return Turn(_cell(row["text"]), role, speaker, _time(row, "start"), _time(row, "end"))


def _time(row: dict[str, object], field: str) -> float | None:
    if (value := seconds(_cell(row.get(field)))) is not None:
        return value
    milliseconds = seconds(_cell(row.get(f"{field}_ms")))
    return None if milliseconds is None else milliseconds / 1000


def _cell(value: object) -> str:
    """The cell as text; an empty one, however the table writes it, as an empty string."""
    return "" if value is None or value != value else str(value).strip()


CSV = Format(
    "csv",
    "CSV and TSV, one row per turn",
    "a first line that names a column of text",
    lambda document: _separator(document) is not None,
    _parse_csv,
)
PARQUET = Format(
    "parquet",
    "Parquet, one row per turn",
    "the first bytes `PAR1`",
    lambda document: document.data.startswith(b"PAR1"),
    _parse_parquet,
)
XLSX = Format(
    "xlsx",
    "Excel workbook, one row per turn on the first sheet",
    "a zip archive that holds a workbook",
    lambda document: document.data.startswith(b"PK\x03\x04"),
    _parse_xlsx,
)
