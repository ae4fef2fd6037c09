"""The calls of a week that are worth a manager's time, each with the words and the reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain, zip_longest
from typing import Any, Literal

import pandas as pd

from analyzer.insights.log import Log

MOST = 5
# Contacts about a matter that are too many.
_CONTACTS = 3
_COMPLAINTS = ("broken_promise", "repeat_contact", "frustration", "basic_error")
_CONDUCT = ("deflection", "blame", "dismissal", "reluctance")

Why = Literal["promise_due", "many_contacts", "promise_broken", "not_made_good", "conduct"]


@dataclass(frozen=True, slots=True)
class Look:
    """A call to look at; `turn`, `words` and `probability` are those of the finding to begin with.

    - `promise_due`: an over-promise whose day, `due`, is in the week to come
    - `many_contacts`: the matter is not solved after so many `contacts`
    - `promise_broken`: the promise was made in `promised_words` of `promised_in`, on `promised_on`,
      where a known call holds it
    - `not_made_good`: something had failed, nothing was solved, and nobody made up for it
    - `conduct`: the same unhelpful conduct three times or more in a call
    """

    why: Why
    call: str
    day: date | None
    queue: str | None
    turn: int
    words: str
    probability: float
    contacts: int | None = None
    due: date | None = None
    promised_in: str | None = None
    promised_on: date | None = None
    promised_words: str | None = None


def calls_to_look_at(
    log: Log, week: pd.DataFrame, matters: pd.DataFrame, promises: pd.DataFrame, monday: date
) -> list[Look]:
    """At most `MOST` of the calls in `week`, one of a matter, and of each reason one before a
    second of any."""
    own = log.evidence[log.evidence["call"].isin(week["call"])]
    evidence = own.sort_values("probability", ascending=False, kind="stable")
    calls = week.set_index("call", drop=False)
    reasons = (
        _due(log, promises, monday),
        _many_contacts(calls, matters, evidence),
        _broken(calls, promises),
        _not_made_good(calls, evidence),
        _conduct(calls, evidence),
    )
    matter_of = dict(zip(matters["call"], matters["matter"], strict=True))
    chosen: dict[object, Look] = {}
    for look in filter(None, chain.from_iterable(zip_longest(*reasons))):
        chosen.setdefault(matter_of.get(look.call, look.call), look)
        if len(chosen) == MOST:
            break
    return list(chosen.values())


def _due(log: Log, promises: pd.DataFrame, monday: date) -> Iterator[Look]:
    """Over-promises that can still be mended, the next day first."""
    first = pd.Timestamp(monday + timedelta(days=7))
    due = promises["due"].between(first, first + pd.Timedelta(days=6))
    open_ = promises[due & (promises["state"] == "unknown") & (promises["label"] == "overpromise")]
    for row in _rows(open_.sort_values(["due", "probability"], ascending=[True, False])):
        yield Look(
            "promise_due", row["call"], _day(row["said_on"]), row["queue"], row["turn"],
            row["words"], row["probability"], due=_day(row["due"]),
        )  # fmt: skip


def _many_contacts(
    calls: pd.DataFrame, matters: pd.DataFrame, evidence: pd.DataFrame
) -> Iterator[Look]:
    own = matters[matters["call"].isin(calls.index) & (matters["contact"] >= _CONTACTS)]
    last = own.drop_duplicates("matter", keep="last").sort_values("contact", ascending=False)
    open_ = calls["resolved"].eq(False).fillna(False)
    for call, contact in zip(last["call"], last["contact"], strict=True):
        if open_[call]:
            count = int(contact)
            yield from _look("many_contacts", calls, call, evidence, _COMPLAINTS, contacts=count)


def _broken(calls: pd.DataFrame, promises: pd.DataFrame) -> Iterator[Look]:
    """Promises that a call of the week tells were broken; first those that a known call made."""
    own = promises[promises["settled_by"].isin(calls.index) & (promises["state"] == "broken")]
    own = own.sort_values(["told_by", "settled_probability"], ascending=[True, False])
    for row in _rows(own.drop_duplicates("settled_by")):
        by_agent = row["told_by"] == "agent"
        call = calls.loc[row["settled_by"]]
        yield Look(
            "promise_broken", row["settled_by"], _day(row["settled_on"]), _known(call["queue"]),
            row["settled_turn"], row["settled_words"], row["settled_probability"],
            due=_day(row["due"]),
            promised_in=row["call"] if by_agent else None,
            promised_on=_day(row["said_on"]) if by_agent else None,
            promised_words=row["words"] if by_agent else None,
        )  # fmt: skip


def _not_made_good(calls: pd.DataFrame, evidence: pd.DataFrame) -> Iterator[Look]:
    failed = calls["failure"].fillna(False) & calls["resolved"].eq(False).fillna(False)
    worst = calls[failed & calls["recovery"].eq(0).fillna(False)].sort_values("score")
    for call in worst.index:
        yield from _look("not_made_good", calls, call, evidence, _COMPLAINTS)


def _conduct(calls: pd.DataFrame, evidence: pd.DataFrame) -> Iterator[Look]:
    often = (calls[list(_CONDUCT)].fillna(0) >= 3).any(axis=1)
    for call in calls[often].sort_values("score").index:
        labels = [label for label in _CONDUCT if calls.loc[call, label] >= 3]
        yield from _look("conduct", calls, call, evidence, labels)


def _look(
    why: Why,
    calls: pd.DataFrame,
    call: str,
    evidence: pd.DataFrame,
    labels: Sequence[str],
    contacts: int | None = None,
) -> Iterator[Look]:
    """The call with its surest finding of these labels; nothing without words that prove it."""
    found = evidence[(evidence["call"] == call) & evidence["label"].isin(labels)]
    row = calls.loc[call]
    for first in _rows(found.head(1)):
        yield Look(
            why, call, _day(row["day"]), _known(row["queue"]),
            first["turn"], first["text"], first["probability"], contacts,
        )  # fmt: skip


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows with `None` where a value is missing."""
    return [
        {str(name): _known(value) for name, value in row.items()}
        for row in table.to_dict("records")
    ]


def _known(value: Any) -> Any:
    return None if pd.isna(value) else value


def _day(value: Any) -> date | None:
    return None if pd.isna(value) else value.date()
