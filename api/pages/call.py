"""One call: what was said, what was found in it, and what people say of that."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from analyzer.report import from_dict
from analyzer.traits import TRAITS
from analyzer.writing.catalogue import speaking
from analyzer.writing.html_score import answer_title
from api.access import Permission, Principal
from api.deps import Allow, Db
from api.locales import translations
from api.pages.call_view import call_view, mine
from api.pages.render import language_of, page
from api.problems import Problem
from api.routes.calls import visible_call
from api.storage import audit, calibrations, calls, disputes, reviews
from api.storage.reviews import Target
from api.verdict import Statement, holding

router = APIRouter()

Reader = Annotated[Principal, Depends(Allow(Permission.CALLS_READ))]


@router.get("/calls/{uid}")
def call(uid: str, request: Request, db: Db, principal: Reader) -> Response:
    """The call with machine's and people's answers side by side."""
    found = visible_call(db, principal, uid)
    calibrations.refuse_unblinding(db, principal, found)
    about = reviews.current(db, found)
    if about is None:
        raise Problem(409, "This call has not been scored yet.")
    language = language_of(request, principal)
    verdict = reviews.verdict(db, about)
    report = from_dict(about.report.body, calls.conversation_of(found))
    with speaking(translations(language)):
        view = call_view(report, verdict, principal.user_id)
        answers = {
            name: answer_title(name)
            for name in ("yes", "no", "not_applicable", "insufficient_evidence")
        }
    audit.record(db, principal.name, "call.read", f"call:{uid}")
    objections = disputes.find(db, principal, call=found)
    return page(
        request,
        principal,
        "call.html.j2",
        call=found,
        actions=f"/calls/{uid}",
        report=about.report,
        verdict=verdict,
        view=view,
        context=view.context,
        traits=TRAITS,
        answers=answers,
        own_done=mine(verdict.done, principal.user_id),
        own_release=mine(verdict.released, principal.user_id),
        said_before=_said(db, principal, about),
        disputes=objections,
        names=disputes.names_of(db, objections),
        earlier=calls.earlier(db, principal, found),
        history=calls.reports(db, found),
        is_own=found.agent_id is not None and found.agent_id == principal.own_calls_of,
        query=request.url.query,
    )


def _said(db: Session, principal: Principal, about: Target) -> list[Statement]:
    """What holds of what people said, in its order; for reviewers alone."""
    if not principal.may(Permission.REVIEWS_WRITE):
        return []
    return sorted(holding(reviews.statements(db, about)), key=lambda own: own.id)
