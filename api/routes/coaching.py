"""Coaching: what to work on with a team or a person, calls to hear, progress, and praise.

An agent is shown the same of their own released calls. Nobody is ranked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session

from analyzer.insights import coaching, praise, progress
from analyzer.insights.canned import Canned
from analyzer.insights.coaching import DAYS, Habit, Progress
from analyzer.insights.habits import habits_of
from analyzer.insights.praise import Praise
from analyzer.messages import Message
from analyzer.scorecard import Scorecard
from api.access import Permission, Principal
from api.deps import Allow, Db, ServiceDep
from api.parameters import AgentId, Team
from api.problems import Problem, ProblemError, not_found
from api.routes.teams import Reader, WithScope, lacking
from api.schemas import Text
from api.scoring import numbered_card
from api.storage import audit, insights, logs, scorecards
from api.storage.filters import Filters
from api.storage.insights import Scope

router = APIRouter(prefix="/v1", tags=["insights"])

_PRAISED = 5
_PLACES = 3


@dataclass(frozen=True, slots=True)
class CannedSentence:
    """The same sentence in call after call of an agent, and some `places` where it is said, as
    pairs of a call and a turn; it is not counted as empathy here."""

    agent_id: str
    sentence: str
    calls: int
    of_calls: int
    places: list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the scorecard that a habit can be."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class CoachingFor:
    """What to work on; no habits, with a `reason`, while `missing` scored calls lack.

    Calls are named by their `uid`, the words in them are there for those who may read calls.
    `comparable` says whether all calls were scored by the same model and scorecard; the habits are
    those of `scorecard` in its `revision`. `progress` is there where a day was given.
    """

    team: str | None
    agent_id: str | None
    queue: str | None
    since: date
    until: date
    min_calls: int
    calls: int
    missing: int
    reason: str | None
    comparable: bool
    scorecard: str
    revision: int
    questions: list[Question]
    habits: list[Habit]
    canned: list[CannedSentence]
    praise: list[Praise]
    coached_on: date | None
    habit: str | None
    progress: Progress | None


@dataclass(frozen=True, slots=True)
class Coached:
    """Since when which habit is coached."""

    on: date | None = None
    habit: str | None = None


def coached_since(
    coached_on: Annotated[
        date | None, Query(description="Compare the 60 days before and from this day on.")
    ] = None,
    habit: Annotated[
        Text | None,
        Query(max_length=120, description="The habit that was coached, the first if not given."),
    ] = None,
) -> Coached:
    """The coaching whose effect is asked for."""
    if coached_on and not date(1971, 1, 1) <= coached_on <= date(8999, 1, 1):
        detail = Message("The day must lie between 1971 and 8999.")
        raise Problem(422, detail, errors=[ProblemError(detail=detail, parameter="coached_on")])
    return Coached(coached_on, habit or None)


WithCoached = Annotated[Coached, Depends(coached_since)]


@router.get("/teams/{team}/coaching")
def team_coaching(
    team: Team,
    wanted: WithScope,
    coached: WithCoached,
    parts: ServiceDep,
    db: Db,
    principal: Reader,
) -> CoachingFor:
    """The two habits that would move most in a team's calls, calls to hear, and praise."""
    if not insights.knows_team(db, team):
        raise not_found("team")
    audit.record(db, principal.name, "coaching.read", f"team:{team}")
    return coaching_of(db, principal, replace(wanted, team=team), coached, parts.settings.min_calls)


@router.get("/agents/{agent_id}/coaching")
def agent_coaching(
    agent_id: AgentId,
    wanted: WithScope,
    coached: WithCoached,
    parts: ServiceDep,
    db: Db,
    principal: Reader,
) -> CoachingFor:
    """The same of one agent's calls."""
    if not insights.knows_agent(db, agent_id):
        raise not_found("agent")
    audit.record(db, principal.name, "coaching.read", f"agent:{agent_id}")
    wanted = replace(wanted, agent_id=agent_id)
    return coaching_of(db, principal, wanted, coached, parts.settings.min_calls)


