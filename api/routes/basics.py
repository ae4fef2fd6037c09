"""The light bulbs: basics that failed, where, since when, and what to fix first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any, Literal, get_args

import pandas as pd
from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session

from analyzer.insights import changes, fix_first, pareto, shown_by, weekly
from analyzer.insights.basics import SEEN_IN
from analyzer.insights.log import Log
from analyzer.statistics import Interval
from api.access import Permission, Principal
from api.deps import Allow, Db, ServiceDep
from api.insights import MIN_WEEK
from api.routes.teams import WithScope, lacking
from api.schemas import Text
from api.storage import audit, logs
from api.storage.filters import Filters
from api.storage.insights import Scope

router = APIRouter(prefix="/v1", tags=["insights"])

Basic = Literal[
    "wrong_details", "same_question", "no_greeting", "long_wait", "passed_around", "dead_end"
]
By = Literal["queue", "product"]


@dataclass(frozen=True, slots=True)
class Shown:
    """A call that shows a failure; `turn` and `words` where words can, and the words only for those
    who may read calls."""

    uid: str
    day: date | None
    turn: int | None
    words: str | None


@dataclass(frozen=True, slots=True)
class Failures:
    """A basic in a group (`group` is the name of the queue or product, empty where calls name none;
    null for all calls).

    `calls` tell whether it failed. `failed` is a sum of probabilities, `share` its part of all
    failures of the group and `cumulative` that of this and all more frequent ones, in per cent.
    The rate is null where fewer calls than `min_calls` tell.
    """

    basic: Basic
    group: str | None
    calls: int
    failed: float
    per_100: float | None
    interval: Interval | None
    customers: int
    share: float
    cumulative: float
    examples: list[Shown]


@dataclass(frozen=True, slots=True)
class Fix:
    """What a failure goes together with, in one group, the weightiest first.

    `rasmus_more`: of 100 calls with it so many more are rasmus than without it. `weight`: customers
    times the lower end of that, the rasmus calls that surely go with it. No cause is claimed.
    """

    basic: Basic
    group: str | None
    calls: int
    customers: int
    rasmus_more: float
    rasmus_interval: Interval
    points_lost: float
    points_interval: Interval | None
    weight: float
    examples: list[Shown]


@dataclass(frozen=True, slots=True)
class Change:
    """From the week of `monday` on a basic fails more or less often for good; it may have begun in
    any week from `earliest` to `latest`. `p`: how often chance alone gives a change as clear."""

    basic: Basic
    group: str | None
    monday: date
    earliest: date
    latest: date
    before: float
    before_interval: Interval
    after: float
    after_interval: Interval
    p: float
    examples: list[Shown]


@dataclass(frozen=True, slots=True)
class WeeklyRates:
    """Of 100 calls of each week, in how many a basic failed; null where fewer than five tell."""

    basic: Basic
    weeks: list[float | None]


@dataclass(frozen=True, slots=True)
class Basics:
    """Which basics failed; all lists are empty, with a `reason`, while `missing` calls lack.

    `pareto` and `weeks` are of all calls, `groups` of each queue or product, `changes` of both.
    `fix_first` is of each queue or product, of all calls where these have too few.
    """

    since: date
    until: date
    queue: str | None
    product: str | None
    by: By
    min_calls: int
    calls: int
    missing: int
    reason: str | None
    mondays: list[date]
    pareto: list[Failures]
    groups: list[Failures]
    weeks: list[WeeklyRates]
    changes: list[Change]
    fix_first: list[Fix]


@router.get("/insights/basics")
def basics(
    wanted: WithScope,
    parts: ServiceDep,
    db: Db,
    principal: Annotated[Principal, Depends(Allow(Permission.INSIGHTS_READ))],
    product: Annotated[
        Text | None, Query(min_length=1, max_length=200, description="Only calls of this product.")
    ] = None,
    by: Annotated[By, Query(description="What to tell apart.")] = "queue",
) -> Basics:
    """The basics that failed, the most frequent first, by queue or product, and when they began."""
    audit.record(db, principal.name, "basics.read")
    return basics_of(db, principal, wanted, product, by, parts.settings.min_calls)


def basics_of(
    db: Session, principal: Principal, wanted: Scope, product: str | None, by: By, min_calls: int
) -> Basics:
    """The basics of the calls of a scope, or how many calls are missing."""
    chosen = Filters(since=wanted.since, until=wanted.until, queue=wanted.queue, product=product)
    log = logs.load(db, principal, chosen, SEEN_IN)
    scored = int(log.calls["score"].notna().sum())
    missing = max(min_calls - scored, 0)
    empty = Basics(
        wanted.since, wanted.until, wanted.queue, product, by, min_calls, scored, missing,
        lacking(min_calls, missing), wanted.mondays(), [], [], [], [], [],
    )  # fmt: skip
    if missing:
        return empty
    whole, apart = _Part(log, None, principal), _Part(log, by, principal)
    several = log.calls[by].nunique(dropna=False) > 1
    return replace(
        empty,
        pareto=list(whole.failures(min_calls)),
        groups=list(apart.failures(min_calls)),
        weeks=list(_weeks(log, empty.mondays)),
        changes=[*whole.changes(), *(apart.changes() if several else ())],
        fix_first=list(apart.fixes() if several else ()) or list(whole.fixes()),
    )


class _Part:
    """The figures of a log, whole or by a column, with the calls that show them."""

    def __init__(self, log: Log, by: By | None, principal: Principal) -> None:
        self._log, self._by = log, by
        self._columns = [by] if by else []
        self._examples: dict[tuple[str | None, str], list[Shown]] = {}
        for row in _rows(shown_by(log, self._columns)):
            words = row["words"] if principal.may(Permission.CALLS_READ) else None
            day = row["day"].date() if row["day"] is not None else None
            shown = Shown(row["call"], day, row["turn"], words)
            self._examples.setdefault(self._key(row), []).append(shown)

    def failures(self, min_calls: int) -> Iterator[Failures]:
        """The Pareto table."""
        for row in _rows(pareto(self._log, self._columns)):
            enough = row["calls"] >= min_calls
            yield Failures(
                calls=row["calls"],
                failed=row["failed"],
                per_100=row["per_100"] if enough else None,
                interval=Interval(row["low"], row["high"]) if enough else None,
                customers=row["customers"],
                share=row["share"],
                cumulative=row["cumulative"],
                **self._named(row),
            )

    def fixes(self) -> Iterator[Fix]:
        """What to fix first."""
        for row in _rows(fix_first(self._log, self._columns)):
            lost = row["points_lost_low"], row["points_lost_high"]
            yield Fix(
                calls=row["calls"],
                customers=row["customers"],
                rasmus_more=row["rasmus_more"],
                rasmus_interval=Interval(row["rasmus_more_low"], row["rasmus_more_high"]),
                points_lost=row["points_lost"],
                points_interval=None if None in lost else Interval(*lost),
                weight=row["weight"],
                **self._named(row),
            )

    def changes(self) -> Iterator[Change]:
        """When it changed."""
        for row in _rows(changes(self._log, self._columns)):
            yield Change(
                monday=row["week"].date(),
                earliest=row["earliest"].date(),
                latest=row["latest"].date(),
                before=row["before"],
                before_interval=Interval(row["before_low"], row["before_high"]),
                after=row["after"],
                after_interval=Interval(row["after_low"], row["after_high"]),
                p=row["p"],
                **self._named(row),
            )

    def _named(self, row: Mapping[str, Any]) -> dict[str, Any]:
        group, basic = self._key(row)
        return {
            "basic": basic, "group": group, "examples": self._examples.get((group, basic), []),
        }  # fmt: skip

    def _key(self, row: Mapping[str, Any]) -> tuple[str | None, str]:
        return row[self._by] if self._by else None, row["basic"]


def _weeks(log: Log, mondays: list[date]) -> Iterator[WeeklyRates]:
    table = weekly(log)
    table = table[table["calls"] >= MIN_WEEK]
    rates = {
        (row["basic"], row["week"].date()): round(100 * row["failed"] / row["calls"], 1)
        for row in _rows(table)
    }
    for basic in get_args(Basic):
        yield WeeklyRates(basic, [rates.get((basic, monday)) for monday in mondays])


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a table as Python's own values, `None` where something is missing."""
    return [
        {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for row in table.to_dict("records")
    ]
