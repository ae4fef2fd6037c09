"""The queue: the calls worth a person's time, the most pressing first."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import RedirectResponse, Response

from analyzer.writing.catalogue import marked
from api.access import Permission, Principal
from api.deps import Allow, Db
from api.pages.calls import NARROWED_BY, chips, listed, options, tidy
from api.pages.render import gettext, language_of, page, redirect
from api.routes.calls import cursor_of, filters, place_at
from api.storage import audit, calls
from api.storage.calls import Filters, Place

router = APIRouter()

Reviewer = Annotated[Principal, Depends(Allow(Permission.REVIEWS_WRITE))]
_PAGE = 25
_ORDER = "-priority"


def waiting(wanted: Annotated[Filters, Depends(filters)]) -> Filters:
    """Flagged calls that nobody has reviewed, narrowed by the address."""
    return replace(wanted, reviewed=False, flagged=True)


Waiting = Annotated[Filters, Depends(waiting)]


@router.get("/queue", dependencies=[Depends(tidy)])
def queue(
    request: Request,
    db: Db,
    principal: Reviewer,
    wanted: Waiting,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> Response:
    """A page of the queue, each call with why it is here."""
    after = place_at(cursor, _ORDER) if cursor else None
    found = calls.find(db, principal, wanted, sort=_ORDER, after=after, limit=_PAGE)
    audit.record(db, principal.name, "calls.list", details={"shown": len(found.calls)})
    subjects = [f"call:{call.uid}" for call in found.calls]
    seen = audit.seen(db, principal.name, "call.read", subjects)
    sent = [pair for pair in request.query_params.multi_items() if pair[0] != "cursor"]
    beyond = [*sent, ("cursor", cursor_of(found.after))] if found.after else []
    return page(
        request,
        principal,
        "queue.html.j2",
        listed=listed(db, found.calls, language_of(request, principal)),
        seen={subject.removeprefix("call:") for subject in seen},
        count=calls.count(db, principal, wanted),
        disputes=calls.count(db, principal, Filters(disputed=True)),
        any_calls=bool(found.calls) or bool(calls.count(db, principal, Filters(), at_most=1)),
        wanted=wanted,
        query=urlencode(sent),
        chips=list(chips(request)),
        names=NARROWED_BY,
        first=f"/queue?{urlencode(sent)}" if cursor else "",
        beyond=f"/queue?{urlencode(beyond)}" if beyond else "",
        **options(db, principal),
    )


@router.get("/queue/next")
def queue_next(
    request: Request,
    db: Db,
    principal: Reviewer,
    wanted: Waiting,
    after: Annotated[str | None, Query(max_length=64)] = None,
) -> RedirectResponse:
    """On to the call that follows in the queue; from its end back to the list."""
    sent = [pair for pair in request.query_params.multi_items() if pair[0] != "after"]
    query = f"?{urlencode(sent)}" if sent else ""
    last = calls.one(db, principal, after) if after else None
    place = Place(last.priority, last.id) if last else None
    found = calls.find(db, principal, wanted, sort=_ORDER, after=place, limit=1).calls
    if found:
        return redirect(f"/calls/{found[0].uid}{query}")
    said = gettext(principal, marked("That was the last call of the queue."))
    return redirect(f"/queue{query}", said)
