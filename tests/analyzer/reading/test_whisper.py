from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError

ReadOne = Callable[..., Conversation]
Rows = Callable[[Conversation], list[tuple[Any, ...]]]


def segment(text: str, start: Any, end: Any, **more: Any) -> dict[str, Any]:
    return {
        "id": 0,
        "seek": 0,
        "start": start,
        "end": end,
        "text": text,
        "temperature": 0.0,
        **more,
    }


def test_whisper_has_no_speakers(read_one: ReadOne, rows: Rows) -> None:
    file = {
        "text": " Goddag. Hej.",
        "language": "da",
        "segments": [
            segment(" Goddag.", 0.0, 1.5),
            segment(" Hej.", 1.5, 2.0),
            segment(" ", 2.0, 3.0),
        ],
    }
    call = read_one(file)
    assert (call.format, call.language) == ("whisper", "da")
    assert rows(call) == [
        ("unknown", None, "Goddag.", 0.0, 1.5),
        ("unknown", None, "Hej.", 1.5, 2.0),
    ]


def test_whisperx_speakers_and_words_without_times(read_one: ReadOne, rows: Rows) -> None:
    words = [
        {"word": "747"},
        {"word": "blev", "start": 0.4, "end": 0.6, "score": 0.7},
        {"word": "12"},
    ]
    file = {
        "segments": [
            segment(" 747 blev 12", 0.1, 0.9, speaker="SPEAKER_00", words=words),
            segment(" kroner.", 1.0, 1.4, speaker="SPEAKER_00"),
            segment(" Nå.", 1.5, 1.9, speaker="SPEAKER_01"),
        ],
        "word_segments": words,
    }
    assert rows(read_one(file)) == [
        ("unknown", "SPEAKER_00", "747 blev 12 kroner.", 0.1, 1.4),
        ("unknown", "SPEAKER_01", "Nå.", 1.5, 1.9),
    ]


def test_a_segment_of_two_speakers_is_parted_at_its_words(read_one: ReadOne, rows: Rows) -> None:
    words = [
        {"word": " 5", "speaker": "SPEAKER_00"},
        {"word": " kroner.", "start": 0.5, "end": 0.9, "speaker": "SPEAKER_00"},
        {"text": "Ja?", "start": 1.0, "end": 1.4, "speaker": "SPEAKER_01"},
        {"word": "Ja.", "start": 1.5, "end": 1.9},
    ]
    file = {
        "segments": [segment(" 5 kroner. Ja? Ja.", 0.1, 2.0, speaker="SPEAKER_00", words=words)]
    }
    assert rows(read_one(file)) == [
        ("unknown", "SPEAKER_00", "5 kroner.", 0.5, 0.9),
        ("unknown", "SPEAKER_01", "Ja?", 1.0, 1.4),
        ("unknown", "SPEAKER_00", "Ja.", 1.5, 1.9),
    ]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (-0.04, 1.0, (0.0, 1.0)),  # alignment may begin a little before the recording
        (-50, 1.0, (None, 1.0)),
        (5.0, 4.0, (5.0, None)),
        (1e300, 1e300, (None, None)),
        (None, 2, (None, 2.0)),
        ("0.5", "1", (0.5, 1.0)),
    ],
)
def test_times_that_cannot_be_right_are_unknown(
    read_one: ReadOne, rows: Rows, start: Any, end: Any, expected: tuple[Any, Any]
) -> None:
    file = {"segments": [segment("Hej.", start, end)]}
    assert rows(read_one(file)) == [("unknown", None, "Hej.", *expected)]


@pytest.mark.parametrize(
    ("segments", "place"),
    [
        ([segment("", 0, 1)], ""),
        ([segment("a", 0, 1), {"start": 1}], "segments.1.text"),
        ([segment("a", [], 1)], "segments.0.start"),
        ([segment("a", 0, 1, words="a")], "segments.0.words"),
        ([segment("a", 0, 1, words=[1])], "segments.0.words.0"),
        ([segment("a", 0, 1, speaker=["x"])], "segments.0.speaker"),
    ],
)
def test_a_wrong_type_is_named(
    error_of: Callable[..., TranscriptError], segments: Any, place: str
) -> None:
    assert error_of({"segments": segments}).place == (place and f"field {place}")
