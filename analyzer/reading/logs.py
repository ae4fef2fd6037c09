"""Call logs of any size: JSON Lines, Parquet and CSV as a stream of calls, the rest file by file.

What is in memory at a time is a line, or some thousand rows, of one file. The ids and errors are
those of `kasper score`; only here the rows of a call must stand together.
"""

from __future__ import annotations

import gzip
import io
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, groupby, pairwise
from typing import IO, Any, cast

from analyzer.errors import TranscriptError
from analyzer.messages import Message
from analyzer.reading.archive import DAMAGED, reason, stem
from analyzer.reading.columns import fields_of
from analyzer.reading.document import shown
from analyzer.reading.encoding import decode
from analyzer.reading.format import Format, JsonFormat, Origin, Parsed
from analyzer.reading.formats import format_named, parse_line
from analyzer.reading.locations import read_location
from analyzer.reading.sources import Location
from analyzer.reading.table import (
    Row,
    call_in_row,
    call_of,
    cells_of,
    csv_reason,
    named_fields,
    separator,
)

_LINES, _TABLES = (".jsonl", ".ndjson"), (".csv", ".tsv")
_MAX_LINE = 32 * 2**20
_ROWS = 8_192
# A smaller CSV is read whole, where the rows of its calls may stand in any order.
_LARGE_CSV = 64 * 2**20
# A call whose rows come back after this many others is taken for another call.
_RECENT = 100_000
_MARKS = (b"\xff\xfe", b"\xfe\xff")

Tell = Callable[[float], None]


def read_log(
    location: Location, format: str = "auto", tell: Tell = lambda _: None
) -> Iterator[Parsed]:
    """The calls at a location; errors stand in their place, and what can be read after one is.

    `tell` is given the share of the location that has been read, from 0 to 1.
    """
    name = location.name.lower().removesuffix(".gz")
    wanted = None if format == "auto" else format_named(format)
    try:
        if name.endswith(_LINES) and not isinstance(wanted, Format):
            yield from _lines(location, format, wanted, tell)
        elif location.name.lower().endswith(".parquet") and wanted is None:
            yield from _parquet(location, tell)
        elif location.name.lower().endswith(_TABLES) and _size(location) > _LARGE_CSV:
            yield from _csv(location, tell)
        else:
            yield from read_location(location, format)
    except TranscriptError as error:
        yield error
    except FileNotFoundError:
        yield TranscriptError(location.name, Message("no such file"), Message("check the path"))
    except DAMAGED as error:
        yield TranscriptError(
            location.name,
            Message("cannot be read (%(reason)s)", reason=reason(error)),
            Message("check the file and its access"),
        )


def _size(location: Location) -> int:
    try:
        return os.path.getsize(location.name)
    except OSError:
        return 0


def _origin(location: Location, place: str = "") -> Origin:
    return Origin(location.name, stem(location.relative), place)


