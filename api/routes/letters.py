"""Letters of praise for star calls, for a person to read, sign and send."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from sqlalchemy.orm import Session

from analyzer.insights import praise
from analyzer.insights.praise import Praise
from analyzer.writing.letter import Letter, letter_of
from api.access import Permission, Principal
from api.deps import Allow, Db
from api.parameters import CallUid
from api.problems import Problem
from api.routes.calls import visible_call
from api.storage import audit, calibrations, logs, people
from api.storage.filters import Filters
from api.storage.tables import Call

router = APIRouter(prefix="/v1", tags=["insights"])

Language = Literal["en", "da", "nb", "sv"]
# What an agent says in call after call is seen in the calls before.
_DAYS_BEFORE = 60

CallsRead = Depends(Allow(Permission.CALLS_READ))


@router.get("/calls/{uid}/letter", dependencies=[CallsRead])
def letter(
    uid: CallUid,
    db: Db,
    principal: Annotated[Principal, Depends(Allow(Permission.INSIGHTS_READ))],
    language: Annotated[
        Language | None, Query(description="That of the agent's account if not given, or English.")
    ] = None,
) -> Letter:
    """The letter about a star call, in parts; it quotes the transcript and claims nothing else."""
    return letter_about(db, principal, uid, language)


def letter_about(
    db: Session, principal: Principal, uid: str, language: str | None, otherwise: str = "en"
) -> Letter:
    """The letter in a language, in that of the agent's account, or `otherwise`."""
    call = visible_call(db, principal, uid)
    calibrations.refuse_unblinding(db, principal, call)
    star = _praise_of(db, principal, call)
    audit.record(db, principal.name, "letter.read", f"call:{uid}")
    reader = people.user_of_agent(db, call.agent_id) if call.agent_id else None
    language = language or (reader.language if reader else otherwise)
    return letter_of(star, language, reader.name if reader else None)


def _praise_of(db: Session, principal: Principal, call: Call) -> Praise:
    day = call.occurred_at.date()
    before = Filters(
        since=day - timedelta(days=_DAYS_BEFORE if call.agent_id else 0),
        until=day,
        agent_id=call.agent_id,
    )
    found = (own for own in praise(logs.load(db, principal, before)) if own.call == call.uid)
    star = next(found, None)
    if star is None:
        raise Problem(
            409,
            "This is no star call with words of the agent's own that show why it is one, so that "
            "there is nothing a letter could quote.",
        )
    return replace(star, call=call.external_id)
