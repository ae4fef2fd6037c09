from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import pandas as pd
import pytest
from scipy import stats

from analyzer.insights import chance_of, find_matters, hit_again, journeys, ladder, recovery_curve
from analyzer.insights.log import Log
from benchmarks.year import Year, year

MakeLog = Callable[..., Log]
AGAIN = [("repeat_contact", "det er anden gang")]
FAILED = {"failure": True, "resolved": False}


def journey(log: Log) -> dict[str, object]:
    (row,) = journeys(log, find_matters(log)).to_dict("records")
    return row


def test_a_journey_is_told_from_the_first_call_to_the_last(log: MakeLog) -> None:
    row = journey(
        log(
            ("c-1", "2026-03-02", {**FAILED, "transfers": 2, "band": "rasmus"}, []),
            ("c-2", "2026-03-05", {**FAILED, "transfers": 1, "queue": "sales"}, AGAIN),
            ("c-3", "2026-03-12", {"recovery": 2, "failure": True, "band": "star"}, AGAIN),
        )
    )

    assert (row["repeats"], row["transfers"], row["failures"], row["queues"]) == (2, 3, 3, 2)
    assert row["trail"] == "rasmus > kasper > star"
    assert (row["days"], row["days_to_recovery"], row["best_step"]) == (10, 10, 2)


def test_what_fails_again_was_not_recovered(log: MakeLog) -> None:
    row = journey(
        log(
            ("c-1", "2026-03-02", {"failure": True, "resolved": True, "recovery": 1}, []),
            ("c-2", "2026-03-05", FAILED, AGAIN),
        )
    )

    assert pd.isna(row["recovered_on"])


def test_who_was_never_failed_has_nothing_to_recover_from(log: MakeLog) -> None:
    row = journey(log(("c-1", "2026-03-02", {}, [])))

    assert pd.isna(row["failed_on"]) and pd.isna(row["recovered_on"])


def test_failures_that_fall_on_the_same_customers_are_more_than_chance_gives(log: MakeLog) -> None:
    calls = [
        (
            f"c-{customer}-{month}",
            f"2026-{month:02}-10",
            {
                "customer_id": f"k-{customer}",
                **(FAILED if unlucky or month == customer % 7 else {}),
            },
            [],
        )
        for customer in range(80)
        for unlucky in [customer % 10 == 0]
        for month in (1, 4, 7)
    ]
    found = hit_again(made := log(*calls), find_matters(made))

    assert found is not None
    assert (found.matters, found.customers) == (240, 8)
    assert found.again == 16 > found.chance.high and found.p < 0.01


def test_failures_that_fall_on_anybody_are_as_many_as_chance_gives() -> None:
    found = [
        hit_again(own.log, find_matters(own.log))
        for own in (year(300, seed=seed, cases=True, unlucky=0.25) for seed in range(31, 41))
    ]

    assert sum(result is not None and result.p < 0.05 for result in found) <= 2


def test_too_few_customers_tell_nothing_of_chance(log: MakeLog) -> None:
    made = log(("c-1", "2026-03-02", FAILED, []))

    assert hit_again(made, find_matters(made)) is None


def test_the_ladder_shows_what_follows_with_intervals_or_nothing(
    log: MakeLog, generated: Year
) -> None:
    table = ladder(generated.log, find_matters(generated.log))
    few = ladder(one := log(("c-1", "2026-03-02", FAILED, [])), find_matters(one))

    assert table["step"].tolist() == [0, 1, 2, 3]
    enough = table[~table["too_few"]]
    assert (enough["again_low"] < enough["again"]).all()
    assert (enough["again"] < enough["again_high"]).all()
    assert few["too_few"].all() and few["again"].isna().all()


def test_only_failures_old_enough_tell_how_many_were_made_good(generated: Year) -> None:
    table = journeys(generated.log, find_matters(generated.log))
    curve = recovery_curve(table, generated.log.calls["day"].max(), (0, 30))

    assert curve["matters"].is_monotonic_decreasing
    assert curve["recovered"].is_monotonic_increasing


def test_the_chance_of_several_failures_is_that_of_unequal_coins() -> None:
    shares = [0.1, 0.4, 0.25, 0.7]
    for failed in range(6):
        expected = sum(
            math.prod(p if hit else 1 - p for p, hit in zip(shares, outcome, strict=True))
            for outcome in itertools.product((0, 1), repeat=4)
            if sum(outcome) >= failed
        )
        assert chance_of(shares, failed) == pytest.approx(expected)
    assert chance_of([0.2] * 30, 9) == pytest.approx(stats.binom.sf(8, 30, 0.2))
    assert chance_of([], 0) == 1.0
