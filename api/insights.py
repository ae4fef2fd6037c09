"""Figures over many calls, each with the interval that chance alone leaves open.

docs/trust.md says what they mean. Formulas and their sources stand with the functions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import add
from statistics import NormalDist
from typing import Literal

from analyzer.statistics import (
    Interval,
    Rate,
    difference_of_shares,
    rate_of,
    t_quantile,
)
from analyzer.traits import LABELS, TRAITS

BANDS = ("rasmus", "kasper", "star")
# What an agent does; customers' signals depend on the matters that an agent is given.
AGENT_LABELS = tuple(trait.name for trait in TRAITS if trait.role == "agent")
HARMFUL = frozenset(trait.name for trait in TRAITS if trait.polarity == "rasmus")
# A week with fewer scored calls shows how many there were and nothing else.
MIN_WEEK = 5
# Fewer weeks make no trend.
MIN_TREND_WEEKS = 5
# Fewer calls on either side make no statement on drift.
MIN_DRIFT_CALLS = 100
# Eighteen labels are compared at once: by chance alone one of them would lie outside a 95 %
# interval nearly every time, so each gets its share of the 5 % (Bonferroni).
_Z_COMPARED = NormalDist().inv_cdf(1 - 0.025 / len(AGENT_LABELS))

Direction = Literal["rising", "falling", "unclear"]
DriftState = Literal["steady", "moved", "moved_much", "too_few_calls"]


@dataclass(frozen=True, slots=True)
class Tally:
    """Calls summed up by the database: `total` and `squares` are over the scores.

    `bands` and `labels` count scored calls, in the order of `BANDS` and `LABELS`.
    """

    calls: int = 0
    scored: int = 0
    total: float = 0.0
    squares: float = 0.0
    bands: tuple[int, ...] = (0,) * len(BANDS)
    labels: tuple[int, ...] = (0,) * len(LABELS)

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.calls + other.calls,
            self.scored + other.scored,
            self.total + other.total,
            self.squares + other.squares,
            tuple(map(add, self.bands, other.bands)),
            tuple(map(add, self.labels, other.labels)),
        )


@dataclass(frozen=True, slots=True)
class Week:
    """A week from Monday (UTC); the figures are null where fewer than five calls were scored."""

    monday: date
    calls: int
    scored: int
    bands: dict[str, float] | None
    mean_score: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class LabelRate:
    """How many of 100 calls carry a label, in all and by week."""

    label: str
    rate: Rate
    weeks: list[float | None]


@dataclass(frozen=True, slots=True)
class Trend:
    """By how much the mean score changes a week; null where there are too few weeks."""

    direction: Direction
    points_per_week: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A label here beside the rest of the organisation; `difference` is in calls of 100.

    Its interval allows for all labels being compared at once.
    """

    label: str
    here: Rate
    elsewhere: Rate
    difference: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of a team, an agent, or all calls."""

    calls: int
    scored: int
    mean_score: float
    interval: Interval
    bands: dict[str, Rate]
    trend: Trend
    weeks: list[Week]
    labels: list[LabelRate]
    # calls of everybody else that strong points and what to coach were compared with
    compared_with: int
    strong: list[Comparison]
    coach: list[Comparison]


def summarise(weeks: Mapping[date, Tally], everybody: Tally | None, min_calls: int) -> Summary:
    """The figures of some calls, by week, beside those of everybody's if these are more.

    With fewer than `min_calls` calls of others nothing is compared.
    """
    own = sum(weeks.values(), Tally())
    mean, interval = mean_of(own)
    strong: list[Comparison] = []
    coach: list[Comparison] = []
    everybody = everybody or own
    others = everybody.scored - own.scored
    for label, here, everywhere in zip(LABELS, own.labels, everybody.labels, strict=True):
        if label not in AGENT_LABELS or others < min_calls:
            continue
        compared = _compare(label, here, own.scored, everywhere - here, others)
        if compared.interval.low > 0 or compared.interval.high < 0:
            is_worse = (compared.difference > 0) == (label in HARMFUL)
            (coach if is_worse else strong).append(compared)
    return Summary(
        calls=own.calls,
        scored=own.scored,
        mean_score=mean,
        interval=interval,
        bands={
            band: rate_of(count, own.scored) for band, count in zip(BANDS, own.bands, strict=True)
        },
        trend=trend_of(list(weeks.values())),
        weeks=[_week(monday, tally) for monday, tally in weeks.items()],
        labels=[
            LabelRate(
                label,
                rate_of(own.labels[bit], own.scored),
                [_per_100(tally.labels[bit], tally) for tally in weeks.values()],
            )
            for bit, label in enumerate(LABELS)
        ],
        compared_with=others,
        strong=sorted(strong, key=_furthest),
        coach=sorted(coach, key=_furthest),
    )


def _furthest(compared: Comparison) -> float:
    return -abs(compared.difference)


def _week(monday: date, tally: Tally) -> Week:
    if tally.scored < MIN_WEEK:
        return Week(monday, tally.calls, tally.scored, None, None, None)
    mean, interval = mean_of(tally)
    shares = {
        band: round(100 * count / tally.scored, 1)
        for band, count in zip(BANDS, tally.bands, strict=True)
    }
    return Week(monday, tally.calls, tally.scored, shares, mean, interval)


def _per_100(count: int, tally: Tally) -> float | None:
    return round(100 * count / tally.scored, 1) if tally.scored >= MIN_WEEK else None


def _compare(label: str, here: int, calls: int, elsewhere: int, others: int) -> Comparison:
    low, high = difference_of_shares(here, calls, elsewhere, others, _Z_COMPARED)
    return Comparison(
        label=label,
        here=rate_of(here, calls),
        elsewhere=rate_of(elsewhere, others),
        difference=round(100 * (here / calls - elsewhere / others), 1),
        interval=Interval(round(100 * low, 1), round(100 * high, 1)),
    )


def mean_of(tally: Tally) -> tuple[float, Interval]:
    """The mean score with Student's interval; of one call it reaches from 0 to 100."""
    n = tally.scored
    mean = tally.total / n if n else 0.0
    if n < 2:
        return round(mean, 1), Interval(0.0, 100.0)
    variance = max(tally.squares - n * mean * mean, 0.0) / (n - 1)
    half = t_quantile(n - 1) * math.sqrt(variance / n)
    return round(mean, 1), Interval(
        round(max(mean - half, 0.0), 1), round(min(mean + half, 100.0), 1)
    )


