"""Customers: who was hit more than once, and one customer's service history as a story."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response

from analyzer.writing.catalogue import marked
from analyzer.writing.html_score import LADDER
from api.access import Permission, Principal
from api.customer import Journey
from api.deps import Allow, Db, ServiceDep
from api.pages.calls import tidy
from api.pages.promises import NAMES, latest_days
from api.pages.render import page
from api.parameters import CustomerId
from api.promises import PromiseEntry, Side
from api.routes.customers import customers_of, journey_of
from api.routes.promises import Offset
from api.routes.teams import WithScope
from api.storage import insights

router = APIRouter()

Reader = Annotated[Principal, Depends(Allow(Permission.INSIGHTS_READ))]
_PAGE = 20
_JOINED_BY = {
    "case": marked("the same case"),
    "words": marked("the same rare words, such as an order number"),
    "says_so": marked("the customer says that it is not the first contact"),
    "near": marked("the same queue within a week"),
}


@router.get("/customers", dependencies=[Depends(tidy)])
def customer_list(
    request: Request,
    parts: ServiceDep,
    db: Db,
    principal: Reader,
    days: WithScope,
    offset: Offset = 0,
) -> Response:
    """The customers in whose calls something failed more than once."""
    found = customers_of(parts, db, principal, days, offset, _PAGE)
    sent = [pair for pair in request.query_params.multi_items() if pair[0] != "offset"]
    return page(
        request,
        principal,
        "customers.html.j2",
        found=found,
        queue=days.queue,
        queues=insights.queues(db),
        steps=LADDER,
        latest=latest_days(insights.latest_day(db), found.until) if not found.calls else "",
        first=f"/customers?{urlencode(sent)}" if offset else "",
        beyond=f"/customers?{urlencode([*sent, ('offset', found.next)])}" if found.next else "",
    )


@router.get("/customers/{customer_id:path}")
def customer(request: Request, customer_id: CustomerId, db: Db, principal: Reader) -> Response:
    """The journey of a customer, matter by matter, call by call."""
    found = journey_of(db, principal, customer_id)
    matters = found.matters
    return page(
        request,
        principal,
        "customer.html.j2",
        found=found,
        failures=sum(own.failures for own in matters),
        repeats=sum(own.repeats for own in matters),
        transfers=sum(own.transfers for own in matters),
        broken=sum(each.state == "broken" for own in matters for each in own.promises),
        promised=_promised(found),
        settled=_settled(found),
        steps=LADDER,
        joined_by=_JOINED_BY,
        **NAMES,
    )


def _promised(found: Journey) -> dict[str, list[PromiseEntry]]:
    """Uid of a call -> the promises that an agent made in it."""
    by_call: dict[str, list[PromiseEntry]] = {}
    for own in (own for matter in found.matters for own in matter.promises):
        if own.told_by == "agent":
            by_call.setdefault(own.made.call, []).append(own)
    return by_call


def _settled(found: Journey) -> dict[str, list[list[PromiseEntry]]]:
    """Uid of a call -> the promises that it tells of, those together that the same words settle."""
    by_call: dict[str, dict[Side, list[PromiseEntry]]] = {}
    for own in (own for matter in found.matters for own in matter.promises):
        if own.settled:
            by_words = by_call.setdefault(own.settled.call, {})
            by_words.setdefault(own.settled, []).append(own)
    return {call: list(by_words.values()) for call, by_words in by_call.items()}
