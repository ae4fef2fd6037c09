"""The ledger of promises as the service gives it: entries with the words of both sides, figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Literal

import pandas as pd
from sqlalchemy.orm import Session

from analyzer.insights import promise_figures
from analyzer.insights.log import Log
from analyzer.insights.promises import State, Why
from analyzer.statistics import Interval
from api.access import Permission, Principal
from api.history import History
from api.storage.calls import names_of

Kind = Literal["overpromise", "follow_up", "expectation", "broken_promise"]
Firmness = Literal["firm", "plain", "hedged"]
Teller = Literal["agent", "customer"]
# What narrows a list and leaves the figures as they are: a rate of broken promises among the
# broken ones would say nothing.
_OF_THE_LIST = ("state", "label", "firmness", "told_by")


@dataclass(frozen=True, slots=True)
class PromiseFilters:
    """Which promises; `None` is any."""

    queue: str | None = None
    agent_id: str | None = None
    customer_id: str | None = None
    language: str | None = None
    state: State | None = None
    label: Kind | None = None
    firmness: Firmness | None = None
    told_by: Teller | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """Where something was said of a promise: `call` is the uid, `id` the name of the call.

    `words` are there for those who may read calls.
    """

    call: str
    id: str
    turn: int
    on: date | None
    words: str | None
    probability: float


@dataclass(frozen=True, slots=True)
class PromiseEntry:
    """A promise: who made it, by when and how firmly, and what later calls say became of it.

    What the customer tells of (`told_by`) was promised in no call that is known; `made` is then
    where they tell it.
    """

    told_by: Teller
    label: Kind
    customer_id: str | None
    agent_id: str | None
    queue: str | None
    made: Side
    firmness: Firmness | None
    due: date | None
    due_words: str | None
    state: State
    why: Why
    settled: Side | None


@dataclass(frozen=True, slots=True)
class PromiseFigure:
    """A figure of `analyzer.insights.promise_figures`: shares of 100, or days; null if too few."""

    figure: str
    group: str
    count: int
    of: int | None
    value: float | None
    interval: Interval | None
    too_few: bool


def narrowed(found: History, wanted: PromiseFilters, *, all: bool = False) -> pd.DataFrame:
    """The promises that are asked for; with `all` those that the figures are of."""
    table = found.promises
    for own in fields(wanted):
        value = getattr(wanted, own.name)
        if value is not None and not (all and own.name in _OF_THE_LIST):
            table = table[table[own.name].eq(value).fillna(False)]
    return table


def calls_of(found: History, wanted: PromiseFilters) -> pd.DataFrame:
    """The calls that the figures are of."""
    table = found.inside()
    for name in ("queue", "agent_id", "customer_id", "language"):
        value = getattr(wanted, name)
        if value is not None:
            table = table[table[name].eq(value).fillna(False)]
    return table


def figures(found: History, wanted: PromiseFilters) -> list[PromiseFigure]:
    """How many promises were made, broken and kept, and how long they take."""
    log = Log(calls_of(found, wanted), found.log.evidence, found.log.turns)
    rows = promise_figures(log, narrowed(found, wanted, all=True))
    return [_figure(row) for row in rows.to_dict("records")]


def _figure(row: Mapping[Any, Any]) -> PromiseFigure:
    known = not pd.isna(row["value"])
    return PromiseFigure(
        figure=row["figure"],
        group=row["group"],
        count=int(row["count"]),
        of=None if pd.isna(row["of"]) else int(row["of"]),
        value=round(row["value"], 1) if known else None,
        interval=Interval(round(row["low"], 1), round(row["high"], 1)) if known else None,
        too_few=bool(row["too_few"]),
    )


def entries(db: Session, principal: Principal, table: pd.DataFrame) -> list[PromiseEntry]:
    """The rows of a ledger, with words for those who may read calls."""
    names = names_of(db, {*table["call"], *table["settled_by"].dropna()})
    may_read = principal.may(Permission.CALLS_READ)
    return [_entry(_plain(row), names, may_read) for row in table.to_dict("records")]


def _entry(row: Mapping[str, Any], names: Mapping[str, str], may_read: bool) -> PromiseEntry:
    def side(call: str, turn: int, on: date | None, words: str, probability: float) -> Side:
        name = names.get(call, "")
        return Side(call, name, turn, on, words if may_read else None, probability)

    made = side(row["call"], row["turn"], row["said_on"], row["words"], row["probability"])
    settled = row["settled_by"] and side(
        row["settled_by"],
        row["settled_turn"],
        row["settled_on"],
        row["settled_words"],
        row["settled_probability"],
    )
    own = {
        name: row[name]
        for name in ("told_by", "label", "customer_id", "agent_id", "queue", "firmness", "due",
                     "state", "why")
    }  # fmt: skip
    due_words = row["due_words"] if may_read else None
    return PromiseEntry(**own, made=made, due_words=due_words, settled=settled)


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    """The row with days as dates and `None` for what is missing."""
    return {
        str(name): None
        if pd.isna(value)
        else value.date()
        if isinstance(value, pd.Timestamp)
        else value
        for name, value in row.items()
    }