def _lines(
    location: Location, format: str, wanted: JsonFormat | None, tell: Tell
) -> Iterator[Parsed]:
    size = _size(location) or 1
    with location.open() as raw:
        packed = location.name.lower().endswith(".gz")
        stream = io.BufferedReader(gzip.GzipFile(fileobj=raw)) if packed else raw
        first = stream.readline(_MAX_LINE + 1)
        if first.startswith(_MARKS) or not first.strip(b"\xef\xbb\xbf \t\r\n").endswith(b"}"):
            yield from read_location(location, format)  # not a call on each line
            return
        for number, line in enumerate(_each(first, stream), 1):
            whole = _origin(location)
            origin = Origin(
                whole.source, f"{whole.id}-{number}", Message("line %(line)s", line=number)
            )
            tell(raw.tell() / size)
            if len(line) > _MAX_LINE:
                yield origin.error(
                    Message("a line of more than %(size)s MiB", size=_MAX_LINE // 2**20),
                    Message("put one call on a line"),
                )
            elif text := _text(line, origin):
                yield (
                    text if isinstance(text, TranscriptError) else parse_line(text, origin, wanted)
                )


def _each(first: bytes, stream: IO[bytes]) -> Iterator[bytes]:
    """The lines; of one that is too long the beginning."""
    line = first
    while line:
        yield line
        while len(line) > _MAX_LINE and not line.endswith(b"\n"):
            line = stream.readline(_MAX_LINE + 1)
        line = stream.readline(_MAX_LINE + 1)


def _text(line: bytes, origin: Origin) -> str | TranscriptError:
    try:
        return decode(line, origin.source).strip()
    except TranscriptError as error:
        return origin.error(error.expected, error.remedy)


def _parquet(location: Location, tell: Tell) -> Iterator[Parsed]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    origin = _origin(location)
    with location.open() as stream:
        try:
            file = pq.ParquetFile(stream)
        except (pa.ArrowException, *DAMAGED):
            raise origin.error(
                Message("not valid Parquet"), Message("write the file again")
            ) from None
        names = file.schema_arrow.names
        if not file.metadata.num_rows:
            raise origin.error(Message("the table has no rows"), Message("export it again"))
        if "turns" in names:
            yield from _row_per_call(_batches(file, origin, None, tell), origin)
            return
        fields = named_fields(names, origin)
        if "id" not in fields:
            yield from read_location(location)  # the whole table is one call
            return
        columns = [names[at] for at in fields.values()]
        rows = _batches(file, origin, columns, tell)
        yield from _row_per_turn(_table_rows(rows, columns), origin, "parquet")


def _batches(
    file: Any, origin: Origin, columns: list[str] | None, tell: Tell
) -> Iterator[list[dict[str, Any]] | TranscriptError]:
    """Some thousand rows at a time; a damaged row group as an error."""
    import pyarrow as pa

    for group in range(file.num_row_groups):
        try:
            for batch in file.iter_batches(_ROWS, row_groups=[group], columns=columns):
                yield batch.to_pylist()
        except (pa.ArrowException, *DAMAGED) as error:
            yield origin.error(
                Message("cannot be read (%(reason)s)", reason=reason(error)),
                Message("write the file again; the calls of the other row groups are read"),
                place=Message("row group %(number)s", number=group + 1),
            )
        tell((group + 1) / file.num_row_groups)


def _table_rows(
    batches: Iterable[list[dict[str, Any]] | TranscriptError], columns: Sequence[str]
) -> Iterator[Row | TranscriptError]:
    fields = fields_of(columns)
    for batch in batches:
        if isinstance(batch, TranscriptError):
            yield batch
        else:
            yield from cells_of((tuple(row.values()) for row in batch), fields)


def _row_per_call(
    batches: Iterable[list[dict[str, Any]] | TranscriptError], whole: Origin
) -> Iterator[Parsed]:
    number = 0
    for batch in batches:
        if isinstance(batch, TranscriptError):
            yield batch
            continue
        for row in batch:
            number += 1
            yield call_in_row(row, number, whole)


def _row_per_turn(
    rows: Iterable[Row | TranscriptError], origin: Origin, format_name: str
) -> Iterator[Parsed]:
    """Calls from rows that stand together. What a damaged place has torn is an error, too."""
    recent: deque[str] = deque(maxlen=_RECENT)
    known: set[str] = set()
    after_error = False
    for (call_id, call), (_, following) in pairwise(chain(_calls(rows), [("", None)])):
        if isinstance(call, TranscriptError):
            yield call
        elif call is not None:
            torn = after_error or isinstance(following, TranscriptError)
            problem = _unusable(call_id in known, torn)
            place = Message("call %(call)s", call=shown(call_id))
            if problem:
                yield origin.error(*problem, place=place)
            else:
                yield call_of(call, origin, format_name, call_id)
            if len(recent) == _RECENT:
                known.discard(recent[0])
            recent.append(call_id)
            known.add(call_id)
        after_error = isinstance(call, TranscriptError)


def _unusable(known: bool, torn: bool) -> tuple[Message, Message] | None:
    if torn:
        why = Message("a part of it may stand in the damaged place beside it")
        return why, Message("write the file again")
    if known:
        why = Message("the rows of this call do not stand together")
        return why, Message("sort the table by call")
    return None


def _calls(
    rows: Iterable[Row | TranscriptError],
) -> Iterator[tuple[str, list[Row] | TranscriptError]]:
    """The rows of one call after the other, by id; a row without one belongs to that above it."""
    current: str | None = None

    def key(row: Row | TranscriptError) -> tuple[bool, str]:
        nonlocal current
        if isinstance(row, TranscriptError):
            return True, ""
        current = row.get("id") or current or ""
        return False, current

    for (failed, call_id), group in groupby(rows, key):
        if failed:
            for error in group:
                yield "", cast("TranscriptError", error)
        else:
            yield call_id, cast("list[Row]", list(group))


def _csv(location: Location, tell: Tell) -> Iterator[Parsed]:
    import pandas as pd

    origin, size = _origin(location), _size(location)
    with location.open() as raw:
        text = io.TextIOWrapper(raw, "utf-8-sig", newline="")
        try:
            head = text.readline()
            text.seek(0)
            frames = pd.read_csv(
                text,
                sep=separator(head) or ",",
                dtype=str,
                keep_default_na=False,
                skipinitialspace=True,
                index_col=False,
                chunksize=_ROWS,
            )

            def rows() -> Iterator[Row]:
                for frame in frames:
                    tell(raw.tell() / size)
                    fields = named_fields(list(frame.columns), origin)
                    if "id" not in fields:
                        raise origin.error(
                            Message("no column that names the call"),
                            Message("name the column of calls `call_id`"),
                        )
                    yield from cells_of(frame.itertuples(index=False, name=None), fields)

            yield from _row_per_turn(rows(), origin, "csv")
        except pd.errors.ParserError as error:
            raise origin.error(
                csv_reason(error), Message("mend that row or export the table again")
            ) from None
        except UnicodeDecodeError:
            raise origin.error(
                Message("not UTF-8 text"), Message("save the file as UTF-8")
            ) from None
