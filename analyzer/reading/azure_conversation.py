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
    duration: float = 0.0


class _Item(Shape):
    text: str = ""
    participantId: str | None = None
    role: str | None = None
    conversationItemLevelTiming: _Timing | None = None


class _Call(Shape):
    id: str | None = None
    language: str | None = None
    conversationItems: list[_Item]


def calls(value: Any) -> Any:
    """The list of calls in a request for analysis; any other value as it is."""
    request = value.get("analysisInput") if isinstance(value, dict) else None
    conversations = request.get("conversations") if isinstance(request, dict) else None
    return conversations if isinstance(conversations, list) else value


def _matches(value: Mapping[str, Any]) -> bool:
    return "conversationItems" in value


def _parse(value: Mapping[str, Any], origin: Origin) -> Conversation:
    call = shaped(_Call, value, origin)
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
