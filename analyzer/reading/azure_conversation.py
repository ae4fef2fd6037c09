"""Azure Language conversations: `conversationItems`, as input for analysis or alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.conversation import Conversation, Turn
from analyzer.reading.format import (
    JsonFormat,
    Origin,
    Shape,
    conversation,
    shaped,
)
from analyzer.reading.speaker_names import role_of


_TICKS = 10_000_000  # of 100 ns in a second


class _Timing(Shape):
    offset: float
    duration: float


class _Item(Shape):
    text: str
    participantId: str | None = None
    role: str | None = None
    conversationItemLevelTiming: _Timing | None = None


class _Call(Shape):
    id: str | None = None
    language: str | None = None
    conversationItems: list[_Item]


def _call(value: Mapping[str, Any]) -> Any:
    analysis_input = value.get("analysisInput")
    if isinstance(analysis_input, dict):
        conversations = analysis_input.get("conversations")
        return conversations[0] if isinstance(conversations, list) and conversations else {}
    return value


def _matches(value: Mapping[str, Any]) -> bool:
    return "analysisInput" in value or "conversationItems" in value


def _parse(value: Mapping[str, Any], origin: Origin) -> Conversation:
    call = shaped(_Call, _call(value), origin)
    return conversation(origin, FORMAT.name, _turns(call), id=call.id, language=call.language)


def _turns(call: _Call) -> Iterator[Turn]:
    for item in call.conversationItems:
        role = role_of(item.role or item.participantId or "")
        timing = item.conversationItemLevelTiming
        start = None if timing is None else timing.offset / _TICKS
        end = None if timing is None else (timing.offset + timing.duration) / _TICKS
        yield Turn(item.text, role, item.participantId or item.role, start, end)


FORMAT = JsonFormat(
    "azure-conversation",
    "Azure Language conversation",
    "an object with `analysisInput` or `conversationItems`",
    _matches,
    _parse,
)
