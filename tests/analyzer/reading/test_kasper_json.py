from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError
from analyzer.reading import read, stream

ReadOne = Callable[..., Conversation]
Rows = Callable[[Conversation], list[tuple[Any, ...]]]
ErrorOf = Callable[..., TranscriptError]
Write = Callable[[str, Any], str]

CALL: dict[str, Any] = {
    "id": "c-1",
    "language": "da",
    "started_at": "2026-03-02T09:14:00+01:00",
    "customer_id": "k-77",
    "agent_id": "a-12",
    "queue": "support",
    "turns": [
        {"role": "agent", "speaker": "A1", "text": "Goddag.", "start": 0.0, "end": 2.4},
        {"role": "customer", "text": " Hej. ", "start": 2.5, "end": "3.5"},
        {"role": "system", "text": "[viderestillet]"},
        {"role": "agent", "speaker": "Ole", "text": "", "start": 9},
        {"text": "Hvem?", "speaker": None},
    ],
}


def test_every_field_is_read(read_one: ReadOne) -> None:
    call = read_one(CALL)
    assert (call.format, call.id, call.language) == ("kasper", "c-1", "da")
    assert call.started_at == "2026-03-02T09:14:00+01:00"
    assert (call.customer_id, call.agent_id, call.queue) == ("k-77", "a-12", "support")


def test_turns_stay_as_given(read_one: ReadOne, rows: Rows) -> None:
    # a report counts the turns of the file: blanks and empty turns keep their place
    assert rows(read_one(CALL)) == [
        ("agent", "A1", "Goddag.", 0.0, 2.4),
        ("customer", "C1", " Hej. ", 2.5, 3.5),
        ("system", None, "[viderestillet]", None, None),
        ("agent", "A2", "", 9.0, None),
        ("unknown", None, "Hvem?", None, None),
    ]


@pytest.mark.parametrize("call_id", [None, ""])
def test_without_an_id_the_file_gives_it(read_one: ReadOne, call_id: Any) -> None:
    assert read_one({"id": call_id, "turns": [{"text": "Hej"}]}, name="a/b.c.json").id == "b.c"


def test_unknown_fields_are_ignored_and_numbers_are_ids(read_one: ReadOne) -> None:
    call = read_one({"id": 17, "mood": {"x": [1]}, "turns": [{"text": "Hej", "tone": 3}]})
    assert call.id == "17"


def test_several_calls_as_a_list_or_as_lines(write: Write) -> None:
    one, two = {"id": "a", "turns": [{"text": "Hej"}]}, {"turns": [{"text": "Dav"}]}
    listed = read(write("calls.json", [one, two]))
    lines = read(
        write(
            "calls.jsonl", '{"id": "a", "turns": [{"text": "Hej"}]}\n\n{"turns": [{"text": "Dav"}]}'
        )
    )
    assert [call.id for call in listed] == ["a", "calls-2"]
    assert [call.id for call in lines] == ["a", "calls-3"]


@pytest.mark.parametrize(
    ("change", "place", "expected"),
    [
        ({"turns": []}, "turns", "must not be empty"),
        ({"turns": None}, "turns", "is missing"),
        ({"turns": "Hej"}, "turns", "must be a list"),
        ({"turns": {"text": "Hej"}}, "turns", "must be a list"),
        ({"turns": ["Hej"]}, "turns.0", "a JSON object"),
        ({"turns": [None]}, "turns.0", "a JSON object"),
        ({"turns": [{}]}, "turns.0.text", "is missing"),
        ({"turns": [{"text": None}]}, "turns.0.text", "is missing"),
        ({"turns": [{"text": ["Hej"]}]}, "turns.0.text", "must be text"),
        ({"turns": [{"text": True}]}, "turns.0.text", "must be text"),
        ({"turns": [{"text": "Hej"}, {"text": {}}]}, "turns.1.text", "must be text"),
        ({"turns": [{"text": "a", "role": "boss"}]}, "turns.0.role", "'agent', 'customer'"),
        ({"turns": [{"text": "a", "role": ["agent"]}]}, "turns.0.role", "'agent', 'customer'"),
        ({"turns": [{"text": "a", "speaker": {}}]}, "turns.0.speaker", "must be text"),
        ({"turns": [{"text": "a", "start": -0.1}]}, "turns.0.start", "must be 0 or more"),
        ({"turns": [{"text": "a", "start": "noon"}]}, "turns.0.start", "must be a number"),
        ({"turns": [{"text": "a", "start": []}]}, "turns.0.start", "must be a number"),
        ({"turns": [{"text": "a", "end": 1e300}]}, "turns.0.end", "or less"),
        ({"turns": [{"text": "a", "end": 10**400}]}, "turns.0.end", "number"),
        (
            {"turns": [{"text": "a", "start": 2, "end": 1}]},
            "turns.0",
            "the end (1) is before the start (2)",
        ),
        ({"turns": [{"text": " "}]}, "", "no speech"),
        ({"turns": [{"text": "[hold]", "role": "system"}]}, "", "no speech"),
        ({"id": {"a": 1}}, "id", "must be text"),
        ({"language": ["da"]}, "language", "must be text"),
        ({"started_at": False}, "started_at", "must be text"),
    ],
)
def test_a_wrong_type_is_named(
    error_of: ErrorOf, change: dict[str, Any], place: str, expected: str
) -> None:
    error = error_of(CALL | change)
    assert error.place == (place and f"field {place}")
    assert expected in error.expected


@pytest.mark.parametrize("number", ["1e999", "-1e999"])
def test_a_number_beyond_all_numbers_is_refused(error_of: ErrorOf, number: str) -> None:
    text = json.dumps({"turns": [{"text": "a", "start": "?"}]}).replace('"?"', number)
    assert error_of(text).place == "field turns.0.start"


def test_half_a_character_does_not_reach_the_program(read_one: ReadOne) -> None:
    text = r'{"id": "\ud83d", "turns": [{"text": "\ud83d\ude00 \ude00 \\ud83d"}]}'
    call = read_one(text)
    assert (call.id, call.turns[0].text) == ("\ufffd", "😀 \ufffd \\ud83d")


def test_one_bad_call_in_a_list_leaves_the_others(write: Write) -> None:
    path = write(
        "calls.json", [{"turns": [{"text": "Hej"}]}, {"turns": 5}, 7, {"turns": [{"text": "Dav"}]}]
    )
    first, second, third, fourth = stream([path])
    assert isinstance(first, Conversation) and isinstance(fourth, Conversation)
    assert isinstance(second, TranscriptError) and second.place == "call 2, field turns"
    assert isinstance(third, TranscriptError) and third.place == "call 3"


def test_a_hundred_thousand_turns(read_one: ReadOne) -> None:
    call = read_one({"turns": [{"text": "ja", "role": "agent"}] * 100_000})
    assert len(call.turns) == 100_000
