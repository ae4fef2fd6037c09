"""The audit log: who saw and changed what, and whether the log itself is whole."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from api.access import Permission, Principal
from api.deps import Allow, Db
from api.parameters import Cursor, Limit
from api.schemas import Text
from api.storage import audit

router = APIRouter(prefix="/v1", tags=["audit"])

Auditor = Annotated[Principal, Depends(Allow(Permission.AUDIT_READ))]
Word = Annotated[Text, Query(max_length=300)]


class AuditEntryOut(BaseModel):
    """What was done: `actor` is user:…, key:… or system, `subject` what it was done to."""

    id: int
    created_at: datetime
    actor: str
    action: str
    subject: str
    details: dict[str, Any]
    hash: str


class AuditList(BaseModel):
    """Entries, the newest first; `next` is the cursor of the next page."""

    items: list[AuditEntryOut]
    next: int | None


class AuditState(BaseModel):
    """Whether the log is whole.

    `broken` are the first numbers of entries that were changed or follow one that was; `begins`
    and `ends` say whether the first and the last entry are there. Who writes `last_hash` down
    elsewhere can show later that the log up to here was not written anew.
    """

    whole: bool
    entries: int
    broken: list[int]
    begins: bool
    ends: bool
    last_hash: str


@router.get("/audit")
def audit_list(
    db: Db,
    principal: Auditor,
    actor: Annotated[
        Word | None, Query(description="Who did it, such as `user:3` or `key:2`.")
    ] = None,
    action: Annotated[Word | None, Query(description="What was done, such as `call.read`.")] = None,
    subject: Annotated[Word | None, Query(description="To what, such as `user:3`.")] = None,
    since: Annotated[date | None, Query(description="A day in UTC, included.")] = None,
    until: Annotated[date | None, Query(description="A day in UTC, included.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> AuditList:
    """Entries that match every filter."""
    found = audit.entries(
        db,
        before=cursor,
        actor=actor,
        action=action,
        subject=subject,
        since=since,
        until=until,
        limit=limit + 1,
    )
    audit.record(db, principal.name, "audit.read", details={"shown": len(found[:limit])})
    items = [
        AuditEntryOut(**{name: getattr(entry, name) for name in AuditEntryOut.model_fields})
        for entry in found[:limit]
    ]
    return AuditList(items=items, next=found[limit - 1].id if len(found) > limit else None)


@router.get("/audit/verify")
def audit_verify(db: Db, principal: Auditor) -> AuditState:
    """Walk along the whole log and check that each entry follows the one before."""
    return state(audit.check(db))


def state(chain: audit.Chain) -> AuditState:
    """What the walk found, as it is sent."""
    return AuditState(
        whole=chain.whole,
        entries=chain.entries,
        broken=list(chain.broken),
        begins=chain.begins,
        ends=chain.ends,
        last_hash=chain.last_hash,
    )
