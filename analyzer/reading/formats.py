"""Every format that is read, in the order in which they are tried, and how a document finds its own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from analyzer.errors import TranscriptError, UsageError
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
from analyzer.reading.document import Document, parse_json
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
    if not document.data.strip():
        raise TranscriptError(document.name, "the file is empty", "export it again")
    if isinstance(wanted, Format):
        return wanted.parse(document)
    for known in TEXT_FORMATS:
        if wanted is None and known.matches(document):
            return known.parse(document)
    if document.starts_like_json or wanted is not None:
        return _parse_json(document, wanted)
    raise TranscriptError(
        document.name,
        "not a transcript in a format that is read",
        "see `kasper formats`, or write one turn a line as `Agent: …` and `Customer: …`",
    )


def _parse_json(document: Document, wanted: JsonFormat | None) -> Iterator[Parsed]:
    lines = document.text.split("\n")
    filled = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if len(filled) > 1 and _is_object(filled[0][1]):
        for number, line in filled:
            yield _parse_line(line, Origin(document.name, f"{document.id}-{number}", f"line {number}"), wanted)
        return
    value = document.json
    if not isinstance(value, list):
        yield _parse_value(value, Origin(document.name, document.id), wanted)
        return
    if not value:
        raise TranscriptError(document.name, "the list has no calls", "export it again")
    for number, item in enumerate(value, 1):
        origin = Origin(document.name, f"{document.id}-{number}", f"call {number}")
        yield _parse_value(item, origin, wanted)


def _is_object(line: str) -> bool:
    try:
        return isinstance(parse_json(line), dict)
    except (json.JSONDecodeError, RecursionError):
        return False


def _parse_line(line: str, origin: Origin, wanted: JsonFormat | None) -> Parsed:
    try:
        value = parse_json(line)
    except (json.JSONDecodeError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
        return origin.error(f"not valid JSON ({reason})", "mend or remove this line")
    return _parse_value(value, origin, wanted)


def _parse_value(value: Any, origin: Origin, wanted: JsonFormat | None) -> Parsed:
    try:
        if not isinstance(value, dict):
            raise origin.error("expected a JSON object that holds a call", "see `kasper formats`")
        for known in JSON_FORMATS if wanted is None else (wanted,):
            if wanted is not None or known.matches(value):
                return known.parse(value, origin)
        fields = ", ".join(map(str, list(value)[:5])) or "none"
        raise origin.error(
            f"JSON of no format that is read (its fields: {fields})",
            "see `kasper formats`, or write `turns` with `text` as in Kasper's own JSON",
        )
    except TranscriptError as error:
        return error
