"""Every format that is read, in the order in which they are tried for a document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from analyzer.errors import TranscriptError, UsageError
from analyzer.messages import Message
from analyzer.reading import (
    assemblyai,
    aws_call_analytics,
    aws_post_call_analytics,
    aws_transcribe,
    azure_batch,
    azure_conversation,
    deepgram,
    genesys_cloud,
    google_insights,
    google_stt,
    kasper_json,
    plain_text,
    rev_ai,
    speechmatics,
    subtitles,
    table,
    twilio,
    vcon,
    whisper,
)
from analyzer.reading.document import Document, JsonError, parse_json, shown
from analyzer.reading.format import Format, JsonFormat, Origin, Parsed

JSON_FORMATS: tuple[JsonFormat, ...] = (
    kasper_json.FORMAT,
    vcon.FORMAT,
    aws_call_analytics.FORMAT,
    aws_post_call_analytics.FORMAT,
    aws_transcribe.FORMAT,
    google_insights.FORMAT,
    google_stt.FORMAT,
    azure_batch.FORMAT,
    azure_conversation.FORMAT,
    deepgram.FORMAT,
    assemblyai.FORMAT,
    speechmatics.FORMAT,
    rev_ai.FORMAT,
    genesys_cloud.FORMAT,
    twilio.FORMAT,
    whisper.FORMAT,
)
TEXT_FORMATS: tuple[Format, ...] = (
    table.PARQUET,
    table.XLSX,
    subtitles.WEBVTT,
    subtitles.SRT,
    subtitles.SBV,
    table.CSV,
    plain_text.FORMAT,
)
ALL_FORMATS: tuple[Format | JsonFormat, ...] = JSON_FORMATS + TEXT_FORMATS
_BLANK = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n\f\v"  # byte order marks and blanks in any encoding


def format_named(name: str) -> Format | JsonFormat:
    """The format called `name`; `UsageError` listing the names if there is none."""
    for known in ALL_FORMATS:
        if known.name == name:
            return known
    names = ", ".join(known.name for known in ALL_FORMATS)
    raise UsageError(f"There is no format {name!r}; use auto or one of: {names}.")


def parse(document: Document, format_name: str = "auto") -> Iterator[Parsed]:
    """The conversations of a document; what cannot be read comes as an error in its place."""
    try:
        yield from _parse(document, None if format_name == "auto" else format_named(format_name))
    except TranscriptError as error:
        yield error


def _parse(document: Document, wanted: Format | JsonFormat | None) -> Iterable[Parsed]:
    if not document.data.strip(_BLANK):
        raise TranscriptError(
            document.name, Message("the file is empty"), Message("export it again")
        )
    if isinstance(wanted, Format):
        return wanted.parse(document)
    for known in TEXT_FORMATS:
        if wanted is None and known.matches(document):
            return known.parse(document)
    if document.starts_like_json or wanted is not None or _has_json_lines(document):
        return _parse_json(document, wanted)
    raise TranscriptError(
        document.name,
        Message("not a transcript in a format that is read"),
        Message("export it in one that is, or write one turn a line: `Agent: …`, `Customer: …`"),
    )


def _parse_json(document: Document, wanted: JsonFormat | None) -> Iterator[Parsed]:
    try:
        value = document.json
    except TranscriptError:
        if not _has_json_lines(document):
            raise
        for number, line in _filled_lines(document):
            origin = Origin(document.name, f"{document.id}-{number}", _line(number))
            yield parse_line(line, origin, wanted)
        return
    if wanted in (None, azure_conversation.FORMAT):
        value = azure_conversation.calls(value)
    if isinstance(value, list):
        yield from _parse_list(value, document, wanted)
    else:
        yield parse_value(value, Origin(document.name, document.id), wanted)


def _has_json_lines(document: Document) -> bool:
    """Whether the text is JSON Lines, even if some lines, perhaps the first, are damaged."""
    lines = [line for _, line in _filled_lines(document)]
    objects = sum(line.startswith("{") and line.endswith("}") for line in lines)
    if len(lines) < 2 or not objects:
        return False
    broken_over_lines = lines[0].endswith(("{", "[", ",")) or not lines[0].startswith("{")
    return 2 * objects >= len(lines) or not broken_over_lines


def _filled_lines(document: Document) -> list[tuple[int, str]]:
    lines = enumerate(document.text.split("\n"), 1)
    return [(number, line.strip()) for number, line in lines if line.strip()]


def _line(number: int) -> Message:
    return Message("line %(line)s", line=number)


def parse_line(line: str, origin: Origin, wanted: JsonFormat | None) -> Parsed:
    """The call on a line of JSON Lines."""
    try:
        value = parse_json(line)
    except JsonError as error:
        place = Message("column %(column)s", column=error.column) if error.column else ""
        return origin.error(error.expected, Message("mend or remove this line"), place=place)
    return parse_value(value, origin, wanted)


def _parse_list(
    values: list[Any], document: Document, wanted: JsonFormat | None
) -> Iterator[Parsed]:
    if not values:
        raise TranscriptError(
            document.name, Message("the list has no calls"), Message("export it again")
        )
    whole = Origin(document.name, document.id)
    if wanted is None and not any(map(_format_of, values)):
        raise _unknown(values[0], whole)
    for number, value in enumerate(values, 1):
        place = Message("call %(call)s", call=number)
        origin = Origin(document.name, f"{document.id}-{number}", place)
        yield parse_value(value, origin, wanted)


def parse_value(value: Any, origin: Origin, wanted: JsonFormat | None) -> Parsed:
    """The call that a JSON value is."""
    known = wanted if wanted and isinstance(value, dict) else _format_of(value)
    try:
        return known.parse(value, origin) if known else _unknown(value, origin)
    except TranscriptError as error:
        return error


def _format_of(value: Any) -> JsonFormat | None:
    if not isinstance(value, dict):
        return None
    return next((known for known in JSON_FORMATS if known.matches(value)), None)


def _unknown(value: Any, origin: Origin) -> TranscriptError:
    if not isinstance(value, dict):
        return origin.error(
            Message("expected a JSON object that holds a call"), Message("export it again")
        )
    fields = ", ".join(shown(field, 40) for field in list(value)[:5]) or "–"
    return origin.error(
        Message("JSON of no format that is read (its fields: %(fields)s)", fields=fields),
        Message("export it in one that is, or write `turns` with `text` as in Kasper's own JSON"),
    )
