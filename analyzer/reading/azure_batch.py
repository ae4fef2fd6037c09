"""Azure Speech, batch (`recognizedPhrases`) and fast transcription (`phrases`), all versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import AliasChoices, Field

from analyzer.conversation import Conversation, Turn
from analyzer.reading.clock import seconds
from analyzer.reading.format import (
    JsonFormat,
    Origin,
    Shape,
    by_time,
    conversation,
    merge_segments,
    shaped,
)

_TICKS = 10_000_000  # of 100 ns in a second


class _Best(Shape):
    display: str | None = None
    lexical: str = ""


class _Phrase(Shape):
    recognitionStatus: str = "Success"
    channel: str = "0"
    speaker: str | None = None
    locale: str | None = None
    # Over the versions, times are given in one or several of these three ways.
    offsetInTicks: float | None = None
    offsetMilliseconds: float | None = None
    offset: str | None = None
    durationInTicks: float | None = Field(
        default=None, validation_alias=AliasChoices("durationInTicks", "durationTicks")
    )
    durationMilliseconds: float | None = None
    duration: str | None = None
    nBest: list[_Best] = []
    text: str = ""


class _File(Shape):
    timestamp: str | None = None
    phrases: list[_Phrase] = Field(validation_alias=AliasChoices("recognizedPhrases", "phrases"))


def _matches(value: Mapping[str, Any]) -> bool:
    return "recognizedPhrases" in value or {"combinedPhrases", "phrases"} <= set(value)


def _parse(value: Mapping[str, Any], origin: Origin) -> Conversation:
    file = shaped(_File, value, origin)
    languages = {phrase.locale for phrase in file.phrases if phrase.locale}
    return conversation(
        origin,
        FORMAT.name,
        merge_segments(by_time(_turns(file.phrases))),
        language=languages.pop() if len(languages) == 1 else None,
        started_at=file.timestamp,
    )


def _turns(phrases: list[_Phrase]) -> Iterator[Turn]:
    channels = {phrase.channel for phrase in phrases}
    for phrase in phrases:
        if phrase.recognitionStatus != "Success":
            continue
        labels = [f"channel {phrase.channel}"] if len(channels) > 1 else []
        if phrase.speaker is not None:
            labels.append(f"speaker {phrase.speaker}")
        start = _seconds(phrase.offsetInTicks, phrase.offsetMilliseconds, phrase.offset)
        length = _seconds(phrase.durationInTicks, phrase.durationMilliseconds, phrase.duration)
        end = None if start is None or length is None else start + length
        yield Turn(_text(phrase), "unknown", " ".join(labels) or None, start, end)


def _text(phrase: _Phrase) -> str:
    best = phrase.nBest[0] if phrase.nBest else None
    return (best.display or best.lexical) if best else phrase.text


def _seconds(ticks: float | None, milliseconds: float | None, iso: str | None) -> float | None:
    if ticks is not None:
        return ticks / _TICKS
    if milliseconds is not None:
        return milliseconds / 1000
    return None if iso is None else seconds(iso)


FORMAT = JsonFormat(
    "azure-batch",
    "Azure Speech batch and fast transcription",
    "an object with `recognizedPhrases`, or with `combinedPhrases` and `phrases`",
    _matches,
    _parse,
)
