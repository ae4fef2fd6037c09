from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError

ReadOne = Callable[..., Conversation]
Rows = Callable[[Conversation], list[tuple[Any, ...]]]


def phrase(text: str, **more: Any) -> dict[str, Any]:
    return {"recognitionStatus": "Success", "nBest": [{"confidence": 0.9, "display": text}], **more}


def ticks(start: float, length: float) -> dict[str, Any]:
    return {"offsetInTicks": start * 1e7, "durationInTicks": length * 1e7}


def test_speakers_of_one_channel(read_one: ReadOne, rows: Rows) -> None:
    file = {
        "source": "https://www.example.com",
        "timestamp": "2026-06-26T15:18:35Z",
        "recognizedPhrases": [
            phrase("Goddag.", channel=0, speaker=1, locale="da-DK", **ticks(0.5, 1.0)),
            phrase("Hej.", channel=0, speaker=2, locale="da-DK", **ticks(2.0, 0.5)),
            phrase("Det er Jens.", channel=0, speaker=2, **ticks(2.6, 1.0)),
            {"recognitionStatus": "Failure", "channel": 0, "nBest": []},
        ],
    }
    call = read_one(file)
    assert (call.format, call.language, call.started_at) == (
        "azure-batch",
        "da-DK",
        "2026-06-26T15:18:35Z",
    )
    assert rows(call) == [
        ("unknown", "speaker 1", "Goddag.", 0.5, 1.5),
        ("unknown", "speaker 2", "Hej. Det er Jens.", 2.0, 3.6),
    ]


def test_channels_are_merged_by_time(read_one: ReadOne, rows: Rows) -> None:
    file = {
        "recognizedPhrases": [
            phrase("Goddag.", channel=0, **ticks(0.5, 1.0)),
            phrase("Farvel.", channel=0, speaker=2, **ticks(5.0, 1.0)),
            phrase("Mhm.", channel=1, **ticks(1.0, 0.2)),
        ]
    }
    assert rows(read_one(file)) == [
        ("unknown", "channel 0", "Goddag.", 0.5, 1.5),
        ("unknown", "channel 1", "Mhm.", 1.0, 1.2),
        ("unknown", "channel 0 speaker 2", "Farvel.", 5.0, 6.0),
    ]


@pytest.mark.parametrize(
    "times",
    [
        {"offsetInTicks": 12000000, "durationInTicks": 5000000},
        {"offsetInTicks": 12000000.0, "durationTicks": 5000000.0},
        {"offsetMilliseconds": 1200, "durationMilliseconds": 500},
        {"offset": "PT1.2S", "duration": "PT0.5S"},
        {"offset": "PT1.2S", "duration": "PT0.5S", "offsetInTicks": None},
    ],
)
def test_the_times_of_every_version(read_one: ReadOne, rows: Rows, times: dict[str, Any]) -> None:
    file = {"recognizedPhrases": [phrase("Ja.", **times)]}
    assert rows(read_one(file)) == [("unknown", None, "Ja.", 1.2, 1.7)]


def test_without_times_and_display(read_one: ReadOne, rows: Rows) -> None:
    file = {"recognizedPhrases": [{"nBest": [{"lexical": "ja tak"}], "speaker": 1}]}
    assert rows(read_one(file)) == [("unknown", "speaker 1", "ja tak", None, None)]


def test_fast_transcription(read_one: ReadOne, rows: Rows) -> None:
    file = {
        "durationMilliseconds": 4000,
        "combinedPhrases": [{"channel": 0, "text": "Good morning. Hello."}],
        "phrases": [
            {
                "channel": 0,
                "offsetMilliseconds": 80,
                "durationMilliseconds": 900,
                "text": "Good morning.",
                "locale": "en-US",
            },
            {
                "channel": 1,
                "offsetMilliseconds": 1500,
                "durationMilliseconds": 500,
                "text": "Hello.",
            },
        ],
    }
    call = read_one(file)
    assert (call.format, call.language) == ("azure-batch", "en-US")
    assert rows(call) == [
        ("unknown", "channel 0", "Good morning.", 0.08, 0.98),
        ("unknown", "channel 1", "Hello.", 1.5, 2.0),
    ]


@pytest.mark.parametrize(
    ("phrases", "place"),
    [
        ("none", "recognizedPhrases"),
        ([[]], "recognizedPhrases.0"),
        ([{"nBest": {}}], "recognizedPhrases.0.nBest"),
        ([{"offsetInTicks": "PT1S"}], "recognizedPhrases.0.offsetInTicks"),
        ([{"recognitionStatus": "Failure"}], ""),
    ],
)
def test_a_wrong_type_is_named(
    error_of: Callable[..., TranscriptError], phrases: Any, place: str
) -> None:
    assert error_of({"recognizedPhrases": phrases}).place == (place and f"field {place}")
