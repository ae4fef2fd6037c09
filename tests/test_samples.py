"""The sample calls: each is read, scored and proved by its own words, most as they were meant."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from analyzer.conversation import Conversation
from analyzer.reading import stream
from analyzer.report import Report
from analyzer.scoring import score

ROOT = Path(__file__).parent.parent
MEANT: dict[str, str] = tomllib.loads((ROOT / "tests" / "samples.toml").read_text("utf-8"))


@pytest.fixture(scope="module")
def reports() -> dict[str, Report]:
    found = {}
    for parsed in stream([str(ROOT / "data" / "samples")]):
        assert isinstance(parsed, Conversation), parsed
        found[parsed.id] = score(parsed)
    return found


def test_every_sample_is_read_and_scored(reports: dict[str, Report]) -> None:
    assert set(reports) == set(MEANT)
    assert all(report.score is not None for report in reports.values())


def test_evidence_is_exactly_the_words_it_points_at(reports: dict[str, Report]) -> None:
    for report in reports.values():
        for item in report.evidence:
            turn = report.conversation.turns[item.turn]
            assert turn.text[item.start : item.end] == item.text != ""
            assert turn.role == item.role


def test_samples_cover_four_languages_and_many_formats(reports: dict[str, Report]) -> None:
    languages = {report.conversation.language for report in reports.values()}
    formats = {report.conversation.format for report in reports.values()}
    assert {"da", "nb", "nn", "sv", "en"} <= languages
    assert len(formats) >= 12


def test_agent_is_told_from_the_customer_where_the_file_does_not_say(
    reports: dict[str, Report],
) -> None:
    report = reports["da-bed-slats"]  # Teams names people, not roles
    assert report.conversation.roles.method == "detected"
    assert report.conversation.turns[0].role == "agent"


@pytest.mark.parametrize(
    ("call", "label", "at_least"),
    [
        ("da-dishwasher-seventh-time", "deflection", 6),
        ("da-dishwasher-seventh-time", "sigh", 4),
        ("da-map-update", "broken_promise", 1),
        ("nb-trampoline-1", "overpromise", 1),
        ("nb-trampoline-3", "broken_promise", 1),
        ("da-bed-slats", "ownership", 1),
        ("sv-lift-button", "empathy", 1),
    ],
)
def test_stories_are_found_in_the_calls_that_tell_them(
    reports: dict[str, Report], call: str, label: str, at_least: int
) -> None:
    counts = reports[call].counts
    assert counts is not None and counts[label] >= at_least


@pytest.mark.parametrize(
    "call",
    [
        "da-dishwasher-seventh-time",
        "da-map-update",
        "da-bed-slats",
        "nb-trampoline-1",
        "nb-trampoline-2",
        "nb-trampoline-3",
        "sv-lift-button",
    ],
)
def test_stories_get_the_band_they_deserve(reports: dict[str, Report], call: str) -> None:
    assert reports[call].band == MEANT[call]


def test_most_samples_get_the_band_they_were_meant_to(reports: dict[str, Report]) -> None:
    right = [call for call, report in reports.items() if report.band == MEANT[call]]
    # the classifier errs: what it misses most are kasper calls that it takes for stars
    assert len(right) >= 24, sorted(set(MEANT) - set(right))
