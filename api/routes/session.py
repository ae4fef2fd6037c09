"""One's own account, and what an admin sets while the service runs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api.access import Permission, Principal, Role
from api.deps import Allow, Db, ServiceDep
from api.routes.people import Language, known_user
from api.storage import audit, people, preferences
from api.storage.preferences import LEAST_AUDIT_DAYS, MOST_DAYS, Retention

router = APIRouter(prefix="/v1", tags=["account"])

Myself = Annotated[Principal, Depends(Allow(Permission.SELF))]
Setter = Annotated[Principal, Depends(Allow(Permission.SETTINGS_MANAGE))]


class Me(BaseModel):
    """Who is signed in, and what they may do."""

    id: int
    email: str
    name: str
    role: Role
    agent_id: str | None
    language: str
    permissions: list[Permission]


class MeChange(BaseModel):
    """What people change of their own account here; the password is changed on its page."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"language": "da"}]})

    language: Language


class RetentionDays(BaseModel):
    """For how many days calls, entries of the audit log, and ended jobs are kept."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"calls": 365, "audit": 730, "jobs": 90}]}
    )

    calls: int = Field(ge=1, le=MOST_DAYS)
    audit: int = Field(ge=LEAST_AUDIT_DAYS, le=MOST_DAYS)
    jobs: int = Field(ge=1, le=MOST_DAYS)


@router.get("/me")
def me(db: Db, principal: Myself) -> Me:
    """Who is signed in."""
    return _me(db, principal)


@router.patch("/me")
def me_change(body: MeChange, db: Db, principal: Myself) -> Me:
    """Choose the language of the pages."""
    assert principal.user_id is not None  # SELF is no scope of keys
    people.set_language(db, principal.user_id, body.language)
    return _me(db, principal)


@router.get("/settings/retention")
def retention_get(parts: ServiceDep, db: Db, principal: Setter) -> RetentionDays:
    """For how long what is kept."""
    return RetentionDays(**asdict(preferences.retention(db, parts.settings)))


@router.put("/settings/retention")
def retention_set(body: RetentionDays, db: Db, principal: Setter) -> RetentionDays:
    """Set for how long what is kept; what is older is removed within minutes."""
    set_retention(db, principal, body)
    return body


def set_retention(db: Session, principal: Principal, days: RetentionDays) -> None:
    """Keep the setting."""
    preferences.set_retention(db, Retention(**days.model_dump()))
    audit.record(db, principal.name, "retention.change", details=days.model_dump())


def _me(db: Session, principal: Principal) -> Me:
    user = known_user(db, principal.user_id or 0)
    own = {name: getattr(user, name) for name in Me.model_fields if name != "permissions"}
    return Me(permissions=sorted(principal.permissions), **own)
