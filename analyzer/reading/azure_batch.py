"""Azure batch transcription: `recognizedPhrases` by channel or speaker, times in ticks of 100 ns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import AliasChoices, Field

from analyzer.conversation import Conversation, Turn
from analyzer.reading.format import (
    JsonFormat,
    Origin,
    Shape,
    by_time,
    conversation,
    merge_segments,
    shaped,
)


_TICKS = 10_000_000  # in a second


class _Best(Shape):
    display: str | None = None
    lexical: str = ""


class _Phrase(Shape):
    recognitionStatus: str = "Success"
    channel: int = 0
    speaker: int | None = None
    offsetInTicks: float | None = None
    # named in three ways over the versions of the service
    duration: float | None = Field(
        default=None,
        validation_alias=AliasChoices("durationInTicks", "durationTicks", "durationMillisInTicks"),
    )
    nBest: list[_Best] = []


class _File(Shape):
    timestamp: str | None = None
    recognizedPhrases: list[_Phrase]


def _matches(value: Mapping[str, Any]) -> bool:
    return "recognizedPhrases" in value


def _parse(value: Mapping[str, Any], origin: Origin) -> Conversation:
    file = shaped(_File, value, origin)
    return conversation(
        origin, FORMAT.name, merge_segments(by_time(_turns(file))), started_at=file.timestamp
    )


def _turns(file: _File) -> Iterator[Turn]:
    channels = {phrase.channel for phrase in file.recognizedPhrases}
    for phrase in file.recognizedPhrases:
        if phrase.recognitionStatus != "Success" or not phrase.nBest:
            continue
        speaker = f"channel {phrase.channel}" if len(channels) > 1 else None
        if phrase.speaker is not None:
            speaker = f"speaker {phrase.speaker}"
        start = None if phrase.offsetInTicks is None else phrase.offsetInTicks / _TICKS
        end = None
        if start is not None and phrase.duration is not None:
            end = start + phrase.duration / _TICKS
        best = phrase.nBest[0]
        yield Turn(best.display or best.lexical, "unknown", speaker, start, end)


FORMAT = JsonFormat(
    "azure-batch",
    "Azure Speech batch transcription",
    "an object with `recognizedPhrases`",
    _matches,
    _parse,
)
