"""Google Contact Center AI Insights conversations: `entries` with roles and microseconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.conversation import Conversation, Turn
from analyzer.reading.format import (
    JsonFormat,
    Origin,
    Shape,
    by_time,
    conversation,
    shaped,
)
from analyzer.reading.speaker_names import role_of


class _Entry(Shape):
    text: str = ""
    role: str = ""
    user_id: str = ""
    start_timestamp_usec: float | None = None


class _File(Shape):
    entries: list[_Entry]


def _matches(value: Mapping[str, Any]) -> bool:
    entries = value.get("entries")
    return isinstance(entries, list) and ("conversation_info" in value or _has_text(entries))


def _has_text(entries: list[Any]) -> bool:
    return bool(entries) and isinstance(entries[0], dict) and {"text", "role"} <= set(entries[0])


def _parse(value: Mapping[str, Any], origin: Origin) -> Conversation:
    return conversation(origin, FORMAT.name, by_time(_turns(shaped(_File, value, origin))))


def _turns(file: _File) -> Iterator[Turn]:
    # The times count from 1970 in real exports, from the start of the call in the documentation.
    # An entry has no end.
    times = [entry.start_timestamp_usec for entry in file.entries]
    first = min((time for time in times if time is not None), default=0.0)
    zero = first if first > 10**15 else 0.0
    for entry in file.entries:
        role = role_of(entry.role.removeprefix("AUTOMATED_").removeprefix("HUMAN_"))
        time = entry.start_timestamp_usec
        start = None if time is None else (time - zero) / 1e6
        yield Turn(entry.text, role, f"{entry.role} {entry.user_id}".strip() or None, start)


FORMAT = JsonFormat(
    "google-insights",
    "Google Contact Center AI Insights",
    "an object with `entries`, each with `text` and `role`",
    _matches,
    _parse,
)
