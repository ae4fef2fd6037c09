"""The weekly digest: what changed, what to look at, whom to thank, and how sure all of it is.

It holds figures and the calls' own words; `analyzer.writing.digest` says them in a language.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pandas as pd

from analyzer.errors import UsageError
from analyzer.insights.log import Log
from analyzer.insights.matters import OPEN_DAYS, find_matters
from analyzer.insights.praise import Praise, praise
from analyzer.insights.promises import ledger
from analyzer.insights.week_calls import Look, calls_to_look_at
from analyzer.insights.week_changes import (
    MIN_CASES,
    Difference,
    TurningPoint,
    differences,
    figures,
    new_turning_points,
)
from analyzer.scoring import DOUBTFUL

_THANKS = 3
# Matters and promises are followed this far back from the week before: a third contact finds the
# first one, however long the matter was silent between them. The basics take all calls.
_FOLLOWED = timedelta(days=2 * OPEN_DAYS + 7)
_WEEK = re.compile(r"\d{4}-W\d{2}")


@dataclass(frozen=True, slots=True)
class Doubt:
    """What the machine is unsure of in the week, or could not look at.

    `unscored` counts calls by reason, an empty one where it is not known. `doubtful` of `findings`
    are less than 60 % sure; of the promises that fell `due` nobody has
    told of `untold`. `not_compared` are figures with too few cases in one of the weeks.
    """

    unscored: dict[str, int]
    without_customer: int
    findings: int
    doubtful: int
    uncertain_bands: int
    uncertain_roles: int
    due: int
    untold: int
    not_compared: list[str]


@dataclass(frozen=True, slots=True)
class Digest:
    """A week from Monday beside the one before; `scored` and the rest are of the week alone.

    `enough` says whether both weeks have the `MIN_CASES` scored calls that a comparison takes.
    `kept` and `broken` are the promises of which a call of the week tells, `thanks` a few of the
    star calls. `without_start` calls of the log are in no week.
    """

    week: date
    calls: int
    calls_before: int
    scored: int
    enough: bool
    bands: dict[str, int]
    kept: int
    broken: int
    again: int
    differences: list[Difference]
    turning_points: list[TurningPoint]
    look_at: list[Look]
    thanks: list[Praise]
    doubt: Doubt
    without_start: int

    @property
    def worse(self) -> list[Difference | TurningPoint]:
        """What got worse beyond chance."""
        return [item for item in self._changes if not item.better]

    @property
    def better(self) -> list[Difference | TurningPoint]:
        """What got better beyond chance."""
        return [item for item in self._changes if item.better]

    @property
    def _changes(self) -> list[Difference | TurningPoint]:
        return [*self.differences, *self.turning_points]


def monday_of(week: str) -> date:
    """The Monday of a week such as `2026-W47`."""
    try:
        if _WEEK.fullmatch(week):
            return date.fromisoformat(f"{week}-1")
    except ValueError:
        pass  # a week 53 that the year does not have
    raise UsageError(f"{week!r} is no week; write it as 2026-W47.")


def last_week(log: Log, today: date | None = None) -> date:
    """The Monday of the last week with calls that is over today, else of the last call's week."""
    days = log.calls["day"].dropna()
    if days.empty:
        raise UsageError("No call says when it began (`started_at`), so there are no weeks.")
    today = today or date.today()
    over = days[days < pd.Timestamp(today - timedelta(days=today.weekday()))]
    last: date = (days if over.empty else over).max().date()
    return last - timedelta(days=last.weekday())


def digest(log: Log, week: date | None = None, *, agents: bool = False) -> Digest:
    """The digest of the week from a Monday, as it could be written when the week was over.

    The last whole week with calls if none is given. Later calls are not looked at. `agents` says
    whether the calls to thank for bear the ids of their agents; no other part ever does.
    """
    monday = week or last_week(log)
    now = _until(log, monday + timedelta(days=7))
    followed = _since(now, monday - _FOLLOWED)
    matters = find_matters(followed)
    promises = ledger(followed, matters)
    day = now.calls["day"]
    this = now.calls[day >= pd.Timestamp(monday)]
    earlier = day.between(pd.Timestamp(monday - timedelta(days=7)), pd.Timestamp(monday), "left")
    before = now.calls[earlier]
    scored = this[this["score"].notna()]
    enough = min(len(scored), int(before["score"].notna().sum())) >= MIN_CASES
    table = figures(followed, matters, promises)
    changed, not_compared = differences(table.loc[this["call"]], table.loc[before["call"]])
    told = promises[promises["settled_by"].isin(this["call"])]["state"]
    contacts = matters[matters["call"].isin(this["call"])]["contact"]
    fell_due = promises["due"].between(
        pd.Timestamp(monday), pd.Timestamp(monday + timedelta(days=6))
    )
    # what a customer has said of it moves more than a score
    thanks = sorted(praise(Log(this, now.evidence, now.turns)), key=lambda star: not star.customer)
    if not agents:
        thanks = [replace(star, agent_id=None) for star in thanks]
    return Digest(
        week=monday,
        calls=len(this),
        calls_before=len(before),
        scored=len(scored),
        enough=enough,
        bands={band: int((scored["band"] == band).sum()) for band in ("rasmus", "kasper", "star")},
        kept=int((told == "kept").sum()),
        broken=int((told == "broken").sum()),
        again=int((contacts > 1).sum()),
        differences=changed if enough else [],
        turning_points=new_turning_points(now, _until(log, monday)),
        look_at=calls_to_look_at(followed, this, matters, promises, monday),
        thanks=thanks[:_THANKS],
        doubt=_doubt(now, this, promises.loc[fell_due], not_compared if enough else []),
        without_start=int(log.calls["day"].isna().sum()),
    )


def _until(log: Log, end: date) -> Log:
    """The calls before a day."""
    return _only(log, log.calls["day"] < pd.Timestamp(end))


def _since(log: Log, begin: date) -> Log:
    """The calls from a day on."""
    return _only(log, log.calls["day"] >= pd.Timestamp(begin))


def _only(log: Log, chosen: pd.Series) -> Log:
    calls = log.calls[chosen]
    evidence, turns = (part[part["call"].isin(calls["call"])] for part in (log.evidence, log.turns))
    return Log(calls.reset_index(drop=True), evidence, turns)


def _doubt(log: Log, week: pd.DataFrame, due: pd.DataFrame, not_compared: list[str]) -> Doubt:
    # a log of the service has neither
    week = week.reindex(columns=list(dict.fromkeys([*week, "not_analysed", "flags"])))
    unscored = week.loc[week["score"].isna(), "not_analysed"].astype("string").fillna("")
    codes = unscored.str.extract(r"(?:^| )score:(\S+)", expand=False).fillna("")
    raised = week["flags"].astype("string").fillna("").str.split().explode().value_counts()
    found = log.evidence[log.evidence["call"].isin(week["call"])]["probability"]
    due = due[due["told_by"] == "agent"]
    return Doubt(
        unscored={str(code): int(count) for code, count in codes.value_counts().items()},
        without_customer=int(week["customer_id"].isna().sum()),
        findings=len(found),
        doubtful=int((found < DOUBTFUL).sum()),
        uncertain_bands=int(raised.get("uncertain_band", 0)),
        uncertain_roles=int(raised.get("uncertain_roles", 0)),
        due=len(due),
        untold=int((due["state"] == "unknown").sum()),
        not_compared=not_compared,
    )