@router.get("/me/coaching")
def own_coaching(
    wanted: WithScope,
    coached: WithCoached,
    parts: ServiceDep,
    db: Db,
    principal: Annotated[Principal, Depends(Allow(Permission.SELF))],
) -> CoachingFor:
    """The same of one's own calls, as far as they are released."""
    wanted = own_scope(principal, wanted)
    audit.record(db, principal.name, "coaching.read", f"agent:{wanted.agent_id}")
    return coaching_of(db, principal, wanted, coached, parts.settings.min_calls)


def own_scope(principal: Principal, wanted: Scope) -> Scope:
    """One's own calls; a problem for those who take none."""
    if principal.own_calls_of is None:
        raise Problem(404, "Your account is not that of an agent, so that no calls are yours.")
    return replace(wanted, agent_id=principal.own_calls_of)


def coaching_of(
    db: Session, principal: Principal, wanted: Scope, coached: Coached, min_calls: int
) -> CoachingFor:
    """What to work on in the calls of a scope, or how many calls are missing."""
    reads = principal.may(Permission.CALLS_READ)
    versions = insights.versions(db, wanted)
    used = versions[0] if versions else None
    revision = (
        scorecards.numbered(db, used.scorecard, used.revision) if used else scorecards.active(db)
    )
    card = numbered_card(revision)
    log = logs.load(db, principal, _filters(wanted))
    found = coaching(log, None, card, min_calls)
    missing = max(min_calls - found.calls, 0)
    questions = [Question(own.id, own.text) for own in habits_of(card)]
    if coached.on and coached.habit is None:
        first = found.habits[0].question if found.habits else None
        coached = replace(coached, habit=first or next((own.id for own in questions), None))
    if coached.habit and coached.habit not in [own.id for own in questions]:
        raise _no_such_habit(questions)
    return CoachingFor(
        team=wanted.team,
        agent_id=wanted.agent_id,
        queue=wanted.queue,
        since=wanted.since,
        until=wanted.until,
        min_calls=min_calls,
        calls=found.calls,
        missing=missing,
        reason=lacking(min_calls, missing),
        comparable=len(versions) < 2,
        scorecard=revision.name,
        revision=revision.number,
        questions=questions,
        habits=[_habit(own, reads=reads) for own in found.habits],
        canned=list(_canned(found.canned)) if reads else [],
        praise=list(islice(praise(log), _PRAISED)) if reads else [],
        coached_on=coached.on,
        habit=coached.habit,
        progress=_progress(db, principal, wanted, coached, card, min_calls),
    )


def _no_such_habit(questions: list[Question]) -> Problem:
    known = ", ".join(own.id for own in questions)
    detail = Message("The habit must be a question about what agents do: %(known)s.", known=known)
    return Problem(422, detail, errors=[ProblemError(detail=detail, parameter="habit")])


def _filters(wanted: Scope) -> Filters:
    return Filters(
        since=wanted.since,
        until=wanted.until,
        queue=wanted.queue,
        team=wanted.team,
        agent_id=wanted.agent_id,
    )


def _habit(habit: Habit, *, reads: bool) -> Habit:
    """The habit, without the words of calls for those who may not read them."""
    if reads:
        return habit
    good, listen = (
        [replace(own, words=None) for own in shown] for shown in (habit.good, habit.listen)
    )
    return replace(habit, good=good, listen=listen)


def _canned(found: list[Canned]) -> Iterator[CannedSentence]:
    """In the order of the alphabet, so that nobody stands first for more of it."""
    for own in sorted(found, key=lambda own: (own.agent_id, own.sentence)):
        yield CannedSentence(
            own.agent_id, own.sentence, own.calls, own.of_calls, sorted(own.findings)[:_PLACES]
        )


def _progress(
    db: Session,
    principal: Principal,
    wanted: Scope,
    coached: Coached,
    card: Scorecard,
    min_calls: int,
) -> Progress | None:
    if coached.on is None or coached.habit is None:
        return None
    # a day more on either side: the log counts days where the call took place
    around = replace(
        wanted,
        since=coached.on - timedelta(days=DAYS + 1),
        until=coached.on + timedelta(days=DAYS + 1),
    )
    log = logs.load(db, principal, _filters(around))
    return progress(log, coached.on, coached.habit, card=card, min_calls=min_calls)
