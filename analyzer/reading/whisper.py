"""Whisper, whisper-timestamped and WhisperX: segments, with speakers where WhisperX found them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.conversation import Conversation, Turn
from analyzer.reading.format import (
    JsonFormat,
    Origin,
    Shape,
    Word,
    conversation,
    merge_segments,
    shaped,
    turns_from_words,
)


class _Word(Shape):
    word: str | None = None
    text: str | None = None
    start: float | None = None
    end: float | None = None
    speaker: str | None = None


class _Segment(Shape):
    text: str
    start: float | None = None
    end: float | None = None
    speaker: str | None = None
    words: list[_Word] = []


class _File(Shape):
    language: str | None = None
    segments: list[_Segment]


def _matches(value: Mapping[str, Any]) -> bool:
    segments = value.get("segments")
    return isinstance(segments, list) and any(
        isinstance(segment, dict) and "text" in segment for segment in segments[:3]
    )


def _parse(value: Mapping[str, Any], origin: Origin) -> Conversation:
    file = shaped(_File, value, origin)
    turns = [turn for segment in file.segments for turn in _turns(segment)]
    return conversation(origin, FORMAT.name, merge_segments(turns), language=file.language)


def _turns(segment: _Segment) -> Iterator[Turn]:
    """The segment as one turn, or as several where its words were said by several speakers."""
    speakers = {word.speaker for word in segment.words if word.speaker}
    if len(speakers) < 2:
        yield Turn(segment.text.strip(), "unknown", segment.speaker, segment.start, segment.end)
        return
    yield from turns_from_words(
        Word((w.word or w.text or "").strip(), w.start, w.end, w.speaker or segment.speaker)
        for w in segment.words
    )


FORMAT = JsonFormat(
    "whisper",
    "Whisper and WhisperX",
    "an object with `segments`, each with `text`",
    _matches,
    _parse,
)
