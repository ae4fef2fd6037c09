from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError

ReadOne = Callable[..., Conversation]
Rows = Callable[[Conversation], list[tuple[Any, ...]]]


def word(content: str, start: float, end: float, **more: Any) -> dict[str, Any]:
    return {
        "type": "pronunciation",
        "start_time": str(start),
        "end_time": str(end),
        "alternatives": [{"confidence": "0.99", "content": content}],
        **more,
    }


def mark(content: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "punctuation",
        "alternatives": [{"confidence": "0.0", "content": content}],
        **more,
    }


def file(**results: Any) -> dict[str, Any]:
    return {
        "jobName": "job-1",
        "status": "COMPLETED",
        "results": {"transcripts": [{"transcript": "…"}], "language_code": "da-DK", **results},
    }


WORDS = [
    word("Goddag", 0.5, 0.9),
    mark(","),
    word("Mette", 1.0, 1.4),
    mark("."),
    word("Hej", 2.0, 2.2),
    mark("."),
    word("Velkommen", 2.6, 3.0),
    mark("!"),
]
EXPECTED = [
    ("unknown", "spk_0", "Goddag, Mette.", 0.5, 1.4),
    ("unknown", "spk_1", "Hej.", 2.0, 2.2),
    ("unknown", "spk_0", "Velkommen!", 2.6, 3.0),
]


def test_speaker_segments_are_joined_by_time(read_one: ReadOne, rows: Rows) -> None:
    segments = [
        {"speaker_label": "spk_1", "start_time": "1.98", "end_time": "2.2"},
        {"speaker_label": "spk_0", "start_time": "0.5", "end_time": "1.4", "items": []},
        {"speaker_label": "spk_0", "start_time": "2.6", "end_time": "3.0"},
    ]
    call = read_one(file(items=WORDS, speaker_labels={"speakers": 2, "segments": segments}))
    assert (call.format, call.id, call.language) == ("aws-transcribe", "job-1", "da-DK")
    assert rows(call) == EXPECTED


@pytest.mark.parametrize("on_marks", [True, False])
def test_speaker_labels_on_the_items(read_one: ReadOne, rows: Rows, on_marks: bool) -> None:
    # punctuation goes with the word before it, whether or not it bears a label
    speakers = ["spk_0"] * 4 + ["spk_1"] * 2 + ["spk_0"] * 2
    items = [
        item | {"speaker_label": speaker} if on_marks or item["type"] != "punctuation" else item
        for item, speaker in zip(WORDS, speakers, strict=True)
    ]
    assert rows(read_one(file(items=items))) == EXPECTED


def test_channels_are_merged_by_time(read_one: ReadOne, rows: Rows) -> None:
    channels = [
        {"channel_label": "ch_0", "items": [word("Ja", 0.5, 0.7), word("tak", 4.0, 4.2)]},
        {"channel_label": "ch_1", "items": [word("Mhm", 0.6, 0.8), mark(".")]},
    ]
    assert rows(read_one(file(items=[], channel_labels={"channels": channels}))) == [
        ("unknown", "ch_0", "Ja", 0.5, 0.7),
        ("unknown", "ch_1", "Mhm.", 0.6, 0.8),
        ("unknown", "ch_0", "tak", 4.0, 4.2),
    ]


def test_without_speakers_a_long_silence_ends_a_turn(read_one: ReadOne, rows: Rows) -> None:
    items = [word("Hej", 0.0, 0.3), mark("."), word("Hallo", 4.0, 4.4), mark("?")]
    assert rows(read_one(file(items=items))) == [
        ("unknown", None, "Hej.", 0.0, 0.3),
        ("unknown", None, "Hallo?", 4.0, 4.4),
    ]


def test_items_without_alternatives_are_passed_over(read_one: ReadOne, rows: Rows) -> None:
    items = [{"type": "pronunciation", "start_time": "0", "alternatives": []}, word("Hej", 1, 2)]
    assert rows(read_one(file(items=items))) == [("unknown", None, "Hej", 1.0, 2.0)]


@pytest.mark.parametrize(
    ("results", "place"),
    [
        ({"items": []}, ""),
        ({"items": [{"alternatives": []}]}, "results.items.0.type"),
        ({"items": [word("a", 1, 2, start_time="x")]}, "results.items.0.start_time"),
        ({"items": {}}, "results.items"),
        ({"items": WORDS, "speaker_labels": []}, "results.speaker_labels"),
        ({"items": [], "channel_labels": {"channels": [1]}}, "results.channel_labels.channels.0"),
    ],
)
def test_a_wrong_type_is_named(
    error_of: Callable[..., TranscriptError], results: dict[str, Any], place: str
) -> None:
    assert error_of(file(**results)).place == (place and f"field {place}")
