"""One call: what was said, what was found in it, and what people say of that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from analyzer.traits import TRAITS
from analyzer.writing.catalogue import speaking
from analyzer.writing.html_score import answer_title
from api.access import Permission, Principal
from api.deps import Allow, Db
from api.locales import translations
from api.pages.call_view import Reading, call_view, mine
from api.pages.render import language_of, page
from api.problems import Problem, not_found
from api.routes.calls import visible_call
from api.statement import Statement, holding
from api.storage import audit, calibrations, calls, disputes, reports, statements
from api.storage.statements import Target
from api.storage.tables import Call

router = APIRouter()

Reader = Annotated[Principal, Depends(Allow(Permission.CALLS_READ))]


@router.get("/calls/{uid}")
def call(
    uid: str,
    request: Request,
    db: Db,
    principal: Reader,
    report: Annotated[
        int | None, Query(ge=1, lt=2**63, description="An earlier report, to look at.")
    ] = None,
) -> Response:
    """The call with machine's and people's answers side by side."""
    found = visible_call(db, principal, uid)
    calibrations.refuse_unblinding(db, principal, found)
    usual = statements.shown(db, principal, found)
    if usual is None:
        raise Problem(409, "This call has not been scored yet.")
    about = _about(db, principal, usual, report)
    language = language_of(request, principal)
    judged = statements.judgement(db, about)
    verdict = judged.verdict
    # what is said is said of the report that counts
    judging = principal.may(Permission.REVIEWS_WRITE) and about.report.id == found.report_id
    with speaking(translations(language)):
        view = call_view(judged, Reading(principal.user_id, judging))
        answers = {
            name: answer_title(name)
            for name in ("yes", "no", "not_applicable", "insufficient_evidence")
        }
    audit.record(db, principal.name, "call.read", f"call:{uid}")
    objections = disputes.find(db, principal, call=found)
    said = _said(db, principal, about)
    return page(
        request,
        principal,
        "call.html.j2",
        call=found,
        actions=f"/calls/{uid}",
        report=about.report,
        usual=usual.report,
        judging=judging,
        verdict=verdict,
        view=view,
        context=view.context,
        traits=TRAITS,
        answers=answers,
        own_done=mine(verdict.done, principal.user_id),
        own_release=_own_release(said, principal, found),
        said_before=said,
        disputes=objections,
        names=disputes.names_of(db, objections),
        earlier=calls.earlier(db, principal, found),
        history=reports.history(db, principal, found),
        is_own=found.agent_id is not None and found.agent_id == principal.own_calls_of,
        query=urlencode(
            [pair for pair in request.query_params.multi_items() if pair[0] != "report"]
        ),
    )


def _about(db: Session, principal: Principal, usual: Target, report_id: int | None) -> Target:
    """The report that is asked for, else the usual one."""
    if report_id is None or report_id == usual.report.id:
        return usual
    stored = reports.one(db, principal, usual.call, report_id)
    if stored is None:
        raise not_found("report")
    return Target(usual.call, stored)


def _said(db: Session, principal: Principal, about: Target) -> list[Statement]:
    """What holds of what people said of the call, in its order; for reviewers alone."""
    if not principal.may(Permission.REVIEWS_WRITE):
        return []
    return sorted(holding(statements.said(db, about)), key=lambda own: own.id)


def _own_release(said: Sequence[Statement], principal: Principal, call: Call) -> Statement | None:
    """The reader's release of the report that the agent sees."""
    released = [
        own for own in said if own.action == "release" and own.report_id == call.released_report_id
    ]
    return mine(released, principal.user_id)
