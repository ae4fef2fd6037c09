from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError

ReadOne = Callable[..., Conversation]
Rows = Callable[[Conversation], list[tuple[Any, ...]]]

METADATA = {"request_id": "e4ac-1", "created": "2026-03-02T12:59:59.945Z", "channels": 1}


def word(text: str, start: float, speaker: int | None = None) -> dict[str, Any]:
    plain = text.lower().strip(".,?")
    found = {"word": plain, "punctuated_word": text, "start": start, "end": start + 0.4}
    return found if speaker is None else found | {"speaker": speaker, "speaker_confidence": 0.8}


def channel(*words: Any, language: str | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {"alternatives": [{"transcript": "…", "confidence": 1, "words": words}]}
    return found | {"detected_language": language} if language else found


def test_utterances_become_turns(read_one: ReadOne, rows: Rows) -> None:
    file = {
        "metadata": METADATA,
        "results": {
            "channels": [channel(language="da")],
            "utterances": [
                {"start": 0.5, "end": 1.5, "transcript": "Goddag.", "speaker": 0, "channel": 0},
                {"start": 1.6, "end": 2.0, "transcript": "Det er Mette.", "speaker": 0},
                {"start": 2.5, "end": 3.0, "transcript": "Hej.", "speaker": 1, "channel": 0},
            ],
        },
    }
    call = read_one(file)
    assert (call.format, call.id, call.language, call.started_at) == (
        "deepgram",
        "e4ac-1",
        "da",
        "2026-03-02T12:59:59.945Z",
    )
    assert rows(call) == [
        ("unknown", "speaker 0", "Goddag. Det er Mette.", 0.5, 2.0),
        ("unknown", "speaker 1", "Hej.", 2.5, 3.0),
    ]


def test_without_utterances_the_words_are_grouped(read_one: ReadOne, rows: Rows) -> None:
    words = [
        word("Hej,", 0.0, 0),
        word("Jens.", 0.5, 0),
        word("Ja?", 1.0, 1),
        word("Hallo?", 9.0, 1),
    ]
    assert rows(read_one({"results": {"channels": [channel(*words)], "utterances": None}})) == [
        ("unknown", "speaker 0", "Hej, Jens.", 0.0, 0.9),
        ("unknown", "speaker 1", "Ja?", 1.0, 1.4),
        ("unknown", "speaker 1", "Hallo?", 9.0, 9.4),
    ]


def test_words_alone_without_punctuation_or_speakers(read_one: ReadOne, rows: Rows) -> None:
    words = [{"word": "ja", "start": 0.1, "end": 0.2}, {"word": "tak", "start": 0.3, "end": 0.4}]
    assert rows(read_one({"results": {"channels": [channel(*words)]}})) == [
        ("unknown", None, "ja tak", 0.1, 0.4)
    ]


def test_channels_are_merged_by_time(read_one: ReadOne, rows: Rows) -> None:
    left = channel(word("Goddag.", 0.0, 0), word("Farvel.", 6.0, 1), language="da")
    right = channel(word("Mhm.", 0.2, 0), language="nb")
    call = read_one({"results": {"channels": [left, right]}})
    assert call.language is None  # the channels do not agree
    assert rows(call) == [
        ("unknown", "channel 0", "Goddag.", 0.0, 0.4),
        ("unknown", "channel 1", "Mhm.", 0.2, 0.6),
        ("unknown", "channel 0 speaker 1", "Farvel.", 6.0, 6.4),
    ]


def test_utterances_of_two_channels(read_one: ReadOne, rows: Rows) -> None:
    said = [
        {"start": 2.0, "end": 3.0, "transcript": "Hej.", "channel": 1},
        {"start": 0.5, "end": 1.5, "transcript": "Goddag.", "channel": 0},
    ]
    file = {"results": {"channels": [channel(), channel()], "utterances": said}}
    assert [row[:3] for row in rows(read_one(file))] == [
        ("unknown", "channel 0", "Goddag."),
        ("unknown", "channel 1", "Hej."),
    ]


@pytest.mark.parametrize(
    ("results", "place"),
    [
        ({"channels": []}, ""),
        ({"channels": [{"alternatives": []}]}, ""),
        ({"channels": "left"}, "results.channels"),
        ({"channels": [channel("word")]}, "results.channels.0.alternatives.0.words.0"),
        (
            {"channels": [channel({"word": "a", "start": "1s"})]},
            "results.channels.0.alternatives.0.words.0.start",
        ),
        ({"channels": [], "utterances": [{"start": 1}]}, "results.utterances.0.transcript"),
    ],
)
def test_a_wrong_type_is_named(
    error_of: Callable[..., TranscriptError], results: dict[str, Any], place: str
) -> None:
    assert error_of({"results": results}).place == (place and f"field {place}")
