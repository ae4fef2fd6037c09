from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError

ReadOne = Callable[..., Conversation]
Rows = Callable[[Conversation], list[tuple[Any, ...]]]

WORDS = [
    {"word": "goddag", "punctuated_word": "Goddag.", "start": 0.5, "end": 0.9, "speaker": 0},
    {"word": "hej", "start": 1.5, "end": 1.9, "speaker": 1},
    {"text": "jens", "start": 2.0, "end": 2.4, "speaker": 1},
    {"start": 2.5, "end": 2.6, "speaker": 1},
]
BY_WORDS = [
    ("unknown", "speaker 0", "Goddag.", 0.5, 0.9),
    ("unknown", "speaker 1", "hej jens", 1.5, 2.6),
]
SEGMENTS = [
    {"speaker": "Agent", "text": "Goddag.", "start": 0.5, "end": 0.9},
    {"role": "customer", "speaker": 4, "transcript": "Hej.", "start": 1.5, "end": 1.7},
    {"role": "customer", "speaker": 4, "text": "Ja.", "start": 1.8, "end": 1.9},
    {"party": 0, "speaker": 0, "text": "Godt."},
    {"party": 9, "text": "Hm."},
]
BY_SEGMENTS = [
    ("agent", "A1", "Goddag.", 0.5, 0.9),
    ("customer", "C1", "Hej. Ja.", 1.5, 1.9),
    ("agent", "A2", "Godt.", None, None),
    ("unknown", None, "Hm.", None, None),
]


def vcon(body: Any) -> dict[str, Any]:
    return {
        "vcon": "0.0.1",
        "uuid": "u-1",
        "parties": [{"role": "agent"}],
        "dialog": [{"type": "recording"}],
        "analysis": [{"type": "transcript", "dialog": 0, "body": body}],
    }


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"transcript": "Goddag. Hej.", "words": WORDS}, BY_WORDS),
        ({"segments": [], "utterances": {}, "words": WORDS}, BY_WORDS),
        ({"segments": SEGMENTS, "words": WORDS}, BY_SEGMENTS),
        ({"utterances": SEGMENTS}, BY_SEGMENTS),
        ({"turns": SEGMENTS}, BY_SEGMENTS),
        (SEGMENTS, BY_SEGMENTS),
        (json.dumps({"words": WORDS}), BY_WORDS),
        (json.dumps(SEGMENTS), BY_SEGMENTS),
        ("Goddag. Hej.", [("unknown", None, "Goddag. Hej.", None, None)]),
        ({"transcript": "Goddag."}, [("unknown", None, "Goddag.", None, None)]),
    ],
)
def test_the_shapes_of_a_transcript(
    read_one: ReadOne, rows: Rows, body: Any, expected: list[Any]
) -> None:
    assert rows(read_one(vcon(body))) == expected


@pytest.mark.parametrize(
    "body", [None, 5, "", "5", "null", [], {}, {"transcript": 5}, {"words": []}]
)
def test_a_body_without_words(error_of: Callable[..., TranscriptError], body: Any) -> None:
    assert "no text" in str(error_of(vcon(body)))


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"words": [5]}, "analysis.0.body, words.0"),
        ({"words": [{"word": "a", "start": "x"}]}, "analysis.0.body, words.0.start"),
        ([{"text": "a", "party": "x"}], "analysis.0.body, segments.0.party"),
        ([{"text": ["a"]}], "analysis.0.body, segments.0.text"),
    ],
)
def test_a_wrong_type_is_named(
    error_of: Callable[..., TranscriptError], body: Any, place: str
) -> None:
    assert error_of(vcon(body)).place == (place and "field ") + place.replace(", ", ", field ")
