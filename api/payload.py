"""Conversations and errors as JSON for the database, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from analyzer.conversation import Conversation, RoleDecision, Turn
from analyzer.errors import TranscriptError
from analyzer.messages import Message
from api.storage.tables import Call

_KEPT = (
    *("id", "language", "started_at", "customer_id", "agent_id", "queue", "case_id", "product"),
    *("source", "format"),
)


def to_payload(conversation: Conversation) -> dict[str, Any]:
    """Everything of the conversation but the document that it was read from: `kasper` JSON with
    its origin."""
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


def to_error(error: TranscriptError) -> dict[str, Any]:
    """The error with the templates and values of its messages, so that any page can say it."""
    return {name: _kept(text) for name, text in error.fields().items()}


def from_error(payload: Mapping[str, Any]) -> TranscriptError:
    """What `to_error` gave."""
    parts = {name: _message(kept) for name, kept in payload.items()}
    return TranscriptError(
        parts["source"], parts["expected"], parts["remedy"], place=parts["place"]
    )


def _kept(text: object) -> Any:
    if not isinstance(text, Message) or not text.values:
        return text
    return {"template": text.template} | {
        "values": {name: _kept(value) for name, value in text.values.items()}
    }


def _message(kept: Any) -> Any:
    if not isinstance(kept, Mapping):
        return kept
    values = {name: _message(value) for name, value in kept["values"].items()}
    return Message(kept["template"], **values)


def conversation_of(call: Call) -> Conversation:
    """The stored conversation, to be scored or shown again."""
    own = {name: getattr(call, name) for name in _KEPT if name != "id"}
    return from_payload({**own, "id": call.external_id, "roles": call.roles, "turns": call.turns})
