"""The weekly digest of the stored calls, for a manager to read or a program to send."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from fastapi.encoders import jsonable_encoder
from fastapi.responses import HTMLResponse, JSONResponse

from analyzer.errors import UsageError
from analyzer.insights.digest import Digest, digest, monday_of
from analyzer.messages import Message
from analyzer.writing.digest import digest_html, digest_text, style_hash
from api.access import Permission, Principal
from api.deps import Allow, Db, ServiceDep
from api.parameters import Queue
from api.problems import Problem, ProblemError
from api.schemas import Text
from api.storage import audit, logs
from api.storage.filters import Filters, blind_calls

router = APIRouter(prefix="/v1", tags=["insights"])

# Change points and promises need what came before the week, but not years of it.
_HISTORY = timedelta(weeks=26)
_YEARS = range(1970, 9000)
_MARKDOWN = "text/markdown; charset=utf-8"


@router.get(
    "/insights/digest",
    response_class=Response,  # each error has the form of errors
    responses={
        200: {"model": Digest, "content": {"text/html": {}, "text/markdown": {}}},
    },
)
def weekly_digest(
    parts: ServiceDep,
    db: Db,
    principal: Annotated[Principal, Depends(Allow(Permission.INSIGHTS_READ))],
    week: Annotated[
        Text | None, Query(description="Such as 2026-W47; the last whole week if not given.")
    ] = None,
    queue: Queue = None,
    language: Annotated[
        Literal["en", "da", "nb", "sv"] | None, Query(description="Yours if not given.")
    ] = None,
    format: Annotated[Literal["html", "md", "json"], Query(description="The form.")] = "html",
    agents: Annotated[
        bool, Query(description="Whether the calls to thank for name their agents.")
    ] = False,
) -> Response:
    """What changed in a week beyond chance, what to look at, whom to thank, and how sure it is.

    The calls and their words are there for those who may read calls.
    """
    monday = _monday(week)
    audit.record(db, principal.name, "digest.read", details={"week": monday.isoformat()})
    wanted = Filters(queue=queue, since=monday - _HISTORY, until=monday + timedelta(days=6))
    key = ("digest", monday, queue, agents, principal.own_calls_of, blind_calls(db, principal))
    found = parts.shelf.get(
        db, key, lambda: digest(logs.load(db, principal, wanted), monday, agents=agents)
    )
    if not principal.may(Permission.CALLS_READ):
        found = replace(found, look_at=[], thanks=[])
    if format == "json":
        return JSONResponse(jsonable_encoder(found))
    speaks = language or principal.language
    if format == "md":
        return Response(digest_text(found, speaks, address=_address), media_type=_MARKDOWN)
    policy = f"default-src 'none'; style-src '{style_hash()}'; frame-ancestors 'none'"
    return HTMLResponse(
        digest_html(found, speaks, address=_address, home="/team"),
        headers={"Content-Security-Policy": policy},
    )


def _address(uid: str) -> str:
    return f"/calls/{uid}"


def _monday(week: str | None) -> date:
    """The Monday of the week that is asked for, else of the last whole one."""
    if week is None:
        today = datetime.now(UTC).date()
        return today - timedelta(days=today.weekday() + 7)
    try:
        monday = monday_of(week)
        if monday.year in _YEARS:
            return monday
    except UsageError:
        pass
    detail = Message("%(week)s is no week; write it as 2026-W47.", week=week)
    raise Problem(422, detail, errors=[ProblemError(detail=detail, parameter="week")])
