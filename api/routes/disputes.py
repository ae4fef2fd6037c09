"""Disputes: the agent objects to what is said of their call; a person decides, in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api.access import Permission, Principal
from api.deps import Allow, Db
from api.parameters import CallUid, Cursor, Limit
from api.routes.calls import visible_call
from api.routes.reviews import Reader
from api.schemas import Id, Text
from api.storage import audit, calibrations, disputes
from api.storage.tables import Dispute

router = APIRouter(prefix="/v1", tags=["disputes"])

Raiser = Annotated[Principal, Depends(Allow(Permission.DISPUTES_RAISE))]
Resolver = Annotated[Principal, Depends(Allow(Permission.DISPUTES_RESOLVE))]
DisputeId = Annotated[Id, Path(description="The `id` of a dispute.")]
Words = Annotated[Text, Field(min_length=1, max_length=4_000, pattern=r"\S")]
Status = Literal["OPEN", "UPHELD", "REJECTED"]


class DisputeIn(BaseModel):
    """What the agent objects to, in words; names the report that they saw."""

    model_config = ConfigDict(extra="forbid")

    report_id: Id
    reason: Words


class ResolutionIn(BaseModel):
    """What became of it, in words for the agent."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["UPHELD", "REJECTED"]
    resolution: Words


class DisputeOut(BaseModel):
    """A dispute and its outcome."""

    id: int
    call: str
    report_id: int
    created_at: datetime
    raised_by: str
    reason: str
    status: Status
    resolution: str
    resolved_by: str | None
    resolved_at: datetime | None


class DisputeList(BaseModel):
    """Disputes, the newest first; `next` is the cursor of the next page."""

    items: list[DisputeOut]
    next: int | None


@router.post("/calls/{uid}/disputes", status_code=201)
def dispute_raise(
    uid: CallUid, body: DisputeIn, response: Response, db: Db, principal: Raiser
) -> DisputeOut:
    """Object to what is said of one's own released call."""
    call = visible_call(db, principal, uid)
    dispute = disputes.raise_on(db, principal, call, body.report_id, body.reason)
    response.headers["Location"] = f"/v1/disputes/{dispute.id}"
    return shown(db, [dispute])[0]


@router.get("/calls/{uid}/disputes")
def dispute_history(uid: CallUid, db: Db, principal: Reader) -> list[DisputeOut]:
    """Every dispute there was on a call, the newest first."""
    call = visible_call(db, principal, uid)
    calibrations.refuse_unblinding(db, principal, call)
    audit.record(db, principal.name, "dispute.list", f"call:{uid}")
    return shown(db, disputes.find(db, principal, call=call, limit=200))


@router.get("/disputes")
def dispute_list(
    db: Db,
    principal: Raiser,
    status: Annotated[Status | None, Query(description="Only disputes that stand so.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> DisputeList:
    """Disputes, the newest first; an agent's own, for others those of all calls they see."""
    found = disputes.find(db, principal, status=status, before=cursor, limit=limit + 1)
    items = shown(db, found[:limit])
    audit.record(db, principal.name, "dispute.list", details={"shown": len(items)})
    return DisputeList(items=items, next=found[limit - 1].id if len(found) > limit else None)


@router.get("/disputes/{dispute_id}")
def dispute_get(dispute_id: DisputeId, db: Db, principal: Raiser) -> DisputeOut:
    """A dispute and its outcome."""
    dispute = shown(db, [disputes.one(db, principal, dispute_id)])[0]
    audit.record(db, principal.name, "dispute.read", f"call:{dispute.call}")
    return dispute


@router.post("/disputes/{dispute_id}/resolve")
def dispute_resolve(
    dispute_id: DisputeId, body: ResolutionIn, db: Db, principal: Resolver
) -> DisputeOut:
    """Uphold a dispute, after correcting the call, or reject it; not one's own review."""
    dispute = disputes.one(db, principal, dispute_id)
    disputes.resolve(db, principal, dispute, body.status, body.resolution)
    return shown(db, [dispute])[0]


def shown(db: Session, found: Sequence[Dispute]) -> list[DisputeOut]:
    """The disputes with the names of those who took part."""
    names, uids = disputes.names_of(db, found), disputes.uids_of(db, found)
    return [
        DisputeOut(
            id=own.id,
            call=uids[own.call_id],
            report_id=own.report_id,
            created_at=own.created_at,
            raised_by=names[own.raised_by],
            reason=own.reason,
            status=own.status,  # type: ignore[arg-type]
            resolution=own.resolution,
            resolved_by=names[own.resolved_by] if own.resolved_by else None,
            resolved_at=own.resolved_at,
        )
        for own in found
    ]
