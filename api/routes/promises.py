"""Promises: who promised what by when, and what later calls say became of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from analyzer.insights.promises import State
from analyzer.language import LANGUAGES
from api.access import Permission, Principal
from api.deps import Allow, Db, Service, ServiceDep
from api.history import history
from api.parameters import Limit
from api.promises import (
    Firmness,
    Kind,
    PromiseEntry,
    PromiseFigure,
    PromiseFilters,
    Teller,
    calls_of,
    entries,
    figures,
    narrowed,
)
from api.routes.teams import WithScope, lacking
from api.schemas import Text
from api.storage import audit
from api.storage.insights import Scope

router = APIRouter(prefix="/v1/insights", tags=["insights"])

Reader = Annotated[Principal, Depends(Allow(Permission.INSIGHTS_READ))]
Word = Annotated[Text, Query(min_length=1, max_length=200)]
# Where a page of a list begins.
Offset = Annotated[int, Query(ge=0, le=10**9, description="`next` of the page before.")]
# How every example of a list with the figures of some days begins.
EXAMPLE_OF_DAYS: dict[str, Any] = {
    "since": "2026-04-01",
    "until": "2026-04-30",
    "as_of": "2026-05-04T08:00:00Z",
    "calls": 3,
    "calls_without_customer": 0,
    "min_calls": 20,
    "missing": 17,
    "reason": "Figures are shown from 20 scored calls on; 17 are missing.",
    "figures": None,
}
_EXAMPLE: dict[str, Any] = {
    **EXAMPLE_OF_DAYS,
    "items": [
        {
            "told_by": "agent",
            "label": "overpromise",
            "customer_id": "customer-trampoline",
            "agent_id": None,
            "queue": "delivery",
            "made": {
                "call": "050e9dcc8ce74ea2932c14e28ae2e3b6",
                "id": "nb-trampoline-2",
                "turn": 10,
                "on": "2026-04-13",
                "words": "Den er hos deg torsdag den sekstende. Det garanterer jeg",
                "probability": 0.97,
            },
            "firmness": "firm",
            "due": "2026-04-16",
            "due_words": "torsdag den sekstende",
            "state": "broken",
            "why": "customer_says",
            "settled": {
                "call": "9cdf5a911c974139afea924d636e81b4",
                "id": "nb-trampoline-3",
                "turn": 3,
                "on": "2026-04-24",
                "words": "Så sa [PERSON_3] torsdag den sekstende, han garanterte det.",
                "probability": 0.98,
            },
        }
    ],
    "count": 1,
    "next": None,
}


class Promises(BaseModel):
    """A page of the ledger, the latest first, and the figures of the same days.

    `calls` are those of the days and filters; a promise in one without a customer stays unknown.
    `figures` are null, with a `reason`, while `missing` scored calls are lacking; `state`, `label`,
    `firmness` and `told_by` narrow the list alone. `next` is the `offset` of the next page. Calls
    that came in after `as_of` are not in it yet.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    since: date
    until: date
    as_of: datetime
    calls: int
    calls_without_customer: int
    min_calls: int
    missing: int
    reason: str | None
    figures: list[PromiseFigure] | None
    items: list[PromiseEntry]
    count: int
    next: int | None


def promise_filters(
    agent_id: Annotated[Word | None, Query(description="In calls of this agent.")] = None,
    customer_id: Annotated[Word | None, Query(description="To this customer.")] = None,
    language: Annotated[
        Literal[LANGUAGES] | None,  # type: ignore[valid-type]
        Query(description="In calls of this language."),
    ] = None,
    state: Annotated[State | None, Query(description="What became of it.")] = None,
    label: Annotated[
        Kind | None, Query(description="`broken_promise`: known from the customer alone.")
    ] = None,
    firmness: Annotated[Firmness | None, Query(description="How firmly it was said.")] = None,
    told_by: Annotated[Teller | None, Query(description="Whose words tell of it.")] = None,
) -> PromiseFilters:
    """The promises that are asked for, as they stand in an address."""
    return PromiseFilters(
        agent_id=agent_id,
        customer_id=customer_id,
        language=language,
        state=state,
        label=label,
        firmness=firmness,
        told_by=told_by,
    )


@router.get("/promises")
def promise_list(
    days: WithScope,
    parts: ServiceDep,
    db: Db,
    principal: Reader,
    wanted: Annotated[PromiseFilters, Depends(promise_filters)],
    offset: Offset = 0,
    limit: Limit = 50,
) -> Promises:
    """What was promised on these days, and whether later calls say that it was kept or broken."""
    return promises_of(parts, db, principal, days, wanted, offset, limit)


def promises_of(
    parts: Service,
    db: Session,
    principal: Principal,
    days: Scope,
    wanted: PromiseFilters,
    offset: int,
    limit: int,
) -> Promises:
    """A page of the ledger with its figures."""
    wanted = replace(wanted, queue=days.queue)
    found = history(db, principal, parts.shelf, days.since, days.until)
    table = narrowed(found, wanted)
    calls = calls_of(found, wanted)
    min_calls = parts.settings.min_calls
    missing = max(min_calls - int(calls["score"].notna().sum()), 0)
    shown = table.iloc[offset : offset + limit]
    audit.record(db, principal.name, "promises.list", details={"shown": len(shown)})
    return Promises(
        since=days.since,
        until=days.until,
        as_of=found.as_of,
        calls=len(calls),
        calls_without_customer=int(calls["customer_id"].isna().sum()),
        min_calls=min_calls,
        missing=missing,
        reason=lacking(min_calls, missing),
        figures=None if missing else figures(found, wanted),
        items=entries(db, principal, shown),
        count=len(table),
        next=offset + limit if offset + limit < len(table) else None,
    )
