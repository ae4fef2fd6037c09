"""The list of calls: filters, search, order and place in its address."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from analyzer.report import from_dict
from analyzer.traits import TRAITS
from analyzer.writing.catalogue import marked, speaking
from analyzer.writing.html_overview import Row, row
from analyzer.writing.html_words import FLAG_TITLES, LANGUAGE_NAMES
from api.access import Permission, Principal
from api.deps import Allow, Db
from api.locales import translations
from api.pages.render import language_of, page
from api.payload import conversation_of
from api.routes.calls import cursor_of, filters, place_at
from api.storage import audit, calls, scorecards
from api.storage.calls import SORTS
from api.storage.filters import Filters
from api.storage.tables import Call, StoredReport

router = APIRouter()

Reader = Annotated[Principal, Depends(Allow(Permission.CALLS_READ))]
_PAGE = 30
_SORT_TITLES = {
    "-occurred_at": marked("Newest first"),
    "occurred_at": marked("Oldest first"),
    "score": marked("Lowest score first"),
    "-score": marked("Highest score first"),
    "-priority": marked("Most pressing first"),
}
# What the list can be narrowed by, beside the search, and what each is called.
NARROWED_BY = {
    "band": marked("Band"),
    "flag": marked("Flag"),
    "label": marked("Finding"),
    "language": marked("Language"),
    "queue": marked("Queue"),
    "agent_id": marked("Agent"),
    "customer_id": marked("Customer"),
    "case_id": marked("Case"),
    "product": marked("Product"),
    "since": marked("From"),
    "until": marked("To"),
    "reviewed": marked("Reviewed"),
    "disputed": marked("Disputed"),
    "scored": marked("Scored"),
    "flagged": marked("Flagged"),
    "corrected": marked("Corrected"),
    "waiting": marked("In the queue"),
    "job": marked("Upload"),
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A call in a list: what is stored, and what its report says in words, after people."""

    call: Call
    figures: StoredReport | None
    row: Row | None


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on, and the address without it."""

    name: str
    value: str
    without: str


def tidy(request: Request) -> None:
    """A form sends its empty fields too; the address goes on without them."""
    sent = request.query_params.multi_items()
    kept = [(name, value) for name, value in sent if value.strip()]
    if len(kept) < len(sent):
        address = request.url.path + (f"?{urlencode(kept)}" if kept else "")
        raise HTTPException(303, headers={"Location": address})


def listed(found: Sequence[calls.Listed], language: str) -> list[Listed]:
    """The calls with their reports, in the words of the reader's language."""
    with speaking(translations(language)):
        return [_listed(each) for each in found]


def _listed(each: calls.Listed) -> Listed:
    if each.report is None:
        return Listed(each.call, None, None)
    report = from_dict(each.report.counting, conversation_of(each.call))
    return Listed(each.call, each.report, row(report, each.call.uid))


def options(db: Session, principal: Principal) -> dict[str, Any]:
    """What the form of filters offers."""
    queues, agents, products = calls.choices(db, principal)
    return {
        "queues": queues,
        "agents": [] if principal.sees_own_only else agents,
        "products": products,
        "flags": FLAG_TITLES,
        "traits": TRAITS,
        "call_languages": LANGUAGE_NAMES,
    }


def chips(request: Request) -> Iterator[Chip]:
    """The filters that the address holds."""
    sent = [pair for pair in request.query_params.multi_items() if pair[0] != "cursor"]
    for name, value in sent:
        if name in NARROWED_BY:
            rest = urlencode([pair for pair in sent if pair != (name, value)])
            yield Chip(name, value, request.url.path + (f"?{rest}" if rest else ""))


@router.get("/calls", dependencies=[Depends(tidy)])
def call_list(
    request: Request,
    db: Db,
    principal: Reader,
    wanted: Annotated[Filters, Depends(filters)],
    sort: Annotated[Literal[SORTS], Query()] = "-occurred_at",  # type: ignore[valid-type]
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> Response:
    """A page of the calls that match."""
    after = place_at(cursor, sort) if cursor else None
    found = calls.find(db, principal, wanted, sort=sort, after=after, limit=_PAGE, with_words=True)
    audit.record(db, principal.name, "calls.list", details={"shown": len(found.calls)})
    sent = [pair for pair in request.query_params.multi_items() if pair[0] != "cursor"]
    may_rescore = wanted.scored is False and principal.may(Permission.SCORECARDS_EDIT)
    beyond = [*sent, ("cursor", cursor_of(found.after))] if found.after else []
    return page(
        request,
        principal,
        "calls.html.j2",
        listed=listed(found.calls, language_of(request, principal)),
        count=calls.count(db, principal, wanted),
        wanted=wanted,
        chips=list(chips(request)),
        names=NARROWED_BY,
        sort=sort,
        sorts=_SORT_TITLES,
        narrowed=urlencode([pair for pair in sent if pair[0] != "sort"]),
        # the revision by which these calls can be scored again
        rescored_by=scorecards.active(db).id if may_rescore else None,
        first=f"/calls?{urlencode(sent)}" if cursor else "",
        beyond=f"/calls?{urlencode(beyond)}" if beyond else "",
        **options(db, principal),
    )
