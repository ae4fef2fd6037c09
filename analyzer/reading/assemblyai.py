"""AssemblyAI: `utterances` with speakers, or words alone; times in milliseconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.conversation import Conversation, Turn
from analyzer.reading.format import (
    JsonFormat,
    Origin,
    Shape,
    Word,
    by_time,
    conversation,
    merge_segments,
    shaped,
    turns_from_words,
)


class _Word(Shape):
    text: str
    start: float | None = None
    end: float | None = None
    speaker: str | None = None
    channel: str | None = None


class _File(Shape):
    id: str | None = None
    language_code: str | None = None
    utterances: list[_Word] = []
    words: list[_Word] = []


def _matches(value: Mapping[str, Any]) -> bool:
    return "utterances" in value and ("language_code" in value or "audio_url" in value)


def _parse(value: Mapping[str, Any], origin: Origin) -> Conversation:
    file = shaped(_File, value, origin)
    turns = _utterances(file) if file.utterances else turns_from_words(_words(file))
    return conversation(
        origin, FORMAT.name, merge_segments(by_time(turns)), id=file.id, language=file.language_code
    )


def _utterances(file: _File) -> Iterator[Turn]:
    for said in file.utterances:
        yield Turn(said.text, "unknown", _speaker(said), _seconds(said.start), _seconds(said.end))


def _words(file: _File) -> Iterator[Word]:
    for word in file.words:
        yield Word(word.text, _seconds(word.start), _seconds(word.end), _speaker(word))


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _speaker(word: _Word) -> str | None:
    if word.speaker:
        return f"speaker {word.speaker}"
    return f"channel {word.channel}" if word.channel else None


FORMAT = JsonFormat(
    "assemblyai",
    "AssemblyAI",
    "an object with `utterances` and `language_code` or `audio_url`",
    _matches,
    _parse,
)
