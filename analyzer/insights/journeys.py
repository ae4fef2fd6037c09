"""Customers' journeys: the calls about a matter in their order, from failure to recovery.

What follows what is shown with its interval; it is no proof of a cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analyzer.insights.log import Log
from analyzer.statistics import Interval, Rate, rate_of

# Calls so close to the end of the log cannot show yet what follows them.
FOLLOWED_DAYS = 30
# With fewer a rate says nothing.
MIN_CALLS = 10
LADDER = ("nothing", "apology", "compensation or follow-up", "turned around")
_DRAWS = 999

Ints = NDArray[np.int64]


def journeys(log: Log, matters: pd.DataFrame) -> pd.DataFrame:
    """One row per matter, in the order of its first call.

    `repeats` are contacts after the first; `failed_on` is the day of the first call with a failure.
    `recovered_on` is that of the first call which is solved or reaches step 2 of the ladder with no
    failure in the matter after it: what had to be mended again was not mended. Both are missing
    where there is none. `trail` are the bands in their order.
    """
    columns = ["at", "day", "queue", "agent_id", "band", "resolved", "failure", "recovery",
               "transfers"]  # fmt: skip
    calls = matters.merge(log.calls[["call", *columns]], on="call", sort=False)
    failed = calls["failure"].fillna(False).astype(bool)
    calls["failed_on"] = calls["day"].where(failed)
    begun = calls.groupby("matter")["at"].transform("min")
    calls["hours"] = (calls["at"] - begun).dt.total_seconds() / 3600
    so_far, in_all = (failed.astype(int).groupby(calls["matter"]).transform(how)
                      for how in ("cumsum", "sum"))  # fmt: skip
    helped = calls["resolved"].fillna(False) | (calls["recovery"].fillna(0) >= 2)
    lasting = (so_far > 0) & (so_far == in_all)
    calls["recovered_on"] = calls["day"].where(lasting & helped.astype(bool))
    calls["trail"] = calls["band"].fillna("?")
    calls["step"] = calls["recovery"].where(failed)
    grouped = calls.groupby("matter", sort=False)
    table = grouped.agg(
        customer_id=("customer_id", "first"),
        first_call=("call", "first"),
        first_on=("day", "first"),
        last_on=("day", "last"),
        calls=("call", "size"),
        agents=("agent_id", "nunique"),
        queues=("queue", "nunique"),
        transfers=("transfers", "sum"),
        failures=("failure", "sum"),
        failed_on=("failed_on", "min"),
        recovered_on=("recovered_on", "min"),
        best_step=("step", "max"),
        resolved=("resolved", "last"),
        trail=("trail", " > ".join),
    ).reset_index()
    table.insert(6, "repeats", table["calls"] - 1)
    table["days"] = (table["last_on"] - table["first_on"]).dt.days
    table["days_to_recovery"] = (table["recovered_on"] - table["failed_on"]).dt.days
    return table.drop(columns="calls")


@dataclass(frozen=True, slots=True)
class HitAgain:
    """How often a failure met a customer who had been failed in another matter before.

    `customers` were failed in two matters or more. `again` are the failed matters after a
    customer's first, `expected` and `chance` as many as come about if the failed matters are dealt
    out anew among all matters of their queue, and `p` is how often these are as many as `again`.
    """

    matters: int
    failed: int
    customers: int
    again: int
    expected: float
    chance: Interval
    p: float


def hit_again(log: Log, matters: pd.DataFrame, *, seed: int = 1) -> HitAgain | None:
    """Whether failure falls on the same customers again and again, more than chance explains.

    Each matter counts once, so that calls about one failure are not taken for several. `None` where
    there are too few customers with several matters.
    """
    own = matters.merge(log.calls[["call", "queue", "failure"]], on="call")
    own = own[own["failure"].notna()]
    by_matter = own.groupby("matter", sort=False).agg(
        customer=("customer_id", "first"), queue=("queue", "first"), failed=("failure", "any")
    )
    several = by_matter["customer"].value_counts()
    able = int((several > 1).sum())
    if able < MIN_CALLS:
        return None
    customer = by_matter["customer"].factorize()[0]
    failed = by_matter["failed"].to_numpy(bool)
    queue = by_matter["queue"].fillna("").factorize()[0]
    places = [np.flatnonzero(queue == own) for own in range(queue.max() + 1)]
    counts = [int(failed[place].sum()) for place in places]
    seen = _again(customer[failed])
    rng = np.random.default_rng(seed)
    drawn = np.array([_dealt(customer, places, counts, rng) for _ in range(_DRAWS)])
    low, high = np.quantile(drawn, (0.025, 0.975))
    p = (1 + int((drawn >= seen).sum())) / (1 + _DRAWS)
    chance = Interval(float(low), float(high))
    twice = int((np.bincount(customer[failed]) >= 2).sum())
    expected = round(float(drawn.mean()), 1)
    return HitAgain(len(failed), int(failed.sum()), twice, seen, expected, chance, p)


def _dealt(customer: Ints, places: list[Ints], counts: list[int], rng: np.random.Generator) -> int:
    """As many failed matters in each queue, but anybody's."""
    hit = [rng.choice(own, k, replace=False, shuffle=False)
           for own, k in zip(places, counts, strict=True)]  # fmt: skip
    return _again(customer[np.concatenate(hit)])


