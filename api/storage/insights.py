"""What figures over many calls are made of: counts, grouped by the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.orm import Session

from analyzer.traits import LABELS
from api.access import Principal
from api.insights import BANDS, Tally
from api.storage.filters import bits_of, listed
from api.storage.tables import (
    Agent,
    Call,
    EvidenceRow,
    Job,
    JobItem,
    ScorecardRevision,
    SkippedRow,
    StoredReport,
    begin_of,
)

# Lower ends of the classes into which probabilities are sorted.
_PROBABILITIES = (0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which calls: of a team, of an agent, or all; `since` and `until` are days, both included."""

    since: date
    until: date
    team: str | None = None
    agent_id: str | None = None
    queue: str | None = None

    def everybody(self) -> Scope:
        """The same days and queue for all."""
        return replace(self, team=None, agent_id=None)

    def mondays(self) -> list[date]:
        """The first day of each week."""
        first = self.since - timedelta(days=self.since.weekday())
        weeks = (self.until - first).days // 7 + 1
        return [first + timedelta(weeks=number) for number in range(weeks)]


@dataclass(frozen=True, slots=True)
class AgentCalls:
    """An agent, the team they belong to, and how many scored calls they had."""

    agent_id: str
    team: str | None
    scored: int


@dataclass(frozen=True, slots=True)
class Example:
    """A call that shows something; `turn` and `text` where words prove it."""

    uid: str
    occurred_at: datetime
    score: float | None
    turn: int | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """A model and a revision of a scorecard, and how many calls' reports are theirs."""

    model: str
    model_version: str
    scorecard: str
    revision: int
    calls: int


def weekly(db: Session, scope: Scope) -> dict[date, Tally]:
    """The calls of each week, those without any included."""
    week = _week(db).label("week")
    query: Select[Any] = select(week, *_SUMS).where(*_within(scope)).group_by(week)
    tallies = {monday: Tally() for monday in scope.mondays()}
    for row in db.execute(query):
        tallies[date.fromisoformat(row[0])] = _tally(row[1:])
    return tallies


def total(db: Session, scope: Scope, *, machine: bool = False) -> Tally:
    """All the calls together, as they count, or as the machine alone sees them."""
    query: Select[Any] = select(*(_MACHINE_SUMS if machine else _SUMS)).where(*_within(scope))
    return _tally(db.execute(query).one())


def with_label(
    db: Session, principal: Principal, scope: Scope, label: str, limit: int = 3
) -> list[Example]:
    """The latest calls that carry a label, each with the words that prove it."""
    query = (
        select(Call, StoredReport)
        .join(StoredReport, StoredReport.id == Call.report_id)
        .where(*_within(scope), listed(principal))
        .where(Call.labels.bitwise_and(bits_of([label])) != 0)
        .order_by(Call.occurred_at.desc(), Call.id.desc())
        .limit(limit)
    )
    examples = []
    for call, report in db.execute(query):
        found = next(own for own in report.counting["evidence"] if own["label"] == label)
        place = (found["turn"], found["text"])
        examples.append(Example(call.uid, call.occurred_at, call.score, *place))
    return examples


def without_label(
    db: Session, principal: Principal, scope: Scope, label: str, limit: int = 3
) -> list[Example]:
    """The calls with the lowest scores that do not carry a label."""
    query = (
        select(Call.uid, Call.occurred_at, Call.score)
        .where(*_within(scope), listed(principal), Call.score.is_not(None))
        .where(Call.labels.bitwise_and(bits_of([label])) == 0)
        .order_by(Call.score, Call.id)
        .limit(limit)
    )
    return [Example(*row) for row in db.execute(query)]


def agents(db: Session, scope: Scope) -> list[AgentCalls]:
    """Every agent that is known or has calls, by name."""
    # by an expression: SQLite would else walk the index of agents and fetch every call's score
    agent = func.coalesce(Call.agent_id, "").label("agent")
    query = select(agent, func.count(Call.score)).where(*_within(scope)).group_by(agent)
    counted = {row[0]: row[1] for row in db.execute(query) if row[0]}
    teams = {row.agent_id: row.team for row in db.execute(select(Agent.agent_id, Agent.team))}
    return [
        AgentCalls(id, teams.get(id), counted.get(id, 0)) for id in sorted(counted.keys() | teams)
    ]


def knows_team(db: Session, team: str) -> bool:
    """Whether anybody belongs to the team."""
    return db.scalar(select(Agent.id).where(Agent.team == team).limit(1)) is not None


def knows_agent(db: Session, agent_id: str) -> bool:
    """Whether the agent was ever named, by a call or by who keeps the teams."""
    named = select(Agent.id).where(Agent.agent_id == agent_id).limit(1)
    called = select(Call.id).where(Call.agent_id == agent_id).limit(1)
    return db.scalar(named) is not None or db.scalar(called) is not None


def queues(db: Session) -> list[str]:
    """The names of all queues."""
    query = select(Call.queue).where(Call.queue.is_not(None)).distinct().order_by(Call.queue)
    return [queue for queue in db.scalars(query) if queue]


