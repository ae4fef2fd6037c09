"""Whether the machine can be trusted, in figures."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends

from api.access import Permission, Principal
from api.deps import Allow, Db, ServiceDep
from api.trust import Trust, trust

router = APIRouter(prefix="/v1", tags=["insights"])


@router.get("/trust")
def trust_get(
    parts: ServiceDep,
    db: Db,
    principal: Annotated[Principal, Depends(Allow(Permission.TRUST_READ))],
) -> Trust:
    """The model's error rates, how far the last thirty days have moved, what was not judged."""
    return trust(db, parts.classifier.info, datetime.now(UTC).date())
