"""Rev.ai: monologues of text and punctuation elements by speaker."""

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
    merge_segments,
    shaped,
)


class _Element(Shape):
    type: str = "text"
    value: str = ""
    ts: float | None = None
    end_ts: float | None = None


class _Monologue(Shape):
    speaker: str | None = None
    elements: list[_Element] = []


class _File(Shape):
    id: str | None = None
    language: str | None = None
    created_on: str | None = None
    monologues: list[_Monologue]


def _monologues(value: Mapping[str, Any]) -> Any:
    """The list of monologues; a single one may stand under the singular name."""
    single = value.get("monologue")
    return [single] if isinstance(single, dict) else value.get("monologues")


def _matches(value: Mapping[str, Any]) -> bool:
    return isinstance(_monologues(value), list)


def _parse(value: Mapping[str, Any], origin: Origin) -> Conversation:
    file = shaped(_File, {**value, "monologues": _monologues(value)}, origin)
    return conversation(
        origin,
        FORMAT.name,
        merge_segments(by_time(_turns(file))),
        id=file.id,
        language=file.language,
        started_at=file.created_on,
    )


def _turns(file: _File) -> Iterator[Turn]:
    for monologue in file.monologues:
        times = [t for e in monologue.elements for t in (e.ts, e.end_ts) if t is not None]
        speaker = None if monologue.speaker is None else f"speaker {monologue.speaker}"
        yield Turn(
            _text(monologue.elements),
            "unknown",
            speaker,
            min(times, default=None),
            max(times, default=None),
        )


def _text(elements: list[_Element]) -> str:
    """The elements as they stand; blanks are elements too, unless the writer left them out."""
    blank = "" if any(element.value.isspace() for element in elements) else " "
    return "".join(
        element.value if element.type == "punct" else blank + element.value for element in elements
    )


FORMAT = JsonFormat("rev-ai", "Rev.ai", "an object with `monologues`", _matches, _parse)
