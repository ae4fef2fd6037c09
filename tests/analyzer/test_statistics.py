from __future__ import annotations

import random

import pytest
from scipy import stats

from analyzer.statistics import (
    difference_of_means,
    difference_of_shares,
    likely_rate,
    mean_interval,
    rate_of,
    t_quantile,
    wilson,
)


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 7, 19, 200])
def test_students_quantile(freedom: int) -> None:
    assert t_quantile(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=0.005)


@pytest.mark.parametrize(("count", "n"), [(0, 5), (1, 20), (7, 20), (20, 20), (480, 1000)])
def test_the_interval_of_a_share_is_wilsons(count: int, n: int) -> None:
    expected = stats.binomtest(count, n).proportion_ci(method="wilson")
    assert wilson(count, n) == pytest.approx((expected.low, expected.high))


def test_the_interval_of_a_difference_is_newcombes() -> None:
    # the first example of Newcombe (1998), table II, method 10
    assert difference_of_shares(56, 70, 48, 80) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_the_interval_of_a_mean_is_students() -> None:
    values = [12.0, 40.5, 55.0, 61.5, 48.0, 70.0, 33.0, 90.0]
    found = mean_interval(values)
    low, high = stats.t.interval(0.95, 7, loc=sum(values) / 8, scale=stats.sem(values))

    assert found and (found[1].low, found[1].high) == pytest.approx((low, high), abs=0.06)
    assert mean_interval([1.0]) is None


def test_the_interval_of_a_difference_of_means_is_welchs() -> None:
    a, b = [20.0, 31.0, 25.5, 40.0, 28.0, 33.0], [22.0, 19.0, 24.0, 15.0, 21.0, 26.0, 18.0]
    found = difference_of_means(a, b)
    expected = stats.ttest_ind(a, b, equal_var=False).confidence_interval()

    # degrees of freedom are rounded down, which makes it a little wider
    assert found and found.low == pytest.approx(expected.low, abs=0.5)
    assert found.high == pytest.approx(expected.high, abs=0.5)
    assert found.low <= expected.low + 0.05 and found.high >= expected.high - 0.05
    assert difference_of_means(a, [1.0]) is None


def test_sure_findings_make_the_rate_of_their_count() -> None:
    assert likely_rate([1.0] * 12, 80) == rate_of(12, 80)


def test_doubtful_findings_widen_the_interval() -> None:
    sure, doubtful = likely_rate([1.0] * 10, 100), likely_rate([0.5] * 20, 100)

    assert doubtful.per_100 == sure.per_100
    assert doubtful.interval.low < sure.interval.low
    assert doubtful.interval.high > sure.interval.high


def test_the_interval_holds_the_true_rate_as_often_as_it_says() -> None:
    rng, held = random.Random(1), 0
    for _ in range(1000):
        # of 200 calls 15 in 100 have it; a finding is right as often as it says
        likely = []
        for _ in range(200):
            if rng.random() < 0.15 / 0.75:
                likely.append(0.75)
        rate = likely_rate(likely, 200)
        held += rate.interval.low <= 15 <= rate.interval.high

    assert held >= 940
