"""A conversation as JSON for the database and back: the form of `kasper` JSON with its origin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from analyzer.conversation import Conversation, RoleDecision, Turn

_KEPT = ("id", "language", "started_at", "customer_id", "agent_id", "queue", "source", "format")


def to_payload(conversation: Conversation) -> dict[str, Any]:
    """Everything of the conversation but the document that it was read from."""
    return {
        **{name: getattr(conversation, name) for name in _KEPT},
        "roles": asdict(conversation.roles),
        "turns": turns_payload(conversation),
    }


def from_payload(payload: Mapping[str, Any]) -> Conversation:
    """What `to_payload` gave."""
    return Conversation(
        **{name: payload[name] for name in _KEPT},
        turns=tuple(Turn(**turn) for turn in payload["turns"]),
        roles=RoleDecision(**payload["roles"]),
    )


def turns_payload(conversation: Conversation) -> list[dict[str, Any]]:
    """The turns with what is known of each."""
    return [
        {name: value for name, value in asdict(turn).items() if value is not None}
        for turn in conversation.turns
    ]
