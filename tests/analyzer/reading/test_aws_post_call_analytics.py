from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError

ReadOne = Callable[..., Conversation]
Rows = Callable[[Conversation], list[tuple[Any, ...]]]


def segment(speaker: str | None, text: str, start: Any, end: Any) -> dict[str, Any]:
    return {
        "SegmentStartTime": start,
        "SegmentEndTime": end,
        "SegmentSpeaker": speaker,
        "SegmentInterruption": False,
        "OriginalText": text,
        "DisplayText": f"<b>{text}</b>",
    }


PCA: dict[str, Any] = {
    "ConversationAnalytics": {
        "GUID": "2f1c-guid",
        "LanguageCode": "en-US",
        "ConversationTime": "2026-03-02T09:14:00Z",
        "SpeakerLabels": [
            {"Speaker": "spk_1", "DisplayText": "Customer"},
            {"Speaker": "spk_0", "DisplayText": "Agent"},
        ],
    },
    "SpeechSegments": [
        segment("spk_1", "Hi, it's me.", "3.00", "4.5"),
        segment("spk_0", "Good morning.", 0.5, 1.5),
        segment("spk_0", "How can I help?", 1.6, 2.9),
        segment("spk_2", "Hm.", 5.0, 5.1),
    ],
}


def test_segments_become_turns_with_roles(read_one: ReadOne, rows: Rows) -> None:
    call = read_one(PCA)
    assert (call.format, call.id, call.language, call.started_at) == (
        "aws-post-call-analytics",
        "2f1c-guid",
        "en-US",
        "2026-03-02T09:14:00Z",
    )
    assert rows(call) == [
        ("agent", "A1", "Good morning. How can I help?", 0.5, 2.9),
        ("customer", "C1", "Hi, it's me.", 3.0, 4.5),
        ("unknown", "spk_2", "Hm.", 5.0, 5.1),
    ]


def test_without_analytics_the_labels_stay(read_one: ReadOne, rows: Rows) -> None:
    file = {"SpeechSegments": [{"SegmentSpeaker": "spk_0", "DisplayText": "Hello."}]}
    call = read_one(file, name="weekly.json")
    assert (call.id, call.started_at) == ("weekly", None)
    assert rows(call) == [("unknown", "spk_0", "Hello.", None, None)]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"SpeechSegments": {}}, "SpeechSegments"),
        ({"SpeechSegments": [1]}, "SpeechSegments.0"),
        ({"SpeechSegments": [segment("a", "b", [], 1)]}, "SpeechSegments.0.SegmentStartTime"),
        ({"ConversationAnalytics": "none"}, "ConversationAnalytics"),
    ],
)
def test_a_wrong_type_is_named(
    error_of: Callable[..., TranscriptError], change: dict[str, Any], place: str
) -> None:
    assert error_of(PCA | change).place == (place and f"field {place}")
