"""The head of the HTML report: the spread over the bands and a row per call."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analyzer.conversation import Conversation, Turn
from analyzer.evidence import Evidence
from analyzer.flags import Flag, FlagKind
from analyzer.report import Report
from analyzer.scoring import score
from analyzer.traits import TRAIT
from analyzer.writing.html_overview import row, shares, unscored

TURNS = tuple(
    Turn(f"Words of turn {index} that go on and on.", "customer" if index % 2 else "agent")
    for index in range(8)
)


def report(*found: tuple[str, int, float], **more: object) -> Report:
    """The report on a call, with these labels at these turns in place of its own evidence."""
    evidence = tuple(
        Evidence(label, turn, 0, 15, TURNS[turn].text[:15], sure, TRAIT[label].role)
        for label, turn, sure in found
    )
    scored = score(Conversation("c-1", TURNS, language="en"))
    return replace(scored, evidence=evidence, **more)  # type: ignore[arg-type]


def test_bands_are_counted_among_the_scored_calls() -> None:
    bands = ("rasmus", "rasmus", "kasper", "star", None)
    rows = [row(report(band=band), "c1") for band in bands]
    assert [(share.count, share.percent) for share in shares(rows)] == [
        (2, "50%"),
        (1, "25%"),
        (1, "25%"),
    ]
    assert [share.percent for share in shares([])] == ["", "", ""]


@pytest.mark.parametrize(
    ("band", "labels"),
    [
        ("rasmus", ["Blame", "Sigh", "Frustration"]),
        ("star", ["Empathy", "Frustration", "Blame"]),
    ],
)
def test_what_stands_out_explains_the_band(band: str, labels: list[str]) -> None:
    found = [
        ("greeting", 0, 0.99),
        ("sigh", 2, 1.0),
        ("frustration", 3, 0.9),
        ("blame", 4, 0.7),
        ("blame", 6, 0.8),
        ("empathy", 6, 0.9),
    ]
    standouts = row(report(*found, band=band), "c1").standouts
    assert [each.title for each in standouts] == labels
    blame = next(each for each in standouts if each.title == "Blame")
    assert (blame.times, blame.quote) == (2, "Words of turn 6")


def test_good_manners_stand_out_where_nothing_else_does() -> None:
    standouts = row(report(("greeting", 0, 0.9), ("clarification", 2, 0.9)), "c1").standouts
    assert [each.title for each in standouts] == ["Greeting", "Clarification"]


@pytest.mark.parametrize(
    ("kinds", "most"),
    [
        ((), ""),
        (("praise",), "praise"),
        (("praise", "doubt"), "doubt"),
        (("doubt", "praise", "concern"), "concern"),
    ],
)
def test_a_row_stands_out_by_its_most_pressing_flag(kinds: tuple[FlagKind, ...], most: str) -> None:
    flags = tuple(Flag("some_flag", "Because.", (), kind) for kind in kinds)
    assert row(report(flags=flags), "c1").kind == most


def test_calls_without_a_score_are_grouped_by_reason() -> None:
    german = score(Conversation("c-1", TURNS, language="de"))
    lonely = score(Conversation("c-2", TURNS[:1], language="en"))
    rows = [row(each, f"c{n}") for n, each in enumerate([report(), lonely, *[german] * 12], 1)]
    first, second = unscored(rows)
    assert (first.count, first.more) == (1, 0)
    assert (second.count, len(second.rows), second.more) == (12, 10, 2)
