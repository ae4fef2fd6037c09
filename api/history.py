"""Stored calls of some days as a whole: which belong together, what was promised, how it went on.

The rules are those of `analyzer.insights`; docs/insights.md has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pandas as pd
from sqlalchemy.orm import Session

from analyzer.insights import find_matters, journeys, ledger
from analyzer.insights.log import Log
from analyzer.insights.matters import OPEN_DAYS
from api.access import Principal
from api.shelf import Shelf
from api.storage import logs
from api.storage.filters import Filters, blind_calls

# What figures over the ledger and over journeys need of the calls, and of their findings.
_CALLS = ["call", "customer_id", "agent_id", "queue", "language", "at", "day", "occurred_at",
          "score", "failure", "recovery", "satisfaction", "frustration"]  # fmt: skip
_LABELS = ["overpromise"]


@dataclass(frozen=True, slots=True)
class History:
    """Calls from 45 days before `since` until now, for what lies between `since` and `until`.

    `log` has no findings but over-promises. `promises` are those of calls between the days, with
    the columns of the ledger, `language`, and `on`, the day by which lists are ordered; `journeys`
    the matters with a call between them.
    """

    since: date
    until: date
    as_of: datetime
    log: Log
    matters: pd.DataFrame
    promises: pd.DataFrame
    journeys: pd.DataFrame

    def inside(self) -> pd.DataFrame:
        """The calls between the days."""
        return self.log.calls[_between(self.log.calls["occurred_at"], self.since, self.until)]


def history(db: Session, principal: Principal, shelf: Shelf, since: date, until: date) -> History:
    """What is known of these days; what was worked out not long ago is given again.

    Calls before may have made the promises that are broken now, and calls after settle them.
    """
    key = ("history", since, until, principal.own_calls_of, blind_calls(db, principal))
    return shelf.get(db, key, lambda: _history(db, principal, since, until))


def _history(db: Session, principal: Principal, since: date, until: date) -> History:
    before = Filters(since=since - timedelta(days=OPEN_DAYS))
    log = logs.load(db, principal, before)
    matters = find_matters(log)
    promises = with_calls(ledger(log, matters), log.calls)
    table = journeys(log, matters)
    calls = log.calls[_CALLS]
    inside = calls.loc[_between(calls["occurred_at"], since, until), "call"]
    touched = matters.loc[matters["call"].isin(inside), "matter"]
    return History(
        since=since,
        until=until,
        as_of=datetime.now(UTC),
        log=Log(calls, log.evidence[log.evidence["label"].isin(_LABELS)], log.turns),
        matters=matters,
        promises=promises[promises["call"].isin(inside)].reset_index(drop=True),
        journeys=table[table["matter"].isin(touched)].reset_index(drop=True),
    )


def with_calls(promises: pd.DataFrame, calls: pd.DataFrame) -> pd.DataFrame:
    """The ledger with `language` and `on` of the calls, the latest first.

    Promises of calls that do not say when they began come after all others, however late they came
    in: nothing can be known of them but that they were made.
    """
    own = calls[["call", "language", "occurred_at", "at"]].rename(columns={"occurred_at": "on"})
    own["dated"] = own.pop("at").notna()
    table = promises.merge(own, on="call", how="left")
    order = ["dated", "on", "turn"]
    return table.sort_values(order, ascending=False, ignore_index=True, kind="stable")


def _between(moments: pd.Series, since: date, until: date) -> pd.Series:
    first, end = pd.Timestamp(since, tz="UTC"), pd.Timestamp(until, tz="UTC")
    return (moments >= first) & (moments < end + pd.Timedelta(days=1))
