"""The queue: the calls worth a person's time, those first whose agent waits for an answer."""

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
from api.storage import audit, calls, disputes
from api.storage.calls import Place
from api.storage.filters import Filters

router = APIRouter()

Reviewer = Annotated[Principal, Depends(Allow(Permission.REVIEWS_WRITE))]
_PAGE = 25
_ORDER = "-priority"


def waiting(wanted: Annotated[Filters, Depends(filters)]) -> Filters:
    """Disputed calls, and flagged ones that nobody has reviewed, narrowed by the address."""
    return replace(wanted, waiting=True)


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
    found = calls.find(
        db, principal, wanted, sort=_ORDER, after=after, limit=_PAGE, with_words=True
    )
    audit.record(db, principal.name, "calls.list", details={"shown": len(found.calls)})
    subjects = [f"call:{each.call.uid}" for each in found.calls]
    seen = audit.seen(db, principal.name, "call.read", subjects)
    sent = [pair for pair in request.query_params.multi_items() if pair[0] != "cursor"]
    beyond = [*sent, ("cursor", cursor_of(found.after))] if found.after else []
    return page(
        request,
        principal,
        "queue.html.j2",
        listed=listed(found.calls, language_of(request, principal)),
        objections=disputes.open_on(db, [each.call.id for each in found.calls]),
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
    # a call whose objection was decided stood above all others and stands there no more
    begins = last is None or (not last.disputed and disputes.find(db, principal, call=last))
    place = None if begins or last is None else Place(last.priority, last.id)
    found = calls.find(db, principal, wanted, sort=_ORDER, after=place, limit=1).calls
    if found:
        return redirect(f"/calls/{found[0].call.uid}{query}")
    said = gettext(principal, marked("That was the last call of the queue."))
    return redirect(f"/queue{query}", said)
