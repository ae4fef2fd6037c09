"""What changed from one week to the next: shares of calls, the mean score, basics for good.

Many figures are compared at once, so by chance alone one of them would differ in most weeks. Each
gets its share of the error (Bonferroni): a week in which nothing changed shows something at most
once in twenty times, as long as calls err on their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import NormalDist
from typing import Any

import pandas as pd

from analyzer.insights.basics import BASICS, changes, failed_basics
from analyzer.insights.changes import MIN_WEEKS
from analyzer.insights.log import Log, most_likely
from analyzer.statistics import (
    Interval,
    difference_of_likely_shares,
    difference_of_means,
)

# With fewer cases in one of the weeks a figure is not compared.
MIN_CASES = 20
# What would come by chance in fewer than so many of all weeks is far beyond it.
_FAR = 0.001
_ERROR = 0.05

# Figure -> whether more of it is good. All but the score are shares.
FIGURES = {
    "score": True,
    "star": True,
    "rasmus": False,
    "overpromised": False,
    "promise_broken": False,
    "promise_kept": True,
    "again": False,
    "recovered": True,
    **dict.fromkeys(BASICS, False),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure now and the week before: of 100 cases, or the mean score.

    `interval` is that of the difference and allows for all figures being compared at once; `cases`
    are those of both weeks. `far` is beyond chance at 99.9 % as well.
    """

    figure: str
    now: float
    before: float
    interval: Interval
    cases: tuple[int, int]
    better: bool
    far: bool


@dataclass(frozen=True, slots=True)
class TurningPoint:
    """A basic that fails more or less often for good since a week, which is known only now.

    Shares are of 100 calls; it may have begun from `earliest` to `latest`.
    """

    basic: str
    queue: str | None
    since: date
    earliest: date
    latest: date
    before: float
    after: float
    after_interval: Interval
    better: bool


def figures(log: Log, matters: pd.DataFrame, promises: pd.DataFrame) -> pd.DataFrame:
    """Call x figure: how likely a call counts in it, missing where it cannot; the score as it is.

    - `promise_broken`, `promise_kept`: the call tells what became of a promise
    - `again`: not the first contact about its matter, of the calls of known customers
    - `recovered`: solved or at step 2 of the ladder, of the calls with a failure
    """
    calls = log.calls.set_index("call")
    judged = calls["score"].notna()
    band = calls["band"].fillna("")
    contacts = matters.set_index("call")
    # what joined a call to its matter without a finding is a rule, which has no probability
    again = contacts["probability"].fillna(1.0).where(contacts["contact"] > 1, 0.0)
    failed = calls["failure"].fillna(False).astype(bool)
    helped = (calls["recovery"].fillna(0) >= 2) | calls["resolved"].fillna(False)
    settled = promises.groupby(["state", "settled_by"])["settled_probability"].max()

    def told(state: str) -> pd.Series:
        own = settled[settled.index.get_level_values("state") == state].droplevel("state")
        return own.reindex(calls.index).fillna(0.0).where(judged)

    return pd.DataFrame(
        {
            "score": calls["score"],
            "star": (band == "star").astype(float).where(judged),
            "rasmus": (band == "rasmus").astype(float).where(judged),
            "overpromised": most_likely(log, ["overpromise"])["overpromise"].where(judged),
            "promise_broken": told("broken"),
            "promise_kept": told("kept"),
            "again": again.reindex(calls.index),
            "recovered": helped.astype(float).where(failed & judged),
            **failed_basics(log),
        },
        index=calls.index,
    ).astype(float)


def differences(now: pd.DataFrame, before: pd.DataFrame) -> tuple[list[Difference], list[str]]:
    """What differs beyond chance between the rows of two weeks, the furthest first, and the figures
    that have too few cases to be compared."""
    sides = {name: (now[name].dropna(), before[name].dropna()) for name in FIGURES}
    few = [name for name, own in sides.items() if min(map(len, own)) < MIN_CASES]
    compared = {name: own for name, own in sides.items() if name not in few}
    found = []
    for name, own in compared.items():
        interval = _interval(name, *own, _ERROR / len(compared))
        if not _excludes_zero(interval):
            continue
        scale = 1 if name == "score" else 100
        mean_now, mean_before = (round(scale * float(side.mean()), 1) for side in own)
        found.append(
            Difference(
                figure=name,
                now=mean_now,
                before=mean_before,
                interval=Interval(round(interval.low, 1), round(interval.high, 1)),
                cases=(len(own[0]), len(own[1])),
                better=(interval.low > 0) == FIGURES[name],
                far=_excludes_zero(_interval(name, *own, _FAR / len(compared))),
            )
        )
    found.sort(key=lambda item: (not item.far, -abs(item.now - item.before)))
    return found, few


def _interval(name: str, now: pd.Series, before: pd.Series, error: float) -> Interval:
    """The interval of the difference that errs in this share of all weeks."""
    z = NormalDist().inv_cdf(1 - error / 2)
    if name == "score":
        interval = difference_of_means(now.tolist(), before.tolist(), z)
        assert interval is not None  # there are `MIN_CASES` on either side
        return interval
    a, b = (side[side > 0].tolist() for side in (now, before))
    low, high = difference_of_likely_shares(a, len(now), b, len(before), z)
    return Interval(100 * low, 100 * high)


def _excludes_zero(interval: Interval) -> bool:
    return interval.low > 0 or interval.high < 0


def new_turning_points(now: Log, before: Log, by: Sequence[str] = ("queue",)) -> list[TurningPoint]:
    """The change points in the basics that the log shows now, but did not a week before."""
    known = changes(before, by).to_dict("records")
    found = []
    for row in changes(now, by).to_dict("records"):
        if any(_is_same(row, old, (*by, "basic")) for old in known):
            continue
        found.append(
            TurningPoint(
                basic=str(row["basic"]),
                queue=str(row.get("queue") or "") or None,
                since=row["week"].date(),
                earliest=row["earliest"].date(),
                latest=row["latest"].date(),
                before=float(row["before"]),
                after=float(row["after"]),
                after_interval=Interval(float(row["after_low"]), float(row["after_high"])),
                better=bool(row["after"] < row["before"]),
            )
        )
    return found


def _is_same(row: dict[Any, Any], old: dict[Any, Any], keys: Sequence[str]) -> bool:
    """Whether two change points are one, which another week of calls has moved a little."""
    if any(row[key] != old[key] for key in keys):
        return False
    same_way = (row["after"] > row["before"]) == (old["after"] > old["before"])
    return same_way and bool(abs(row["week"] - old["week"]) <= pd.Timedelta(weeks=MIN_WEEKS))
