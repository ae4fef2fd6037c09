from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError

ReadOne = Callable[..., Conversation]
Rows = Callable[[Conversation], list[tuple[Any, ...]]]


def text(value: str, ts: float | None = None) -> dict[str, Any]:
    times = {} if ts is None else {"ts": ts, "end_ts": ts + 0.4, "confidence": 0.9}
    return {"type": "text", "value": value, **times}


def punct(value: str) -> dict[str, Any]:
    return {"type": "punct", "value": value}


BLANK = punct(" ")


def test_monologues_become_turns(read_one: ReadOne, rows: Rows) -> None:
    file = {
        "id": "job-1",
        "language": "en",
        "created_on": "2026-03-02T12:00:00.000Z",
        "monologues": [
            {
                "speaker": 0,
                "elements": [text("Hi", 0.5), punct(","), BLANK, text("you", 1.0), punct(".")],
            },
            {
                "speaker": 1,
                "elements": [text("It", 2.0), BLANK, text("costs", 2.4), BLANK, text("$5", 2.8)],
            },
            {"speaker": 1, "elements": [text("Yes", 3.4), punct("?")]},
            {"speaker": 0, "elements": [{"type": "unknown", "value": "<inaudible>"}]},
        ],
    }
    call = read_one(file)
    assert (call.format, call.id, call.language, call.started_at) == (
        "rev-ai",
        "job-1",
        "en",
        "2026-03-02T12:00:00.000Z",
    )
    assert rows(call) == [
        ("unknown", "speaker 0", "Hi, you.", 0.5, 1.4),
        ("unknown", "speaker 1", "It costs $5 Yes?", 2.0, 3.8),
        ("unknown", "speaker 0", "<inaudible>", None, None),
    ]


def test_elements_without_blanks_get_them(read_one: ReadOne, rows: Rows) -> None:
    elements = [
        text("It", 0.0),
        text("costs", 0.5),
        text("$5", 1.0),
        punct("."),
        text("“No”", 2.0),
        punct("!"),
    ]
    file = {"monologues": [{"speaker": 0, "elements": elements}]}
    assert rows(read_one(file)) == [("unknown", "speaker 0", "It costs $5. “No”!", 0.0, 2.4)]


def test_a_single_monologue_and_one_element(read_one: ReadOne, rows: Rows) -> None:
    file = {"monologue": {"elements": [text("Hello", 1.0)]}}
    assert rows(read_one(file)) == [("unknown", None, "Hello", 1.0, 1.4)]


def test_channels_are_merged_by_time(read_one: ReadOne, rows: Rows) -> None:
    file = {
        "monologues": [
            {"speaker": 0, "elements": [text("Bye", 5.0)]},
            {"speaker": 1, "elements": [text("Mhm", 1.0)]},
        ]
    }
    assert [row[2] for row in rows(read_one(file))] == ["Mhm", "Bye"]


@pytest.mark.parametrize(
    ("monologues", "place"),
    [
        ([], ""),
        ([5], "monologues.0"),
        ([{"speaker": []}], "monologues.0.speaker"),
        ([{"elements": "hi"}], "monologues.0.elements"),
        ([{"elements": [{"value": 1.5, "ts": "a"}]}], "monologues.0.elements.0.ts"),
        ([{"elements": []}], ""),
    ],
)
def test_a_wrong_type_is_named(
    error_of: Callable[..., TranscriptError], monologues: Any, place: str
) -> None:
    assert error_of({"monologues": monologues}).place == (place and f"field {place}")
