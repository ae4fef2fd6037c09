"""Customers' journeys as the service gives them: who was hit more than once, and what follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
from sqlalchemy.orm import Session

from analyzer.insights import HitAgain, hit_again, ladder, recovery_curve
from analyzer.statistics import Interval
from api.history import History
from api.shelf import Shelf


@dataclass(frozen=True, slots=True)
class CustomerEntry:
    """A customer in whose calls something failed more than once.

    `failures` are calls with a failure, `failed_matters` the matters that these are about, and
    `open_failures` those of them that nothing has made good so far.
    """

    customer_id: str
    matters: int
    failed_matters: int
    open_failures: int
    failures: int
    repeats: int
    transfers: int
    broken_promises: int
    last_on: date


@dataclass(frozen=True, slots=True)
class Rung:
    """What follows the failures after which this step of recovery was reached; shares of 100."""

    step: int
    calls: int
    again: float | None
    again_interval: Interval | None
    next_satisfied: float | None
    next_satisfied_interval: Interval | None
    too_few: bool


@dataclass(frozen=True, slots=True)
class Recovered:
    """How many of 100 failed matters were made good within so many days."""

    within_days: int
    matters: int
    recovered: float | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class JourneyFigures:
    """Figures over all journeys of some days; `hit_again` is null with too few customers."""

    hit_again: HitAgain | None
    ladder: list[Rung]
    recovered: list[Recovered]


def hit_customers(found: History, queue: str | None) -> list[CustomerEntry]:
    """The customers with two calls or more that failed, the most affected first."""
    table = _of_queue(found, queue)
    broken = found.promises[found.promises["state"] == "broken"]["customer_id"].value_counts()
    table = table.assign(
        failed=table["failures"] > 0,
        open=table["failed_on"].notna() & table["recovered_on"].isna(),
    )
    grouped = table.groupby("customer_id").agg(
        matters=("matter", "size"),
        failed_matters=("failed", "sum"),
        open_failures=("open", "sum"),
        failures=("failures", "sum"),
        repeats=("repeats", "sum"),
        transfers=("transfers", "sum"),
        last_on=("last_on", "max"),
    )
    hit = grouped[grouped["failures"] >= 2].reset_index()
    hit["broken_promises"] = hit["customer_id"].map(broken).fillna(0)
    order = ["failures", "broken_promises", "repeats", "last_on", "customer_id"]
    hit = hit.sort_values(order, ascending=[False] * 4 + [True])
    counts = [str(name) for name in hit if name not in ("customer_id", "last_on")]
    return [
        CustomerEntry(
            customer_id=row["customer_id"],
            last_on=row["last_on"].date(),
            **{name: int(row[name]) for name in counts},
        )
        for row in hit.to_dict("records")
    ]


def journey_figures(db: Session, shelf: Shelf, found: History, queue: str | None) -> JourneyFigures:
    """Hit again or not, and what follows a failure."""
    key = ("journeys", found.since, found.until, queue, found.as_of)
    return shelf.get(db, key, lambda: _figures(found, queue))


def _figures(found: History, queue: str | None) -> JourneyFigures:
    table = _of_queue(found, queue)
    matters = found.matters[found.matters["matter"].isin(table["matter"])]
    end = found.log.calls["day"].max()
    curve = recovery_curve(table, end) if not pd.isna(end) else pd.DataFrame()
    return JourneyFigures(
        hit_again=hit_again(found.log, matters),
        ladder=[_rung(row) for row in ladder(found.log, matters).to_dict("records")],
        recovered=[
            Recovered(
                int(row["within_days"]),
                int(row["matters"]),
                *_rate(row, "recovered"),
            )
            for row in curve.to_dict("records")
        ],
    )


def _of_queue(found: History, queue: str | None) -> pd.DataFrame:
    """The journeys that began in the queue."""
    if queue is None:
        return found.journeys
    calls = found.log.calls
    begun = calls.loc[calls["queue"].eq(queue).fillna(False), "call"]
    return found.journeys[found.journeys["first_call"].isin(begun)]


def _rung(row: Mapping[Any, Any]) -> Rung:
    again, next_satisfied = _rate(row, "again"), _rate(row, "next_satisfied")
    return Rung(row["step"], row["calls"], *again, *next_satisfied, row["too_few"])


def _rate(row: Mapping[Any, Any], name: str) -> tuple[float | None, Interval | None]:
    if pd.isna(row[name]):
        return None, None
    return row[name], Interval(row[f"{name}_low"], row[f"{name}_high"])
