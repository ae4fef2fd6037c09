"""What to work on with a team or a person, what an agent sees of it, and letters of praise."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BeforeValidator
from sqlalchemy.orm import Session

from analyzer.traits import TRAIT
from analyzer.writing.html_words import turn_anchor
from api.access import Permission, Principal
from api.deps import Allow, Db, ServiceDep
from api.pages.call_view import ANCHOR
from api.pages.render import language_of, page
from api.pages.team import Day, Word, asked, asked_scope, asked_subject
from api.routes.coaching import Coached, CoachingFor, coached_since, coaching_of, own_scope
from api.routes.letters import CallsRead, Language, letter_about
from api.routes.teams import teams_of
from api.storage import audit, calls
from api.storage.insights import Scope

router = APIRouter()


def _asked_coached(coached_on: Day = None, habit: Word = "") -> Coached:
    return coached_since(coached_on, habit or None)


WithScope = Annotated[Scope, Depends(asked_scope)]
WithCoached = Annotated[Coached, Depends(_asked_coached)]


@router.get("/team/coaching")
def team_coaching(
    request: Request,
    parts: ServiceDep,
    db: Db,
    principal: Annotated[Principal, Depends(Allow(Permission.INSIGHTS_READ))],
    wanted: WithScope,
    coached: WithCoached,
    of: Word = "",
) -> Response:
    """What to work on with a team (`of=team:…`) or an agent (`of=agent:…`); else whom to choose."""
    min_calls = parts.settings.min_calls
    kind, wanted = asked_subject(db, of, wanted)
    teams = teams_of(db, wanted.everybody(), min_calls)
    if not kind:
        audit.record(db, principal.name, "teams.list")
        found = None
    else:
        audit.record(db, principal.name, "coaching.read", of)
        found = coaching_of(db, principal, wanted, coached, min_calls)
    return page(
        request,
        principal,
        "coaching.html.j2",
        **_shown(db, principal, found, wanted),
        action="/team/coaching",
        is_own=False,
        of=of,
        kind=kind,
        name=wanted.team or wanted.agent_id or "",
        teams=teams,
        figures=f"/team?{urlencode(asked(of, wanted))}",
    )


@router.get("/coaching")
def own_coaching(
    request: Request,
    parts: ServiceDep,
    db: Db,
    principal: Annotated[Principal, Depends(Allow(Permission.SELF))],
    wanted: WithScope,
    coached: WithCoached,
) -> Response:
    """The same of one's own calls, as far as they are released."""
    wanted = own_scope(principal, wanted)
    audit.record(db, principal.name, "coaching.read", f"agent:{wanted.agent_id}")
    found = coaching_of(db, principal, wanted, coached, parts.settings.min_calls)
    return page(
        request,
        principal,
        "coaching.html.j2",
        **_shown(db, principal, found, wanted),
        action="/coaching",
        is_own=True,
        of="",
        kind="agent",
        name=wanted.agent_id,
        teams=None,
        figures="",
    )


def _shown(
    db: Session, principal: Principal, found: CoachingFor | None, wanted: Scope
) -> dict[str, Any]:
    """What the page shows, whoever looks at it."""
    return {
        "found": found,
        "wanted": wanted,
        "queues": calls.choices(db, principal)[0],
        "traits": TRAIT,
        "anchor": partial(turn_anchor, ANCHOR),
    }


@router.get("/calls/{uid}/letter", dependencies=[CallsRead])
def letter(
    uid: str,
    request: Request,
    db: Db,
    principal: Annotated[Principal, Depends(Allow(Permission.INSIGHTS_READ))],
    to: Annotated[Language | None, BeforeValidator(lambda given: given or None), Query()] = None,
) -> Response:
    """A letter of praise for a star call, to print and to sign."""
    written = letter_about(db, principal, uid, to, language_of(request, principal))
    return page(request, principal, "letter.html.j2", letter=written, uid=uid)
