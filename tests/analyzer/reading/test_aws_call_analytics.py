from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError

ReadOne = Callable[..., Conversation]
Rows = Callable[[Conversation], list[tuple[Any, ...]]]


def segment(who: str, content: str, start: int, end: int, **more: Any) -> dict[str, Any]:
    return {
        "Content": content,
        "ParticipantRole": who,
        "BeginOffsetMillis": start,
        "EndOffsetMillis": end,
        "Sentiment": "NEUTRAL",
        **more,
    }


CALL_ANALYTICS: dict[str, Any] = {
    "JobStatus": "COMPLETED",
    "LanguageCode": "da-DK",
    "Participants": [{"ParticipantRole": "AGENT"}, {"ParticipantRole": "CUSTOMER"}],
    "ConversationCharacteristics": {
        "TotalConversationDurationMillis": 40000,
        "NonTalkTime": {
            "TotalTimeMillis": 24000,
            "Instances": [
                {"BeginOffsetMillis": 5000, "EndOffsetMillis": 9000, "DurationMillis": 4000},
                {"BeginOffsetMillis": 10500, "EndOffsetMillis": 30500, "DurationMillis": 20000},
            ],
        },
    },
    "Transcript": [
        segment("AGENT", "Goddag, du taler med Mette.", 40, 2000),
        segment("CUSTOMER", "Mhm.", 1500, 1800),
        segment("AGENT", "Hvad kan jeg gøre?", 2100, 3500),
        segment("AGENT", "Hallo?", 9000, 10500),
        segment("CUSTOMER", "Mit kort er spærret, [PII].", 30500, 33000),
    ],
}


def test_roles_times_back_channels_and_long_silences(read_one: ReadOne, rows: Rows) -> None:
    call = read_one(CALL_ANALYTICS)
    assert (call.format, call.id, call.language) == ("aws-call-analytics", "call", "da-DK")
    assert rows(call) == [
        ("agent", "A1", "Goddag, du taler med Mette.", 0.04, 2.0),
        ("customer", "C1", "Mhm.", 1.5, 1.8),
        ("agent", "A1", "Hvad kan jeg gøre?", 2.1, 3.5),
        ("agent", "A1", "Hallo?", 9.0, 10.5),
        ("system", None, "[silence 20 s]", 10.5, 30.5),
        ("customer", "C1", "Mit kort er spærret, [PII].", 30.5, 33.0),
    ]


def test_contact_lens_names_participants_by_id(read_one: ReadOne, rows: Rows) -> None:
    file = {
        "Version": "1.1.0",
        "Channel": "VOICE",
        "JobStatus": "COMPLETED",
        "LanguageCode": "en-US",
        "CustomerMetadata": {"ContactId": "contact-7"},
        "Participants": [
            {"ParticipantId": "p-1", "ParticipantRole": "AGENT"},
            {"ParticipantId": "p-2", "ParticipantRole": "CUSTOMER"},
            {"ParticipantId": "p-3", "ParticipantRole": "AGENT"},
        ],
        "Transcript": [
            {"ParticipantId": "p-2", "Content": "My bill is wrong.", "BeginOffsetMillis": 500},
            {"ParticipantId": "p-1", "Content": "One moment.", "BeginOffsetMillis": 2500},
            {"ParticipantId": "p-3", "Content": "Billing here.", "BeginOffsetMillis": 9500},
            {"ParticipantId": "p-9", "Content": "Hello?", "BeginOffsetMillis": 9900},
        ],
    }
    call = read_one(file)
    assert call.id == "contact-7"
    assert rows(call) == [
        ("customer", "C1", "My bill is wrong.", 0.5, None),
        ("agent", "A1", "One moment.", 2.5, None),
        ("agent", "A2", "Billing here.", 9.5, None),
        ("unknown", "p-9", "Hello?", 9.9, None),
    ]


def test_events_of_a_chat_have_no_words(read_one: ReadOne, rows: Rows) -> None:
    file = {
        "JobStatus": "COMPLETED",
        "Participants": [{"ParticipantId": "a", "ParticipantRole": "AGENT"}],
        "Transcript": [
            {"Type": "EVENT", "ParticipantId": "a", "ContentType": "event.participant.joined"},
            {"Type": "MESSAGE", "ParticipantId": "a", "Content": "Hi."},
        ],
    }
    assert rows(read_one(file)) == [("agent", "A1", "Hi.", None, None)]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"Transcript": []}, ""),
        ({"Transcript": ["Hi."]}, "Transcript.0"),
        ({"Transcript": [{"Content": ["Hi."]}]}, "Transcript.0.Content"),
        ({"Transcript": [{"BeginOffsetMillis": "x"}]}, "Transcript.0.BeginOffsetMillis"),
        ({"Transcript": [{"BeginOffsetMillis": 10**400}]}, "Transcript.0.BeginOffsetMillis"),
        ({"Participants": [{"ParticipantRole": {}}]}, "Participants.0.ParticipantRole"),
        ({"ConversationCharacteristics": []}, "ConversationCharacteristics"),
    ],
)
def test_a_wrong_type_is_named(
    error_of: Callable[..., TranscriptError], change: dict[str, Any], place: str
) -> None:
    assert error_of(CALL_ANALYTICS | change).place == (place and f"field {place}")
