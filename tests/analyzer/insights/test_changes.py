from __future__ import annotations

import random

import pytest

from analyzer.insights.changes import change_points, discoveries


def weeks(rng: random.Random, rates: list[float], calls: int) -> list[int]:
    return [sum(rng.random() < rate for _ in range(calls)) for rate in rates]


def test_a_change_for_good_is_found_with_its_rates() -> None:
    hits = weeks(random.Random(3), [0.1] * 20 + [0.3] * 20, 40)
    (change,) = change_points(hits, [40] * 40)

    assert abs(change.week - 20) <= 2 and change.earliest <= 20 <= change.latest
    assert change.before.interval.low < 10 < change.before.interval.high
    assert change.after.interval.low < 30 < change.after.interval.high
    assert change.p <= 0.01


def test_two_changes_are_found_in_their_order() -> None:
    hits = weeks(random.Random(4), [0.1] * 16 + [0.4] * 16 + [0.1] * 16, 40)
    found = change_points(hits, [40] * 48)

    assert [round(change.week / 16) for change in found] == [1, 2]


def test_chance_alone_seldom_makes_a_change() -> None:
    rng = random.Random(5)
    found = [change_points(weeks(rng, [0.15] * 52, 20), [20] * 52) for _ in range(60)]

    assert sum(bool(changes) for changes in found) <= 3


@pytest.mark.parametrize(
    ("hits", "calls"),
    [([], []), ([1], [2]), ([0] * 30, [5] * 30), ([5] * 30, [5] * 30), ([0] * 30, [0] * 30)],
)
def test_what_cannot_change_does_not(hits: list[int], calls: list[int]) -> None:
    assert change_points(hits, calls) == []


def test_weeks_without_calls_are_no_change() -> None:
    hits = weeks(random.Random(6), [0.2] * 15, 30)

    assert change_points([*hits, *[0] * 15, *hits], [*[30] * 15, *[0] * 15, *[30] * 15]) == []


def test_of_many_tests_only_those_hold_that_chance_does_not_explain() -> None:
    # by the procedure 5 %, 3.75 %, 2.5 % and 1.25 % for the largest to the smallest of four
    assert discoveries([0.012, 0.9, 0.02, 0.04]) == [True, False, True, False]
    assert discoveries([]) == []
