"""Erasure: one customer or one call, with what it takes along shown before and noted after."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from analyzer.writing.catalogue import marked
from api.access import Permission, Principal
from api.deps import Db
from api.locales import translations
from api.pages.render import gettext, page, redirect
from api.routes import calls as calls_api
from api.routes.calls import Eraser, visible_call
from api.schemas import Text
from api.storage import audit, erasure, people, uploads

router = APIRouter()

CustomerId = Annotated[Text, Form(max_length=200)]
_ACTIONS = ("customer.erase", "call.erase")
_LATEST = 10


@router.get("/admin/erasure")
def erasure_page(request: Request, db: Db, principal: Eraser) -> Response:
    """Which customer, and what was erased lately."""
    return _asked(request, db, principal)


@router.post("/admin/erasure/preview")
def erasure_preview(
    request: Request, db: Db, principal: Eraser, customer_id: CustomerId = ""
) -> Response:
    """What would go; a form that is posted, so that the id stands in no address."""
    wanted = customer_id.strip()
    reach = erasure.of_customer(db, wanted) if wanted else None
    if reach is None or reach.is_empty:
        wrong = marked("No call bears this id. Write it exactly as the calls do.")
        return _asked(request, db, principal, wanted, wrong)
    audit.record(db, principal.name, "customer.count", details={"calls": reach.calls})
    return page(
        request,
        principal,
        "erasure_preview.html.j2",
        customer_id=wanted,
        reach=reach,
        unread=bool(uploads.waiting_bytes(db)),
    )


@router.post("/admin/erasure")
def erasure_done(db: Db, principal: Eraser, customer_id: CustomerId = "") -> Response:
    """Erase every call of the customer."""
    erased = calls_api.customer_erase(customer_id.strip(), db, principal).calls
    said = translations(principal.language).ngettext(
        "%(num)s call is erased. This is noted below, without the customer's id.",
        "%(num)s calls are erased. This is noted below, without the customer's id.",
        erased,
    )
    return redirect("/admin/erasure", said % {"num": erased})


@router.get("/calls/{uid}/erase")
def call_erase_page(uid: str, request: Request, db: Db, principal: Eraser) -> Response:
    """What would go with one call."""
    call = visible_call(db, principal, uid)
    reach = erasure.of_call(db, call)
    return page(request, principal, "call_erase.html.j2", call=call, reach=reach)


@router.post("/calls/{uid}/erase")
def call_erased(uid: str, db: Db, principal: Eraser) -> Response:
    """Erase the call."""
    calls_api.call_erase(uid, db, principal)
    said = marked("The call is erased. This is noted below, by its number alone.")
    return redirect("/admin/erasure", gettext(principal, said))


def _asked(
    request: Request, db: Session, principal: Principal, customer_id: str = "", wrong: str = ""
) -> Response:
    sees_all = principal.may(Permission.AUDIT_READ)
    actor = None if sees_all else principal.name
    found = [
        entry
        for action in _ACTIONS
        for entry in audit.entries(db, actor=actor, action=action, limit=_LATEST)
    ]
    return page(
        request,
        principal,
        "erasure.html.j2",
        status=404 if wrong else 200,
        customer_id=customer_id,
        wrong=wrong,
        latest=sorted(found, key=lambda entry: entry.id, reverse=True)[:_LATEST],
        names={f"user:{user.id}": user.name for user in people.users(db)},
    )
