from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError

ReadOne = Callable[..., Conversation]
Rows = Callable[[Conversation], list[tuple[Any, ...]]]

UTTERANCES: dict[str, Any] = {
    "id": "6a9z-1",
    "language_code": "da",
    "status": "completed",
    "audio_url": "https://example.com/call.wav",
    "text": "Goddag. Hej. Jeg har et spørgsmål.",
    "utterances": [
        {"speaker": "A", "text": "Goddag.", "start": 170, "end": 718, "confidence": 0.9},
        {"speaker": "B", "text": "Hej.", "start": 884, "end": 1166, "words": []},
        {"speaker": "B", "text": "Jeg har et spørgsmål.", "start": 1188, "end": 3000},
        {"speaker": "B", "text": "Hallo?", "start": 9000, "end": 9400},
    ],
}


def test_utterances_become_turns_of_their_speakers(read_one: ReadOne, rows: Rows) -> None:
    call = read_one(UTTERANCES)
    assert (call.format, call.id, call.language) == ("assemblyai", "6a9z-1", "da")
    assert rows(call) == [
        ("unknown", "speaker A", "Goddag.", 0.17, 0.718),
        # what one speaker says without a long silence is one turn
        ("unknown", "speaker B", "Hej. Jeg har et spørgsmål.", 0.884, 3.0),
        ("unknown", "speaker B", "Hallo?", 9.0, 9.4),
    ]


def test_channels_are_merged_by_time(read_one: ReadOne, rows: Rows) -> None:
    file = {
        "language_code": "en_us",
        "utterances": [
            {"channel": "1", "text": "Hello.", "start": 0, "end": 500},
            {"channel": "1", "text": "Bye.", "start": 2000, "end": 2500},
            {"channel": "2", "text": "Mhm.", "start": 400, "end": 700},
        ],
    }
    assert rows(read_one(file)) == [
        ("unknown", "channel 1", "Hello.", 0.0, 0.5),
        ("unknown", "channel 2", "Mhm.", 0.4, 0.7),
        ("unknown", "channel 1", "Bye.", 2.0, 2.5),
    ]


@pytest.mark.parametrize("utterances", [None, []])
def test_without_utterances_the_words_are_grouped(
    read_one: ReadOne, rows: Rows, utterances: Any
) -> None:
    file = {
        "language_code": "en",
        "utterances": utterances,
        "words": [
            {"text": "Hello", "start": 0, "end": 400, "speaker": "A"},
            {"text": "there.", "start": 450, "end": 900, "speaker": "A"},
            {"text": "Hi.", "start": 1000, "end": 1200, "speaker": "B"},
            {"text": "Still", "start": 8000, "end": 8200, "speaker": None},
        ],
    }
    assert rows(read_one(file)) == [
        ("unknown", "speaker A", "Hello there.", 0.0, 0.9),
        ("unknown", "speaker B", "Hi.", 1.0, 1.2),
        ("unknown", None, "Still", 8.0, 8.2),
    ]


def test_a_failed_transcription_is_an_error(error_of: Callable[..., TranscriptError]) -> None:
    file = {"audio_url": "x", "status": "error", "utterances": None, "words": None}
    assert "no speech" in str(error_of(file))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"utterances": "none"}, "utterances"),
        ({"utterances": [{"start": 0}]}, "utterances.0.text"),
        ({"utterances": [{"text": "a", "start": "soon"}]}, "utterances.0.start"),
        ({"words": [["a"]]}, "words.0"),
        ({"language_code": ["da"]}, "language_code"),
    ],
)
def test_a_wrong_type_is_named(
    error_of: Callable[..., TranscriptError], change: dict[str, Any], place: str
) -> None:
    assert error_of(UTTERANCES | change).place == (place and f"field {place}")
