"""Kasper's own JSON: one call as an object with `turns`, the contract for every writer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, model_validator

from analyzer.conversation import Conversation, Role, Turn
from analyzer.messages import Message
from analyzer.reading.format import (
    LATEST_S,
    JsonFormat,
    Origin,
    Shape,
    conversation,
    shaped,
)


class _Turn(Shape):
    text: str
    role: Role = "unknown"
    speaker: str | None = None
    start: float | None = Field(default=None, ge=0, le=LATEST_S)
    end: float | None = Field(default=None, ge=0, le=LATEST_S)

    @model_validator(mode="after")
    def _ends_after_its_start(self) -> Self:
        if self.start is not None and self.end is not None and self.end < self.start:
            raise ValueError(
                Message(
                    "the end (%(end)g) is before the start (%(start)g)",
                    end=self.end,
                    start=self.start,
                )
            )
        return self


class _Call(Shape):
    id: str | None = None
    language: str | None = None
    started_at: str | None = None
    customer_id: str | None = None
    agent_id: str | None = None
    queue: str | None = None
    case_id: str | None = None
    product: str | None = None
    turns: list[_Turn] = Field(min_length=1)


def _matches(value: Mapping[str, Any]) -> bool:
    return "turns" in value


def _parse(value: Mapping[str, Any], origin: Origin) -> Conversation:
    call = shaped(_Call, value, origin)
    details = call.model_dump(exclude={"id", "turns"})
    # `turn` in a report counts the turns as given, so even an empty one keeps its place.
    turns = [Turn(t.text, t.role, t.speaker, t.start, t.end) for t in call.turns]
    return conversation(origin, FORMAT.name, turns, id=call.id, as_given=True, **details)


FORMAT = JsonFormat(
    "kasper", "Kasper's own JSON", "an object with `turns`, each with `text`", _matches, _parse
)
