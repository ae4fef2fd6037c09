"""Promises: who promised what by when, and what became of it, with the words of both sides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response

from analyzer.traits import TRAIT
from analyzer.writing.catalogue import marked
from analyzer.writing.html_words import LANGUAGE_NAMES, turn_anchor
from api.access import Permission, Principal
from api.deps import Allow, Db, ServiceDep
from api.pages.call_view import ANCHOR
from api.pages.calls import tidy
from api.pages.render import page
from api.promises import PromiseFigure, PromiseFilters
from api.routes.promises import Offset, promise_filters, promises_of
from api.routes.teams import WithScope
from api.storage import calls, insights

router = APIRouter()

_PAGE = 20
STATES = {"broken": marked("Broken"), "kept": marked("Kept"), "unknown": marked("Not known")}
FIRMNESS = {"firm": marked("Firmly"), "plain": marked("Plainly"), "hedged": marked("With a hedge")}
KINDS = {
    "overpromise": TRAIT["overpromise"].title,
    "follow_up": TRAIT["follow_up"].title,
    "expectation": TRAIT["expectation"].title,
    "broken_promise": marked("Told by the customer alone"),
}
WHY = {
    "customer_says": marked("The customer says so"),
    "called_again": marked("After the day the customer called about it again, and it had failed"),
    "solved": marked("A later call says that it is solved"),
    "not_due_yet": marked("The stored calls do not reach beyond that day"),
    "no_later_call": marked("No later call of the customer is stored"),
    "not_mentioned": marked("Later calls do not speak of it"),
}
# What the pages of promises and of journeys call things.
NAMES: dict[str, Any] = {
    "states": STATES,
    "firmnesses": FIRMNESS,
    "kinds": KINDS,
    "why": WHY,
    "anchor": partial(turn_anchor, ANCHOR),
}


@router.get("/promises", dependencies=[Depends(tidy)])
def promise_list(
    request: Request,
    parts: ServiceDep,
    db: Db,
    principal: Annotated[Principal, Depends(Allow(Permission.INSIGHTS_READ))],
    days: WithScope,
    wanted: Annotated[PromiseFilters, Depends(promise_filters)],
    offset: Offset = 0,
) -> Response:
    """A page of the ledger with its figures."""
    found = promises_of(parts, db, principal, days, wanted, offset, _PAGE)
    sent = [pair for pair in request.query_params.multi_items() if pair[0] != "offset"]
    queues, agents, _ = calls.choices(db, principal)
    return page(
        request,
        principal,
        "promises.html.j2",
        found=found,
        wanted=wanted,
        queue=days.queue,
        figures=_by_name(found.figures or []),
        queues=queues,
        agents=agents,
        call_languages=LANGUAGE_NAMES,
        latest=latest_days(insights.latest_day(db), found.until) if not found.calls else "",
        by_state={
            state: f"/promises?{urlencode([*_without(sent, 'state'), ('state', state)])}"
            for state in STATES
        },
        all_states=f"/promises?{urlencode(_without(sent, 'state'))}",
        narrowed=any((wanted.state, wanted.label, wanted.firmness, wanted.told_by,
                      wanted.agent_id, wanted.customer_id, wanted.language, days.queue)),
        first=f"/promises?{urlencode(sent)}" if offset else "",
        beyond=f"/promises?{urlencode([*sent, ('offset', found.next)])}" if found.next else "",
        **NAMES,
    )  # fmt: skip


def latest_days(latest: date | None, until: date) -> str:
    """The query for the twelve weeks up to the latest call, where that is another time."""
    return f"until={latest.isoformat()}" if latest and latest < until else ""


def _without(sent: list[tuple[str, str]], name: str) -> list[tuple[str, str]]:
    return [pair for pair in sent if pair[0] != name]


def _by_name(figures: list[PromiseFigure]) -> Mapping[str, list[PromiseFigure]]:
    """The figures of each name, that of all promises first."""
    names: dict[str, list[PromiseFigure]] = {}
    for own in figures:
        names.setdefault(own.figure, []).append(own)
    return names
