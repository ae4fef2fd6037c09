"""Twilio Conversational Intelligence: `sentences` by channel, which may be either side's."""

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


class _Sentence(Shape):
    transcript: str
    channel: str | None = Field(
        default=None, validation_alias=AliasChoices("media_channel", "channel")
    )
    start_time: float | None = None
    end_time: float | None = None
    transcript_sid: str | None = None


class _File(Shape):
    sentences: list[_Sentence]


def _matches(value: Mapping[str, Any]) -> bool:
    sentences = value.get("sentences")
    return isinstance(sentences, list) and any(
        isinstance(sentence, dict) and "transcript" in sentence for sentence in sentences[:3]
    )


def _parse(value: Mapping[str, Any], origin: Origin) -> Conversation:
    file = shaped(_File, value, origin)
    ids = {sentence.transcript_sid for sentence in file.sentences}
    return conversation(
        origin,
        FORMAT.name,
        merge_segments(by_time(_turns(file))),
        id=ids.pop() if len(ids) == 1 else None,
    )


def _turns(file: _File) -> Iterator[Turn]:
    for said in file.sentences:
        speaker = None if said.channel is None else f"channel {said.channel}"
        yield Turn(said.transcript, "unknown", speaker, said.start_time, said.end_time)


FORMAT = JsonFormat(
    "twilio",
    "Twilio Conversational Intelligence",
    "an object with `sentences`, each with `transcript`",
    _matches,
    _parse,
)
