from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from analyzer.insights.deadlines import deadline, mentions

WEDNESDAY = date(2026, 3, 4)


@pytest.mark.parametrize(
    ("language", "words", "due"),
    [
        ("da", "inden fredag", "2026-03-06"),
        ("da", "på tirsdag", "2026-03-10"),
        ("da", "i morgen tidlig", "2026-03-05"),
        ("da", "i overmorgen", "2026-03-06"),
        ("da", "den er der inden to uger", "2026-03-18"),
        ("da", "om fjorten dage", "2026-03-18"),
        ("da", "den 16. maj", "2026-05-16"),
        ("da", "senest den 16/3", "2026-03-16"),
        ("da", "inden ugen er omme", "2026-03-08"),
        ("nb", "innen to uker", "2026-03-18"),
        ("nb", "torsdag den nittende", "2026-03-19"),
        ("nb", "i løpet av tre til fem virkedager", "2026-03-11"),
        ("nb", "før helgen", "2026-03-06"),
        ("nn", "eg ringjer den tjuesjuande", "2026-03-27"),
        ("sv", "senast på onsdag", "2026-03-11"),
        ("sv", "i morgon bitti", "2026-03-05"),
        ("sv", "måndag nästa vecka", "2026-03-09"),
        ("sv", "vid månadsskiftet", "2026-03-31"),
        ("en", "within two weeks", "2026-03-18"),
        ("en", "by end of play Friday", "2026-03-06"),
        ("en", "by end of play", "2026-03-04"),
        ("en", "on May 3rd", "2026-05-03"),
        ("en", "the day after tomorrow", "2026-03-06"),
        ("en", "Tuesday week", "2026-03-17"),
        (None, "du får den på fredag", "2026-03-06"),
    ],
)
def test_a_deadline_is_the_day_that_the_words_name(
    language: str | None, words: str, due: str
) -> None:
    found = deadline(words, language, WEDNESDAY)

    assert found and found.last.isoformat() == due


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("da", "han kommer hver fredag"),
        ("nb", "de går til grannen om torsdagen"),
        ("sv", "varje tisdag"),
        ("en", "on Saturdays we are mad"),
        ("en", "the first man is the best"),
        ("da", "jeg ringer, når jeg ved mere"),
        ("en", "February 30"),
        ("en", ""),
    ],
)
def test_habits_and_other_words_are_no_deadline(language: str, words: str) -> None:
    assert deadline(words, language, WEDNESDAY) is None


@pytest.mark.parametrize(
    ("language", "words", "day"),
    [
        ("da", "I lovede det i mandags", "2026-03-02"),
        ("da", "for to uger siden", "2026-02-18"),
        ("nb", "jeg ringte forrige torsdag", "2026-02-26"),
        ("sv", "i fredags", "2026-02-27"),
        ("en", "you said the 27th", "2026-02-27"),
        ("en", "a week ago", "2026-02-25"),
    ],
)
def test_of_a_complaint_the_day_lies_behind(language: str, words: str, day: str) -> None:
    (found,) = mentions(words, language, WEDNESDAY, past=True)

    assert found.first <= date.fromisoformat(day) <= found.last


def test_an_honest_expectation_reaches_to_the_latest_day_that_it_names() -> None:
    words = "den kommer fredag, ellers bliver det mandag"
    first, latest = (deadline(words, "da", WEDNESDAY, longest=longest) for longest in (False, True))

    assert first and first.last == date(2026, 3, 6)
    assert latest and latest.last == date(2026, 3, 9)


def test_a_day_is_better_than_the_time_of_day() -> None:
    found = deadline("klokken to ringer jeg, på torsdag", "da", WEDNESDAY)

    assert found and found.last == date(2026, 3, 5)


def test_most_promises_of_the_training_calls_get_the_day_that_a_person_read_in_them() -> None:
    """Drawn from the promises of the training calls after the rules were written."""
    path = Path(__file__).with_name("deadlines.tsv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    right = 0
    for row in rows:
        longest = row["label"] == "expectation"
        found = deadline(row["words"], row["language"], WEDNESDAY, longest=longest)
        right += (found.last.isoformat() if found else "") == row["due"]

    assert len(rows) == 108
    assert right >= 94  # docs/insights.md says so
