from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError
from analyzer.reading import read, stream

ReadOne = Callable[..., Conversation]
Rows = Callable[[Conversation], list[tuple[Any, ...]]]
Write = Callable[[str, Any], str]


def request(*conversations: Any) -> dict[str, Any]:
    return {
        "displayName": "Analyze conversations",
        "analysisInput": {"conversations": list(conversations)},
        "tasks": [{"kind": "ConversationalPIITask"}],
    }


def call(call_id: str, *items: Any) -> dict[str, Any]:
    return {"id": call_id, "language": "da", "modality": "transcript", "conversationItems": items}


AGENT = {"participantId": "Agent", "id": "1", "text": "Goddag.", "lexical": "goddag"}
CUSTOMER = {
    "participantId": "Customer",
    "id": "2",
    "text": "Hej.",
    "conversationItemLevelTiming": {"offset": 15000000, "duration": 5000000},
}


def test_a_request_for_analysis(read_one: ReadOne, rows: Rows) -> None:
    found = read_one(request(call("c-9", AGENT, CUSTOMER)))
    assert (found.format, found.id, found.language) == ("azure-conversation", "c-9", "da")
    assert rows(found) == [
        ("agent", "A1", "Goddag.", None, None),
        ("customer", "C1", "Hej.", 1.5, 2.0),
    ]


def test_every_conversation_of_a_request_is_read(write: Write) -> None:
    path = write(
        "calls.json", request(call("c-1", AGENT), {"conversationItems": 5}, call("c-2", AGENT))
    )
    first, second, third = stream([path])
    assert isinstance(first, Conversation) and first.id == "c-1"
    assert isinstance(second, TranscriptError) and second.place == "call 2, field conversationItems"
    assert isinstance(third, Conversation) and third.id == "c-2"


def test_the_conversation_alone_with_roles_of_its_own(read_one: ReadOne, rows: Rows) -> None:
    items = [
        {"role": "Agent", "participantId": "7", "text": "Hi."},
        {"participantId": "8", "text": "Yo."},
    ]
    assert rows(read_one({"conversationItems": items})) == [
        ("agent", "A1", "Hi.", None, None),
        ("unknown", "8", "Yo.", None, None),
    ]


def test_the_format_may_be_named(write: Write) -> None:
    path = write("c.json", request(call("c-1", AGENT)))
    assert [found.id for found in read(path, format="azure-conversation")] == ["c-1"]


@pytest.mark.parametrize(
    ("file", "place"),
    [
        (request(), ""),
        (request(7), ""),
        ({"conversationItems": [{"text": {}}]}, "field conversationItems.0.text"),
        ({"conversationItems": [[]]}, "field conversationItems.0"),
        ({"analysisInput": "none"}, ""),
        (
            request(call("c", CUSTOMER | {"conversationItemLevelTiming": 3})),
            "call 1, field conversationItems.0.conversationItemLevelTiming",
        ),
    ],
)
def test_a_wrong_type_is_named(
    error_of: Callable[..., TranscriptError], file: Any, place: str
) -> None:
    assert error_of(file).place == place