def trend_of(weeks: Sequence[Tally]) -> Trend:
    """The slope of a line through the weekly means, each weighted by its calls.

    What is left between line and means gives the interval, so that one odd week widens it however
    many calls it had.
    """
    points = [(x, own.scored, own.total / own.scored) for x, own in enumerate(weeks)
              if own.scored >= MIN_WEEK]  # fmt: skip
    if len(points) < MIN_TREND_WEEKS:
        return Trend("unclear", None, None)
    weight = sum(n for _, n, _ in points)
    x_mean = sum(n * x for x, n, _ in points) / weight
    y_mean = sum(n * y for _, n, y in points) / weight
    spread = sum(n * (x - x_mean) ** 2 for x, n, _ in points)
    slope = sum(n * (x - x_mean) * (y - y_mean) for x, n, y in points) / spread
    left = sum(n * (y - y_mean - slope * (x - x_mean)) ** 2 for x, n, y in points)
    freedom = len(points) - 2
    half = t_quantile(freedom) * math.sqrt(left / freedom / spread)
    direction: Direction = "unclear"
    if slope - half > 0:
        direction = "rising"
    elif slope + half < 0:
        direction = "falling"
    return Trend(
        direction, round(slope, 2), Interval(round(slope - half, 2), round(slope + half, 2))
    )


# --- drift --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Drift:
    """How far one distribution has moved: `now` and `before` are shares in per cent.

    `index` is the population stability index; `chance` is what chance alone exceeds once in twenty
    times at these numbers of calls.
    """

    state: DriftState
    index: float | None
    chance: float | None
    before: dict[str, float]
    now: dict[str, float]


def drift_of(
    before: Mapping[str, int], now: Mapping[str, int], calls_before: int, calls_now: int
) -> Drift:
    """The population stability index between two counts of the same kinds.

    The sum of (p - q) ln(p / q), with half a case added to each kind. It is small below 0.1 and
    large from 0.25 on by the usual rule of thumb; as that rule knows nothing of how few calls there
    are, the index must also exceed what chance gives: with k kinds about chi-squared with k - 1
    degrees of freedom times (1/n + 1/m) (Potgieter et al. 2023, arXiv 2307.11878). n and m are
    calls, not findings: the findings of one call hang together.
    """
    kinds = sorted(before.keys() | now.keys())
    shares = (_shares(before, kinds), _shares(now, kinds))
    if min(calls_before, calls_now) < MIN_DRIFT_CALLS:
        return Drift("too_few_calls", None, None, *shares)
    index = 0.0
    whole, other = (sum(own.values()) + len(kinds) / 2 for own in (before, now))
    for kind in kinds:
        p, q = (before.get(kind, 0) + 0.5) / whole, (now.get(kind, 0) + 0.5) / other
        index += (p - q) * math.log(p / q)
    chance = chi_squared_quantile(max(len(kinds) - 1, 1)) * (1 / calls_before + 1 / calls_now)
    state: DriftState = "steady"
    if index > max(0.1, chance):
        state = "moved_much" if index >= 0.25 else "moved"
    return Drift(state, round(index, 3), round(chance, 3), *shares)


def chi_squared_quantile(freedom: int) -> float:
    """Chi-squared for 95 %, within 3 % (Wilson and Hilferty 1931, PNAS 17, 684-688)."""
    part = 2 / (9 * freedom)
    return freedom * (1 - part + NormalDist().inv_cdf(0.95) * math.sqrt(part)) ** 3


def _shares(counts: Mapping[str, int], kinds: Sequence[str]) -> dict[str, float]:
    whole = sum(counts.values())
    return {kind: round(100 * counts.get(kind, 0) / whole, 1) if whole else 0.0 for kind in kinds}
