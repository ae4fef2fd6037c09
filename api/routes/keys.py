"""API keys for machines: made with scopes, shown once, revoked for good."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from analyzer.messages import Message
from api.access import SCOPES, Permission, Principal
from api.deps import Allow, Db
from api.problems import Problem, ProblemError, not_found
from api.schemas import Id, Text
from api.storage import audit, people
from api.storage.tables import ApiKey

router = APIRouter(prefix="/v1", tags=["keys"])

Manager = Annotated[Principal, Depends(Allow(Permission.KEYS_MANAGE))]


def _scope(scope: Permission) -> Permission:
    if scope not in SCOPES:
        raise ValueError(
            Message("is for people alone; a key can have: %(scopes)s", scopes=", ".join(SCOPES))
        )
    return scope


class KeyIn(BaseModel):
    """A key to make: what it is for, and what it may do."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "Nightly export", "scopes": ["calls:score"]}]},
    )

    name: Annotated[Text, Field(min_length=1, max_length=200)]
    scopes: Annotated[list[Annotated[Permission, AfterValidator(_scope)]], Field(min_length=1)]


class KeyOut(BaseModel):
    """What is kept of a key; `prefix` is how it begins."""

    id: int
    name: str
    prefix: str
    scopes: list[str]
    created_by: int
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, key: ApiKey) -> KeyOut:
        """The key without its secret."""
        return cls(**{name: getattr(key, name) for name in cls.model_fields})


class KeyMade(KeyOut):
    """A new key; `key` is shown this one time and sent as `Authorization: Bearer <key>`."""

    key: str


class KeyList(BaseModel):
    """Every key, the newest first, also those that were revoked."""

    items: list[KeyOut]


@router.get("/keys")
def key_list(db: Db, principal: Manager) -> KeyList:
    """Every key, without its secret."""
    return KeyList(items=[KeyOut.of(key) for key in people.keys(db)])


@router.post("/keys", status_code=201)
def key_add(body: KeyIn, db: Db, principal: Manager) -> KeyMade:
    """Make a key; its scopes can be none that you do not have yourself."""
    return add_key(db, principal, body)


@router.delete("/keys/{key_id}", status_code=204)
def key_revoke(
    key_id: Annotated[Id, Path(description="The `id` of a key.")], db: Db, principal: Manager
) -> None:
    """Revoke a key at once; it stays in the list, so that the audit log can be read."""
    revoke_key(db, principal, key_id)


def add_key(db: Session, principal: Principal, body: KeyIn) -> KeyMade:
    """Make the key; 403 if it could do more than who makes it."""
    beyond = [scope for scope in body.scopes if not principal.may(scope)]
    if beyond:
        detail = Message(
            "You cannot give what you do not have: %(scopes)s.", scopes=", ".join(beyond)
        )
        raise Problem(403, detail, errors=[ProblemError(detail=detail, pointer="/scopes")])
    scopes = sorted(set(body.scopes))
    key, row = people.add_key(db, body.name, scopes, people.key_owner(db, principal))
    audit.record(db, principal.name, "key.add", f"key:{row.id}", {"scopes": scopes})
    return KeyMade(key=key, **KeyOut.of(row).model_dump())


def revoke_key(db: Session, principal: Principal, key_id: int) -> None:
    """Revoke the key, or 404."""
    if people.revoke_key(db, key_id) is None:
        raise not_found("key")
    audit.record(db, principal.name, "key.revoke", f"key:{key_id}")
