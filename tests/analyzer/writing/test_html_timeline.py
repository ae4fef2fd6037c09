"""The strip of a call: where its turns, findings and events lie."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from analyzer.conversation import Conversation, Turn
from analyzer.evidence import Evidence
from analyzer.report import Report
from analyzer.scoring import score
from analyzer.writing.html_timeline import Timeline, timeline

TIMED = (
    Turn("Not my table, I will put you through.", "agent", "A1", 2.0, 4.0),
    Turn("I am so tired of this.", "customer", "C1", 4.0, 7.0),
    Turn("[hold]", "system", None, 7.0, 60.0),
    Turn("[transferred]", "system", None, 60.0, 61.0),
    Turn("[beep]", "system"),
    Turn("Hello, this is billing, I will fix it.", "agent", "A2", 61.0, 64.0),
    Turn("Thanks.", "customer", "C1", 72.0, 80.0),
)


def report(turns: tuple[Turn, ...], *spans: tuple[str, int, int, int]) -> Report:
    """The report on a call, with this evidence in place of its own."""
    evidence = tuple(
        Evidence(label, turn, start, end, turns[turn].text[start:end], 0.9, turns[turn].role)
        for label, turn, start, end in spans
    )
    return replace(score(Conversation("c-1", turns, language="en")), evidence=evidence)


def without_times(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    return tuple(replace(turn, start=None, end=None) for turn in turns)


def strip(turns: tuple[Turn, ...], *spans: tuple[str, int, int, int]) -> Timeline:
    return timeline(report(turns, *spans), "c1")


def test_turns_lie_where_their_times_say() -> None:
    blocks = strip(TIMED).blocks
    assert [(block.x, block.width) for block in blocks] == [
        (2.5, 2.5), (5.0, 3.75), (76.25, 3.75), (90.0, 10.0)
    ]  # fmt: skip
    assert [block.again for block in blocks] == [False, False, True, False]
    assert blocks[1].title == "Turn 1, Customer at 0:04: I am so tired of this."


def test_without_times_words_measure_the_turns() -> None:
    turns = (Turn("one two", "agent"), Turn("three", "customer"), Turn("four", "agent"))
    shown = strip(turns)
    assert [(block.x, block.width) for block in shown.blocks] == [(0, 50), (50, 25), (75, 25)]
    assert [tick.text for tick in shown.ticks] == ["turn 0", "turn 1", "turn 2"]
    assert "no times" in shown.measure


def test_events_lie_between_the_lanes() -> None:
    events = strip(TIMED).events
    assert Counter(event.kind for event in events) == {
        "hold": 1, "transfer": 1, "note": 1, "silence": 1
    }  # fmt: skip
    silence = next(event for event in events if event.kind == "silence")
    assert (silence.x, silence.width) == (80.0, 10.0)
    assert silence.title == "Nobody speaks for 8 s"


def test_without_times_there_are_no_silences() -> None:
    kinds = [event.kind for event in strip(without_times(TIMED)).events]
    assert kinds == ["hold", "transfer", "note"]


def test_a_finding_lies_at_its_words() -> None:
    shown = strip(TIMED, ("deflection", 0, 0, 12), ("satisfaction", 6, 0, 7))
    first, second = shown.dots
    assert first.x == pytest.approx(2.5 + 2.5 * 6 / 37, abs=0.01)
    assert second.x == 95
    assert first.y < shown.agent_y and second.y >= shown.customer_y + shown.lane
    assert "“Not my table”" in first.title and "90% sure" in first.title


def test_findings_in_one_place_are_stacked_but_not_without_end() -> None:
    shown = strip(TIMED, *[("blame", 0, 0, 3)] * 9)
    assert sorted({dot.y for dot in shown.dots}) == [0, 16, 32, 48]
    assert shown.agent_y == 64


@pytest.mark.parametrize(
    ("seconds", "ticks"),
    [
        (20, ["0:00", "0:05", "0:10", "0:15", "0:20"]),
        (182, ["0:00", "1:00", "2:00", "3:02"]),
        (36_000, ["0:00", "1:40:00", "3:20:00", "5:00:00", "6:40:00", "8:20:00", "10:00:00"]),
    ],
)
def test_the_axis_has_round_times(seconds: float, ticks: list[str]) -> None:
    turns = Turn("Hi.", "agent", "A1", 0.0, 1.0), Turn("Bye.", "customer", "C1", 1.0, seconds)
    assert [tick.text for tick in strip(turns).ticks] == ticks


def test_a_call_without_turns_has_an_empty_strip() -> None:
    shown = strip(())
    assert (shown.blocks, shown.events, shown.dots, shown.ticks) == ((), (), (), ())