def latest_day(db: Session) -> date | None:
    """The day of the latest call."""
    latest = db.scalar(select(func.max(Call.occurred_at)))
    return latest.date() if latest else None


def versions(db: Session, scope: Scope) -> list[Version]:
    """What the reports that count were made by, the most used first."""
    own = (
        StoredReport.model_name,
        StoredReport.model_version,
        ScorecardRevision.name,
        ScorecardRevision.number,
    )
    query = (
        select(*own, func.count())
        .select_from(Call)
        .join(StoredReport, StoredReport.id == Call.report_id)
        .join(ScorecardRevision, ScorecardRevision.id == StoredReport.revision_id)
        .where(*_within(scope))
        .group_by(*own)
        .order_by(func.count().desc(), *own)
    )
    return [Version(*row) for row in db.execute(query)]


# --- trust --------------------------------------------------------------------------------------


def finding_counts(db: Session, scope: Scope) -> dict[tuple[bool, str], int]:
    """How many findings there are by whether they count and by the class of their probability,
    named after its lower end."""
    classes = [(EvidenceRow.probability >= low, f"{low:.2f}") for low in reversed(_PROBABILITIES)]
    kind = case(*classes, else_="0.00").label("kind")
    query = (
        select(EvidenceRow.certain, kind, func.count())
        .select_from(Call)
        .join(EvidenceRow, EvidenceRow.report_id == Call.report_id)
        .where(*_within(scope))
        .group_by(EvidenceRow.certain, kind)
    )
    return {(row[0], row[1]): row[2] for row in db.execute(query)}


def language_counts(db: Session, scope: Scope) -> dict[str, int]:
    """How many calls there are in each language; `unknown` could not be told."""
    query = select(Call.language, func.count()).where(*_within(scope)).group_by(Call.language)
    return {row[0] or "unknown": row[1] for row in db.execute(query)}


def skipped_counts(db: Session, scope: Scope) -> list[tuple[str, str, int]]:
    """What was not judged: reason, feature, and in how many calls, the most first."""
    query = (
        select(SkippedRow.reason_code, SkippedRow.features, func.count())
        .select_from(Call)
        .join(SkippedRow, SkippedRow.report_id == Call.report_id)
        .where(*_within(scope))
        .group_by(SkippedRow.reason_code, SkippedRow.features)
    )
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for reason, features, count in db.execute(query):
        for feature in features.split():
            counts[reason, feature] += count
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(reason, feature, count) for (reason, feature), count in ordered]


def failed_items(db: Session, scope: Scope) -> int:
    """How many calls of the jobs of these days are not stored: they could not be read, or scoring
    them failed."""
    start, end = _bounds(scope)
    query = (
        select(func.count())
        .select_from(JobItem)
        .join(Job, Job.id == JobItem.job_id)
        .where(
            JobItem.status == "FAILED",
            JobItem.call_id.is_(None),
            Job.created_at >= start,
            Job.created_at < end,
        )
    )
    return db.scalar(query) or 0


# --- parts of queries ---------------------------------------------------------------------------


def _sums(score: Any, band: Any, labels: Any) -> tuple[ColumnElement[Any], ...]:
    return (
        func.count(),
        func.count(score),
        func.sum(score),
        func.sum(score * score),
        *(func.sum(case((band == name, 1), else_=0)) for name in BANDS),
        *(func.sum(labels.bitwise_rshift(bit).bitwise_and(1)) for bit in range(len(LABELS))),
    )


_SUMS = _sums(Call.score, Call.band, Call.labels)
_MACHINE_SUMS = _sums(Call.machine_score, Call.machine_band, Call.machine_labels)


def _tally(row: Sequence[Any]) -> Tally:
    calls, scored, score, squares, *counts = (value or 0 for value in row)
    bands, labels = counts[: len(BANDS)], counts[len(BANDS) :]
    return Tally(calls, scored, score, squares, tuple(bands), tuple(labels))


def _within(scope: Scope) -> Iterator[ColumnElement[bool]]:
    start, end = _bounds(scope)
    yield from (Call.occurred_at >= start, Call.occurred_at < end)
    if scope.queue is not None:
        yield Call.queue == scope.queue
    if scope.agent_id is not None:
        yield Call.agent_id == scope.agent_id
    if scope.team is not None:
        yield Call.agent_id.in_(select(Agent.agent_id).where(Agent.team == scope.team))


def _bounds(scope: Scope) -> tuple[datetime, datetime]:
    end = scope.until + timedelta(days=1)
    return begin_of(scope.since), begin_of(end)


def _week(db: Session) -> ColumnElement[str]:
    """The Monday of a call's week in UTC, as text."""
    if db.get_bind().dialect.name == "sqlite":
        return func.date(Call.occurred_at, "weekday 0", "-6 days")
    monday = func.date_trunc("week", func.timezone("UTC", Call.occurred_at))
    return func.to_char(monday, "YYYY-MM-DD")
