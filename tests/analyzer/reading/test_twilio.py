from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError

ReadOne = Callable[..., Conversation]
Rows = Callable[[Conversation], list[tuple[Any, ...]]]


def sentence(index: int, start: Any, end: Any, text: str, **more: Any) -> dict[str, Any]:
    return {
        "sentence_index": index,
        "start_time": start,
        "end_time": end,
        "transcript": text,
        "transcript_sid": "GT1",
        "confidence": "0.94",
        "words": [{"word": "x", "start_time": 0.1}],
        **more,
    }


def test_sentences_are_merged_by_channel_and_time(read_one: ReadOne, rows: Rows) -> None:
    file = {
        "meta": {"page": 0, "page_size": 50, "next_page_url": None},
        "sentences": [
            sentence(0, "0.5", "1.25", "Goddag.", media_channel=1),
            sentence(2, "3.10", "4.00", "Jeg hedder Jens.", media_channel=2),
            sentence(1, "1.50", "3.00", "Hej.", media_channel=2),
            sentence(3, "9.50", "10.00", "Hallo?", media_channel=2),
        ],
    }
    call = read_one(file)
    assert (call.format, call.id) == ("twilio", "GT1")
    assert rows(call) == [
        ("unknown", "channel 1", "Goddag.", 0.5, 1.25),
        ("unknown", "channel 2", "Hej. Jeg hedder Jens.", 1.5, 4.0),
        ("unknown", "channel 2", "Hallo?", 9.5, 10.0),
    ]


def test_older_versions_say_channel_or_nothing(read_one: ReadOne, rows: Rows) -> None:
    file = {
        "sentences": [
            sentence(0, None, None, "Hi.", channel=1, transcript_sid="GT2"),
            sentence(1, None, None, "Yes.", media_channel=None, channel=2),
            sentence(2, None, None, "Hm."),
        ]
    }
    call = read_one(file, name="export.json")
    assert call.id == "export"  # two transcripts are named
    assert [row[1:3] for row in rows(call)] == [
        ("channel 1", "Hi."),
        ("channel 2", "Yes."),
        (None, "Hm."),
    ]


@pytest.mark.parametrize(
    ("sentences", "place"),
    [
        ([{"transcript": ""}], ""),
        ([{"transcript": "a"}, "b"], "sentences.1"),
        ([{"transcript": 1.5}, {"transcript": None}], "sentences.1.transcript"),
        ([{"transcript": "a", "start_time": "one"}], "sentences.0.start_time"),
        ([{"transcript": "a", "channel": [1]}], "sentences.0.channel"),
    ],
)
def test_a_wrong_type_is_named(
    error_of: Callable[..., TranscriptError], sentences: Any, place: str
) -> None:
    assert error_of({"sentences": sentences}).place == (place and f"field {place}")
