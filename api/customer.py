"""One customer's journey: their calls by matter, what was promised, and whether chance explains it.

It is a service history and nothing else: what the company did, never who the customer is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import pandas as pd
from sqlalchemy.orm import Session

from analyzer.frames import Frames
from analyzer.insights import Log, chance_of, find_matters, journeys, ledger, make_log
from api.access import Principal
from api.history import with_calls
from api.promises import PromiseEntry, entries
from api.storage import logs
from api.storage.calls import names_of
from api.storage.filters import Filters

JoinedBy = Literal["case", "words", "says_so", "near"]
# Customers whose calls tell which words are rare, and how many matters fail.
_OTHERS = 500
# With fewer matters of others nothing is said of chance.
MIN_MATTERS = 20


@dataclass(frozen=True, slots=True)
class JourneyCall:
    """A call of a journey; `joined_by` says why it was put to those before it."""

    call: str
    id: str
    started_at: str
    queue: str | None
    product: str | None
    agent_id: str | None
    band: str | None
    score: float | None
    resolved: bool | None
    failure: bool | None
    recovery: int | None
    transfers: int
    days_since: int | None
    joined_by: JoinedBy | None
    probability: float | None


@dataclass(frozen=True, slots=True)
class Matter:
    """The calls about one matter in their order, and what was promised in it.

    `best_step` is the highest step of recovery after a failure: nothing, an apology, compensation
    or a follow-up, turned around.
    """

    first_on: date
    last_on: date
    repeats: int
    transfers: int
    agents: int
    queues: int
    failures: int
    failed_on: date | None
    recovered_on: date | None
    days_to_recovery: int | None
    best_step: int | None
    resolved: bool | None
    calls: list[JourneyCall]
    promises: list[PromiseEntry]


@dataclass(frozen=True, slots=True)
class Chance:
    """Of 100 customers with as many matters in the same queues, how many would be failed in as
    many by chance; `others` are the matters of other customers that this is estimated from."""

    per_100: float
    others: int


@dataclass(frozen=True, slots=True)
class Journey:
    """A customer's calls by matter; `undated` are uids of calls whose file gives no time."""

    customer_id: str
    calls: int
    failed_matters: int
    chance: Chance | None
    matters: list[Matter]
    undated: list[str]


def journey(db: Session, principal: Principal, customer_id: str) -> Journey | None:
    """All that is known of a customer's service history; `None` if no call to be seen is theirs.

    Which words are rare, by which calls are told to be about one matter, and how many matters fail
    is estimated from the customers who called last.
    """
    own = logs.load(db, principal, Filters(customer_id=customer_id))
    if not len(own.calls):
        return None
    customers = logs.latest_customers(db, principal, _OTHERS)
    others = logs.load(
        db, principal, Filters(customers=[name for name in customers if name != customer_id])
    )
    matters = find_matters(_together(own, others))
    is_own = matters["customer_id"] == customer_id
    mine = matters[is_own].reset_index(drop=True)
    table = journeys(own, mine)
    promises = with_calls(ledger(own, mine), own.calls)
    said = entries(db, principal, promises)
    by_matter: dict[int, list[PromiseEntry]] = {}
    for matter, entry in zip(promises["matter"], said, strict=True):
        if not pd.isna(matter):
            by_matter.setdefault(int(matter), []).insert(0, entry)
    names = names_of(db, own.calls["call"])
    rows = mine.merge(own.calls.drop(columns="customer_id"), on="call")
    return Journey(
        customer_id=customer_id,
        calls=len(own.calls),
        failed_matters=int((table["failures"] > 0).sum()),
        chance=_chance(table, own, journeys(others, matters[~is_own]), others),
        matters=[
            _matter(row, rows[rows["matter"] == row["matter"]], names, by_matter)
            for row in table.to_dict("records")
        ],
        undated=own.calls.loc[own.calls["at"].isna(), "call"].tolist(),
    )


def _together(own: Log, others: Log) -> Log:
    both = zip((own.calls, own.turns, own.evidence), (others.calls, others.turns, others.evidence),
               strict=True)  # fmt: skip
    calls, turns, evidence = (pd.concat(pair, ignore_index=True) for pair in both)
    return make_log(Frames(calls, turns, evidence))


def _chance(own: pd.DataFrame, calls: Log, others: pd.DataFrame, log: Log) -> Chance | None:
    """Whether the customer was failed in more matters than chance explains; nothing is said of one
    failure, nor from few matters."""
    failed = int((own["failures"] > 0).sum())
    if failed < 2 or len(others) < MIN_MATTERS:
        return None
    queues = _begun_in(others, log)
    fails = others["failures"] > 0
    overall = float(fails.mean())
    by_queue = fails.groupby(queues).agg(["mean", "size"])
    known = by_queue.loc[by_queue["size"] >= MIN_MATTERS, "mean"].to_dict()
    shares = [float(known.get(queue, overall)) for queue in _begun_in(own, calls)]
    return Chance(round(100 * chance_of(shares, failed), 1), len(others))


def _begun_in(table: pd.DataFrame, log: Log) -> pd.Series:
    """The queue of the first call of each matter."""
    queues = log.calls.set_index("call")["queue"].fillna("")
    return table["first_call"].map(queues)


def _matter(
    row: Mapping[Any, Any],
    calls: pd.DataFrame,
    names: Mapping[str, str],
    promises: Mapping[int, list[PromiseEntry]],
) -> Matter:
    return Matter(
        **{name: int(row[name]) for name in ("repeats", "agents", "queues")},
        transfers=_known(row["transfers"]) or 0,
        failures=_known(row["failures"]) or 0,
        first_on=row["first_on"].date(),
        last_on=row["last_on"].date(),
        failed_on=_day(row["failed_on"]),
        recovered_on=_day(row["recovered_on"]),
        days_to_recovery=_known(row["days_to_recovery"]),
        best_step=_known(row["best_step"]),
        resolved=None if pd.isna(row["resolved"]) else bool(row["resolved"]),
        calls=list(_calls(calls.to_dict("records"), names)),
        promises=promises.get(int(row["matter"]), []),
    )


def _calls(rows: Sequence[Mapping[Any, Any]], names: Mapping[str, str]) -> Iterator[JourneyCall]:
    before: Mapping[Any, Any] | None = None
    for row in rows:
        given = {
            name: None if pd.isna(row[name]) else row[name]
            for name in ("queue", "product", "agent_id", "band", "score", "resolved", "failure",
                         "recovery", "joined_by", "probability")
        }  # fmt: skip
        yield JourneyCall(
            call=row["call"],
            id=names.get(row["call"], ""),
            started_at=row["started_at"],
            transfers=_known(row["transfers"]) or 0,
            days_since=(row["day"] - before["day"]).days if before else None,
            **given,
        )
        before = row


def _known(value: Any) -> int | None:
    return None if pd.isna(value) else int(value)


def _day(value: Any) -> date | None:
    return None if pd.isna(value) else value.date()
