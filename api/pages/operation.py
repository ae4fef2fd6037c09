"""Admin: retention, the audit log, and what the service runs on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request
from pydantic import ValidationError
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.access import Permission, Principal
from api.deps import Allow, Db, ServiceDep
from api.pages.admin import SAVED
from api.pages.audit_words import ACTIONS, DETAILS, VALUES
from api.pages.render import gettext, page, redirect
from api.problems import Problem
from api.routes import audit as audit_api
from api.routes import health, session
from api.routes.session import RetentionDays
from api.schemas import Text
from api.signin import SignOnDep
from api.storage import audit, people, preferences
from api.storage.preferences import LEAST_AUDIT_DAYS, MOST_DAYS

router = APIRouter(prefix="/admin")

Setter = Annotated[Principal, Depends(Allow(Permission.SETTINGS_MANAGE))]
Auditor = Annotated[Principal, Depends(Allow(Permission.AUDIT_READ))]
Word = Annotated[Text, Form(max_length=100)]
Asked = Annotated[Text, Query(max_length=300)]

_SHOWN = 50


@router.get("/retention")
def retention_page(request: Request, parts: ServiceDep, db: Db, principal: Setter) -> Response:
    """For how long what is kept."""
    return _retention(request, principal, asdict(preferences.retention(db, parts.settings)))


@router.post("/retention")
def retention_set(
    request: Request,
    db: Db,
    principal: Setter,
    calls_days: Annotated[Word, Form(alias="calls")] = "",
    audit_days: Annotated[Word, Form(alias="audit")] = "",
    jobs_days: Annotated[Word, Form(alias="jobs")] = "",
) -> Response:
    """Set it."""
    form = {"calls": calls_days, "audit": audit_days, "jobs": jobs_days}
    try:
        body = RetentionDays.model_validate(form)
    except ValidationError as error:
        wrong = {str(item["loc"][0]) for item in error.errors()}
        return _retention(request, principal, form, wrong, 422)
    session.set_retention(db, principal, body)
    return redirect("/admin/retention", gettext(principal, SAVED))


@router.get("/audit")
def audit_page(
    request: Request,
    db: Db,
    principal: Auditor,
    actor: Asked = "",
    action: Asked = "",
    subject: Asked = "",
    since: Asked = "",
    until: Asked = "",
    cursor: Annotated[int | None, Query(ge=0, lt=2**63)] = None,
    verify: bool = False,
) -> Response:
    """The audit log, the newest entries first, and whether it is whole."""
    chain = audit.check(db) if verify else None
    listed = audit_api.audit_list(
        db,
        principal,
        actor or None,
        action or None,
        subject or None,
        _day(since),
        _day(until),
        cursor,
        _SHOWN,
    )
    asked = {"actor": actor, "action": action, "subject": subject, "since": since, "until": until}
    return page(
        request,
        principal,
        "admin_audit.html.j2",
        entries=listed.items,
        next=listed.next,
        asked=asked,
        names=_names(db),
        actions=ACTIONS,
        details=DETAILS,
        values=VALUES,
        chain=chain,
        cursor=cursor,
    )


@router.get("/system")
def system_page(
    request: Request, parts: ServiceDep, provider: SignOnDep, principal: Setter
) -> Response:
    """What the service runs on."""
    return page(
        request,
        principal,
        "admin_system.html.j2",
        ready=health.readyz(parts),
        sha256=parts.classifier.info.sha256,
        settings=parts.settings,
        has_provider=provider is not None,
    )


def _retention(
    request: Request,
    principal: Principal,
    form: Mapping[str, int | str],
    wrong: set[str] | None = None,
    status: int = 200,
) -> Response:
    return page(
        request,
        principal,
        "admin_retention.html.j2",
        status=status,
        form=form,
        wrong=wrong or set(),
        least={"calls": 1, "audit": LEAST_AUDIT_DAYS, "jobs": 1},
        most=MOST_DAYS,
    )


def _day(text: str) -> date | None:
    """The day; a form leaves a field that is not filled in empty."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Problem(422, "Write a day as 2026-03-31.") from None


def _names(db: Session) -> dict[str, str]:
    """Who the actors and subjects of the log are."""
    named = {f"user:{user.id}": user.name for user in people.users(db)}
    return named | {f"key:{key.id}": key.name for key in people.keys(db)}
