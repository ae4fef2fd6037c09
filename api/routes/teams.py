"""Teams and agents over time: intervals, a minimum number of calls, and no ranking."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session

from analyzer.messages import Message
from api.access import Permission, Principal
from api.deps import Allow, Db, ServiceDep
from api.insights import HARMFUL, Comparison, Summary, summarise
from api.parameters import AgentId, Queue, Team
from api.problems import Problem, ProblemError, not_found
from api.storage import audit, insights
from api.storage.insights import Example, Scope

router = APIRouter(prefix="/v1", tags=["insights"])

Reader = Annotated[Principal, Depends(Allow(Permission.INSIGHTS_READ))]
# Weeks shown when nothing else is asked for, and the most that are shown.
_WEEKS, _MOST_WEEKS = 12, 157
_EARLIEST, _LATEST = date(1970, 1, 1), date(9000, 1, 1)


@dataclass(frozen=True, slots=True)
class AgentEntry:
    """An agent; figures are there once `missing` is 0."""

    agent_id: str
    scored: int
    missing: int


@dataclass(frozen=True, slots=True)
class TeamEntry:
    """A team and its agents, by name; figures are there once `missing` is 0."""

    team: str
    scored: int
    missing: int
    agents: list[AgentEntry]


@dataclass(frozen=True, slots=True)
class Teams:
    """All teams by name, and the agents who belong to none."""

    since: date
    until: date
    min_calls: int
    teams: list[TeamEntry]
    agents_without_team: list[AgentEntry]


@dataclass(frozen=True, slots=True)
class Point:
    """A strong point, or one to coach, and calls that show it.

    The words of a call are there for those who may read calls.
    """

    compared: Comparison
    examples: list[Example]


@dataclass(frozen=True, slots=True)
class Insights:
    """The figures of a team, an agent, or all calls.

    `figures` are null, with a `reason`, while `missing` scored calls are lacking. `comparable`
    says whether all calls were scored by the same model and scorecard; scores are comparable only
    then.
    """

    team: str | None
    agent_id: str | None
    queue: str | None
    since: date
    until: date
    min_calls: int
    missing: int
    reason: str | None = None
    comparable: bool = True
    figures: Summary | None = None
    strong: list[Point] | None = None
    coach: list[Point] | None = None


def scope(
    since: Annotated[
        date | None, Query(description="The first day; twelve weeks ago if not given.")
    ] = None,
    until: Annotated[date | None, Query(description="The last day; today if not given.")] = None,
    queue: Queue = None,
) -> Scope:
    """The days and the queue that are asked for."""
    last = until or datetime.now(UTC).date()
    _bound(last, "until")
    first = since or last - timedelta(days=last.weekday(), weeks=_WEEKS - 1)
    _bound(first, "since")
    if first > last:
        raise _mistake("since", "The first day must not come after the last.")
    found = Scope(first, last, queue=queue)
    if len(found.mondays()) > _MOST_WEEKS:
        raise _mistake("since", f"At most {_MOST_WEEKS} weeks are shown at once.")
    return found


WithScope = Annotated[Scope, Depends(scope)]


@router.get("/teams")
def team_list(wanted: WithScope, parts: ServiceDep, db: Db, principal: Reader) -> Teams:
    """The teams and their agents in alphabetical order, with how many calls were scored."""
    audit.record(db, principal.name, "teams.list")
    return teams_of(db, wanted, parts.settings.min_calls)


@router.get("/teams/{team}")
def team(team: Team, wanted: WithScope, parts: ServiceDep, db: Db, principal: Reader) -> Insights:
    """A team's calls, week by week, beside those of everybody else."""
    if not insights.knows_team(db, team):
        raise not_found("team")
    audit.record(db, principal.name, "team.read", f"team:{team}")
    return insights_of(db, principal, replace(wanted, team=team), parts.settings.min_calls)


@router.get("/agents/{agent_id}/insights")
def agent(
    agent_id: AgentId, wanted: WithScope, parts: ServiceDep, db: Db, principal: Reader
) -> Insights:
    """An agent's calls, week by week, beside those of everybody else."""
    if not insights.knows_agent(db, agent_id):
        raise not_found("agent")
    audit.record(db, principal.name, "agent.read", f"agent:{agent_id}")
    return insights_of(db, principal, replace(wanted, agent_id=agent_id), parts.settings.min_calls)


@router.get("/insights")
def everybody(wanted: WithScope, parts: ServiceDep, db: Db, principal: Reader) -> Insights:
    """All calls, week by week."""
    audit.record(db, principal.name, "insights.read")
    return insights_of(db, principal, wanted, parts.settings.min_calls)


def teams_of(db: Session, wanted: Scope, min_calls: int) -> Teams:
    """Who belongs to which team."""
    by_team: dict[str | None, list[AgentEntry]] = {}
    for own in insights.agents(db, wanted):
        entry = AgentEntry(own.agent_id, own.scored, max(min_calls - own.scored, 0))
        by_team.setdefault(own.team, []).append(entry)
    loose = by_team.pop(None, [])
    teams = []
    for name, agents in sorted(by_team.items(), key=lambda item: item[0] or ""):
        scored = sum(own.scored for own in agents)
        teams.append(TeamEntry(name or "", scored, max(min_calls - scored, 0), agents))
    return Teams(wanted.since, wanted.until, min_calls, teams, loose)


def insights_of(db: Session, principal: Principal, wanted: Scope, min_calls: int) -> Insights:
    """The figures of a scope, or how many calls are missing."""
    weeks = insights.weekly(db, wanted)
    scored = sum(tally.scored for tally in weeks.values())
    empty = Insights(
        team=wanted.team,
        agent_id=wanted.agent_id,
        queue=wanted.queue,
        since=wanted.since,
        until=wanted.until,
        min_calls=min_calls,
        missing=max(min_calls - scored, 0),
    )
    if empty.missing:
        return replace(empty, reason=lacking(min_calls, empty.missing))
    is_part = wanted != wanted.everybody()
    everybody = insights.total(db, wanted.everybody()) if is_part else None
    figures = summarise(weeks, everybody, min_calls)
    return replace(
        empty,
        figures=figures,
        comparable=len(insights.versions(db, wanted)) == 1,
        strong=[_point(db, principal, wanted, own, strong=True) for own in figures.strong],
        coach=[_point(db, principal, wanted, own, strong=False) for own in figures.coach],
    )


def lacking(min_calls: int, missing: int) -> str | None:
    """Why there are no figures, `None` if there are."""
    if not missing:
        return None
    return f"Figures are shown from {min_calls} scored calls on; {missing} are missing."


def _point(
    db: Session, principal: Principal, wanted: Scope, compared: Comparison, *, strong: bool
) -> Point:
    label = compared.label
    if label in HARMFUL and strong:
        return Point(compared, [])  # what is not there cannot be shown
    if label in HARMFUL or strong:
        examples = insights.with_label(db, principal, wanted, label)
    else:
        examples = insights.without_label(db, principal, wanted, label)
    if not principal.may(Permission.CALLS_READ):
        examples = [replace(own, text=None) for own in examples]
    return Point(compared, examples)


def _bound(day: date, name: str) -> None:
    if not _EARLIEST <= day <= _LATEST:
        within = Message(
            "The day must lie between %(earliest)s and %(latest)s.",
            earliest=str(_EARLIEST),
            latest=str(_LATEST),
        )
        raise _mistake(name, within)


def _mistake(name: str, detail: str) -> Problem:
    return Problem(422, detail, errors=[ProblemError(detail=detail, parameter=name)])
