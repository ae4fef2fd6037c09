"""Score one call at once, without storing it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from analyzer.report import to_dict
from api import intake
from api.access import Permission, Principal
from api.contact_lens import contact_lens
from api.deps import Allow, Db, ServiceDep
from api.schemas import CallIn, Shape
from api.scoring import score_under
from api.storage import audit, calibrations, calls, scorecards

router = APIRouter(prefix="/v1", tags=["score"])


@router.post("/score")
def score(
    call: CallIn,
    parts: ServiceDep,
    db: Db,
    principal: Annotated[Principal, Depends(Allow(Permission.CALLS_SCORE))],
    format: Shape = "kasper",
) -> dict[str, Any]:
    """The report on a call; docs/report.md describes it. Nothing is stored."""
    revision = scorecards.active(db)
    audit.record(db, principal.name, "score", details={"turns": len(call.turns)})
    if principal.user_id is not None:  # a person may have to review this very call blind
        content = calls.content_hash(db, intake.redacted(call.conversation(), parts.settings))
        calibrations.refuse_unblinding_words(db, principal, content)
    db.commit()  # while the call is scored, others can write
    report = score_under(call.conversation(), revision, parts.classifier, parts.settings)
    return to_dict(report) if format == "kasper" else contact_lens(report)
