"""Customers' journeys: who was hit more than once, and one customer's service history."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from api.access import Principal
from api.customer import Journey, journey
from api.deps import Db, Service, ServiceDep
from api.history import history
from api.journeys import CustomerEntry, JourneyFigures, hit_customers, journey_figures
from api.parameters import CustomerId, Limit
from api.problems import not_found
from api.routes.promises import EXAMPLE_OF_DAYS, Offset, Reader
from api.routes.teams import WithScope, lacking
from api.storage import audit
from api.storage.insights import Scope

router = APIRouter(prefix="/v1/insights", tags=["insights"])

_EXAMPLE: dict[str, Any] = {
    **EXAMPLE_OF_DAYS,
    "items": [
        {
            "customer_id": "customer-trampoline",
            "matters": 1,
            "failed_matters": 1,
            "open_failures": 1,
            "failures": 3,
            "repeats": 2,
            "transfers": 1,
            "broken_promises": 4,
            "last_on": "2026-04-24",
        }
    ],
    "count": 1,
    "next": None,
}


class Customers(BaseModel):
    """A page of the customers in whose calls something failed more than once, the most affected
    first, and figures of all journeys of the same days.

    `figures` are null, with a `reason`, while `missing` scored calls are lacking. `next` is the
    `offset` of the next page. Calls that came in after `as_of` are not in it yet.
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
    figures: JourneyFigures | None
    items: list[CustomerEntry]
    count: int
    next: int | None


@router.get("/customers")
def customer_list(
    days: WithScope,
    parts: ServiceDep,
    db: Db,
    principal: Reader,
    offset: Offset = 0,
    limit: Limit = 50,
) -> Customers:
    """Whom something failed more than once, whether chance explains that, and what followed."""
    return customers_of(parts, db, principal, days, offset, limit)


@router.get("/customers/{customer_id:path}")
def customer(customer_id: CustomerId, db: Db, principal: Reader) -> Journey:
    """A customer's calls in their order by matter, what was promised, and what came of it."""
    return journey_of(db, principal, customer_id)


def customers_of(
    parts: Service, db: Session, principal: Principal, days: Scope, offset: int, limit: int
) -> Customers:
    """A page of the customers with the figures of all journeys."""
    found = history(db, principal, parts.shelf, days.since, days.until)
    calls = found.inside()
    if days.queue is not None:
        calls = calls[calls["queue"].eq(days.queue).fillna(False)]
    min_calls = parts.settings.min_calls
    missing = max(min_calls - int(calls["score"].notna().sum()), 0)
    everybody = hit_customers(found, days.queue)
    shown = everybody[offset : offset + limit]
    audit.record(db, principal.name, "customers.list", details={"shown": len(shown)})
    return Customers(
        since=days.since,
        until=days.until,
        as_of=found.as_of,
        calls=len(calls),
        calls_without_customer=int(calls["customer_id"].isna().sum()),
        min_calls=min_calls,
        missing=missing,
        reason=lacking(min_calls, missing),
        figures=None if missing else journey_figures(db, parts.shelf, found, days.queue),
        items=shown,
        count=len(everybody),
        next=offset + limit if offset + limit < len(everybody) else None,
    )


def journey_of(db: Session, principal: Principal, customer_id: str) -> Journey:
    """The customer's journey, or 404 where no call is theirs or none is to be seen."""
    found = journey(db, principal, customer_id)
    if found is None:
        raise not_found("customer")
    # a keyed hash in the place of the id: the log outlives an erasure
    subject = f"customer:{audit.mark_of(db, customer_id)}"
    audit.record(db, principal.name, "customer.read", subject, {"calls": found.calls})
    return found
