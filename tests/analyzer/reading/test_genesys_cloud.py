from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError

ReadOne = Callable[..., Conversation]
Rows = Callable[[Conversation], list[tuple[Any, ...]]]

START = 1_604_671_200_000  # milliseconds since 1970


def phrase(purpose: str, text: str, start: Any, duration: Any = None) -> dict[str, Any]:
    return {
        "text": text.lower().strip("."),
        "decoratedText": text,
        "startTimeMs": start,
        "duration": duration,
        "participantPurpose": purpose,
    }


def call(*phrases: Any, participants: Any = None) -> dict[str, Any]:
    return {
        "conversationId": "conv-1",
        "communicationId": "session-1",
        "mediaType": "voice",
        "transcripts": [{"transcriptId": "t1", "phrases": list(phrases), "analytics": {}}],
        "participants": participants,
    }


def test_phrases_by_purpose(read_one: ReadOne, rows: Rows) -> None:
    file = call(
        phrase("internal", "Goddag.", 500, {"milliseconds": 1000}),
        phrase("external", "Hej.", 2000, 400),
        {"text": "det er jens", "startTimeMs": 2500, "participantPurpose": "external"},
        phrase("ivr", "Tryk 1.", 0),
        phrase("somebody", "Hm.", 4000),
    )
    found = read_one(file)
    assert (found.format, found.id, found.language) == ("genesys-cloud", "conv-1", None)
    assert rows(found) == [
        ("system", None, "Tryk 1.", 0.0, None),
        ("agent", "A1", "Goddag.", 0.5, 1.5),
        ("customer", "C1", "Hej. det er jens", 2.0, None),
        ("unknown", "somebody", "Hm.", 4.0, None),
    ]


def test_two_agents_a_queue_and_times_since_1970(read_one: ReadOne, rows: Rows) -> None:
    participants = [
        {"participantPurpose": "customer", "startTimeMs": START, "endTimeMs": START + 60000},
        {"participantPurpose": "acd", "startTimeMs": START, "endTimeMs": START + 9000},
        {"participantPurpose": "acd"},
        {
            "participantPurpose": "agent",
            "userId": "u-1",
            "startTimeMs": START + 9000,
            "endTimeMs": START + 20000,
        },
        {"participantPurpose": "agent", "userId": "u-2", "startTimeMs": START + 21000},
    ]
    file = call(
        phrase("internal", "Det er Mette.", START + 10000, {"milliseconds": 1000}),
        phrase("external", "Hej.", START + 12000),
        phrase("internal", "Det er Ole.", START + 22000),
        phrase("internal", "Hallo?", START + 20500),
        participants=participants,
    )
    assert rows(read_one(file)) == [
        ("system", None, "[queue]", 0.0, 9.0),
        ("agent", "A1", "Det er Mette.", 10.0, 11.0),
        ("customer", "C1", "Hej.", 12.0, None),
        ("agent", "A1", "Hallo?", 20.5, None),  # nobody else has come yet
        ("agent", "A2", "Det er Ole.", 22.0, None),
    ]


def test_an_agent_who_comes_and_goes_leaves_the_call_to_the_first(
    read_one: ReadOne, rows: Rows
) -> None:
    participants = [
        {"participantPurpose": "agent", "userId": "u-1", "startTimeMs": 1000},
        {"participantPurpose": "agent", "userId": "u-2", "startTimeMs": 5000, "endTimeMs": 7000},
    ]
    said = [phrase("internal", str(time), time) for time in (500, 2000, 6000, 11000, None)]
    found = rows(read_one(call(*said, participants=participants)))
    assert [(speaker, text) for _, speaker, text, _, _ in found] == [
        ("A1", "500 2000"),
        ("A2", "6000"),
        ("A1", "11000 None"),
    ]


def test_all_transcripts_of_a_conversation_are_merged(read_one: ReadOne, rows: Rows) -> None:
    file = call(phrase("internal", "Goddag.", 500))
    file["transcripts"].append({"phrases": [phrase("external", "Hej.", 100)]})
    assert [row[:3] for row in rows(read_one(file))] == [
        ("customer", "C1", "Hej."),
        ("agent", "A1", "Goddag."),
    ]


@pytest.mark.parametrize("duration", ["1000", {}, [], 10**400, {"milliseconds": None}, -5])
def test_a_duration_that_cannot_be_read_is_unknown(
    read_one: ReadOne, rows: Rows, duration: Any
) -> None:
    file = call(phrase("internal", "Goddag.", 500, duration))
    assert rows(read_one(file)) == [("agent", "A1", "Goddag.", 0.5, None)]


@pytest.mark.parametrize(
    ("file", "place"),
    [
        (call(), ""),
        (call("hi"), "transcripts.0.phrases.0"),
        (call(phrase("internal", "a", "x")), "transcripts.0.phrases.0.startTimeMs"),
        (call(phrase("internal", "a", 10**400)), "transcripts.0.phrases.0.startTimeMs"),
        (call(phrase("internal", "a", 1), participants={}), "participants"),
        (call() | {"conversationId": []}, "conversationId"),
    ],
)
def test_a_wrong_type_is_named(
    error_of: Callable[..., TranscriptError], file: Any, place: str
) -> None:
    assert error_of(file).place == (place and f"field {place}")
