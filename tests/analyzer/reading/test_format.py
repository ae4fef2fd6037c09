from __future__ import annotations

import time

import pytest

from analyzer.conversation import Role, Turn
from analyzer.errors import TranscriptError
from analyzer.reading.format import (
    Origin,
    Shape,
    Word,
    by_time,
    conversation,
    from_first,
    merge_segments,
    shaped,
    turns_from_words,
)

ORIGIN = Origin("f.json", "f", "line 3")


def turn(
    text: str,
    speaker: str | None,
    start: float | None = None,
    end: float | None = None,
    role: Role = "unknown",
) -> Turn:
    return Turn(text, role, speaker, start, end)


def test_words_are_joined_and_punctuation_glued() -> None:
    words = [
        Word("Hej", 0.0, 0.4, "a"),
        Word(",", None, None, glued=True),
        Word(" Jens ", 0.5, 0.9, "a"),
        Word("", 1.0, 1.1, "a"),
    ]
    assert list(turns_from_words(words)) == [turn("Hej, Jens", "a", 0.0, 1.1)]


def test_a_new_speaker_or_a_silence_of_more_than_three_seconds_begins_a_turn() -> None:
    words = [
        Word("a", 0.0, 1.0, "x"),
        Word("b", 4.0, 5.0, "x"),
        Word("c", 8.1, 9.0, "x"),
        Word("d", 9.0, 9.5, "y"),
    ]
    assert [(t.text, t.speaker) for t in turns_from_words(words)] == [
        ("a b", "x"),
        ("c", "x"),
        ("d", "y"),
    ]


def test_punctuation_neither_parts_nor_bridges_turns() -> None:
    words = [
        Word("a", 0.0, 1.0, "x"),
        Word(".", None, None, None, glued=True),
        Word("b", 1.1, 2.0, "x"),
        Word("!", None, None, "y", glued=True),
        Word("c", 9.0, 9.5, "x"),
    ]
    assert [t.text for t in turns_from_words(words)] == ["a. b!", "c"]


def test_punctuation_may_come_first() -> None:
    assert list(
        turns_from_words([Word("¿", None, None, "x", glued=True), Word("Qué", 1.0, 2.0, "x")])
    ) == [turn("¿ Qué", "x", 1.0, 2.0)]


def test_segments_of_one_speaker_are_merged() -> None:
    segments = [
        turn("a", "x", 0.0, 5.0),
        turn(" ", "x", 1.0, 2.0),
        turn("b ", "x", 2.5, 3.0),
        turn("c", "y", 3.0, 3.5),
        turn("d", "x", 9.0, 9.5),
        turn("e", "x", 12.6, 13.0),
    ]
    assert list(merge_segments(segments)) == [
        turn("a b", "x", 0.0, 5.0),
        turn("c", "y", 3.0, 3.5),
        turn("d", "x", 9.0, 9.5),
        turn("e", "x", 12.6, 13.0),
    ]


def test_segments_without_a_speaker_and_events_stay_apart() -> None:
    segments = [
        turn("a", None),
        turn("b", None),
        turn("[x]", "s", role="system"),
        turn("[y]", "s", role="system"),
    ]
    assert list(merge_segments(segments)) == segments


def test_the_end_is_unknown_when_the_last_segment_has_none() -> None:
    assert list(merge_segments([turn("a", "x", 0.0, 1.0), turn("b", "x", 2.0)])) == [
        turn("a b", "x", 0.0)
    ]


def test_a_long_monologue_is_merged_in_linear_time() -> None:
    segments = [turn("ja " * 10, "x", float(i), i + 1.0) for i in range(60_000)]
    began = time.perf_counter()
    (merged,) = merge_segments(segments)
    assert len(merged.text) == 60_000 * 30 - 1
    assert time.perf_counter() - began < 2


def test_turns_are_sorted_by_time_only_if_all_have_one() -> None:
    late, early, timeless = turn("b", "x", 2.0), turn("a", "y", 1.0), turn("c", "z")
    assert by_time([late, early]) == [early, late]
    assert by_time([late, early, timeless]) == [late, early, timeless]


@pytest.mark.parametrize("zero", [3600.0, 33_242.0, 1.7e9])
def test_times_of_a_clock_on_the_wall_count_from_the_first_turn(zero: float) -> None:
    turns = [turn("a", "x", zero, zero + 2), turn("b", "y", zero + 3), turn("c", "z")]
    assert from_first(turns) == [turn("a", "x", 0.0, 2.0), turn("b", "y", 3.0), turn("c", "z")]


@pytest.mark.parametrize("start", [0.0, 12.0, 3599.0])
def test_times_from_the_start_of_the_call_stay(start: float) -> None:
    turns = [turn("a", "x", start), turn("b", "y", 7200.0)]
    assert from_first(turns) == turns


def test_turns_are_cleaned_and_speakers_numbered() -> None:
    given = [
        turn(" a ", "Mette", -0.5, 1.0, "agent"),
        turn(" ", "x"),
        turn("b", "Ole", 1e9, 3.0, "agent"),
        turn("c", "Jens", 4.0, 3.0, "customer"),
        turn("d", "Mette", -9.0, 1e9, "agent"),
    ]
    found = conversation(ORIGIN, "text", given, id="c-1", language="da")
    assert (found.id, found.source, found.format, found.language) == ("c-1", "f.json", "text", "da")
    assert found.turns == (
        turn("a", "A1", 0.0, 1.0, "agent"),
        turn("b", "A2", None, 3.0, "agent"),
        turn("c", "C1", 4.0, None, "customer"),
        turn("d", "A1", None, None, "agent"),
    )


def test_turns_may_stay_as_given() -> None:
    given = (turn(" a ", "x", 5.0, 4.0), turn("", "x"))
    found = conversation(ORIGIN, "kasper", given, as_given=True)
    assert (found.id, found.turns) == ("f", given)


@pytest.mark.parametrize("turns", [[], [turn(" ", "x")], [turn("[hold]", None, role="system")]])
@pytest.mark.parametrize("as_given", [True, False])
def test_nobody_speaking_is_an_error(turns: list[Turn], as_given: bool) -> None:
    with pytest.raises(TranscriptError, match="^f.json, line 3: no speech in this call; check"):
        conversation(ORIGIN, "text", turns, as_given=as_given)


class _Inner(Shape):
    number: int


class _Outer(Shape):
    name: str = "none"
    inner: list[_Inner] = []


def test_null_is_absent_and_unknown_fields_are_ignored() -> None:
    found = shaped(_Outer, {"name": None, "inner": [{"number": 1, "x": None}], "y": 2}, ORIGIN)
    assert (found.name, [inner.number for inner in found.inner]) == ("none", [1])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (5, "f.json, line 3: must be a JSON object; export the file again."),
        (
            {"name": []},
            "f.json, line 3, field name: must be text; export the file again.",
        ),
        (
            {"inner": [{}]},
            "f.json, line 3, field inner.0.number: is missing; export the file again.",
        ),
        (
            {"inner": [[]]},
            "f.json, line 3, field inner.0: must be a JSON object; export the file again.",
        ),
    ],
)
def test_the_first_field_that_does_not_fit_is_named(value: object, message: str) -> None:
    with pytest.raises(TranscriptError) as raised:
        shaped(_Outer, value, ORIGIN)
    assert str(raised.value) == message