def _again(hit: Ints) -> int:
    """Of the customers of failed matters, how many stand there not for the first time."""
    return len(hit) - int(np.count_nonzero(np.bincount(hit)))


def chance_of(shares: Sequence[float], failed: int) -> float:
    """How likely so many or more of some matters fail, if failure met everyone alike: `shares` are
    those of the matters of the same queues that fail (the upper tail of the Poisson binomial
    distribution; Hong 2013, Computational Statistics & Data Analysis 59, 41-51)."""
    exactly = np.ones(1)
    for share in shares:
        exactly = np.convolve(exactly, [1 - share, share])
    return min(max(float(exactly[failed:].sum()), 0.0), 1.0)


def ladder(log: Log, matters: pd.DataFrame) -> pd.DataFrame:
    """What follows a failure, by the step of recovery that the call reached.

    Of the calls with a failure that lie `FOLLOWED_DAYS` and more before the end of the log: of how
    many the customer came back about it within that time, and of those who called again about
    anything, how many calls showed satisfaction or frustration first. `too_few` where a rate would
    rest on fewer than `MIN_CALLS`.
    """
    wanted = ["call", "at", "failure", "recovery", "satisfaction", "frustration"]
    calls = matters.merge(log.calls[wanted], on="call")
    calls = calls.sort_values(["customer_id", "at"], kind="stable")
    next_one = calls.groupby("customer_id", sort=False)[["satisfaction", "frustration"]].shift(-1)
    next_same = calls.sort_values(["matter", "at"], kind="stable").groupby("matter")["at"].shift(-1)
    gap = next_same.reindex(calls.index) - calls["at"]
    calls["again"] = gap <= pd.Timedelta(days=FOLLOWED_DAYS)
    calls["satisfied"], calls["frustrated"] = next_one["satisfaction"], next_one["frustration"]
    old = calls["at"] <= log.calls["at"].max() - pd.Timedelta(days=FOLLOWED_DAYS)
    failed = calls[calls["failure"].fillna(False).astype(bool) & old]
    rows = []
    for step, title in enumerate(LADDER):
        own = failed[failed["recovery"] == step]
        later = own[own["satisfied"].notna()]
        rates = {
            "again": (int(own["again"].sum()), len(own)),
            "next_satisfied": (int((later["satisfied"] > 0).sum()), len(later)),
            "next_frustrated": (int((later["frustrated"] > 0).sum()), len(later)),
        }
        row: dict[str, object] = {"step": step, "recovery": title, "calls": len(own)}
        for name, (count, of) in rates.items():
            row |= _columns(name, rate_of(count, of) if of >= MIN_CALLS else None)
        rows.append(row | {"called_again": len(later), "too_few": len(own) < MIN_CALLS})
    return pd.DataFrame(rows)


def _columns(name: str, rate: Rate | None) -> dict[str, float | None]:
    return {
        name: rate.per_100 if rate else None,
        f"{name}_low": rate.interval.low if rate else None,
        f"{name}_high": rate.interval.high if rate else None,
    }


def recovery_curve(table: pd.DataFrame, end: pd.Timestamp, days: Sequence[int] = (0, 7, 30)
                   ) -> pd.DataFrame:  # fmt: skip
    """Of the failed matters, how many were made good within so many days.

    Only matters that failed at least so many days before `end` can tell, so each row has its own
    number of matters.
    """
    failed = table[table["failed_on"].notna()]
    rows = []
    for limit in days:
        old = failed[failed["failed_on"] <= end - pd.Timedelta(days=limit)]
        count = int((old["days_to_recovery"] <= limit).sum())
        rate = rate_of(count, len(old)) if len(old) >= MIN_CALLS else None
        rows.append({"within_days": limit, "matters": len(old), **_columns("recovered", rate)})
    return pd.DataFrame(rows)
