"""Can this machine be trusted, and where not: in plain words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from analyzer.traits import TRAIT
from api.access import Permission, Principal
from api.deps import Allow, Db, ServiceDep
from api.locales import marked
from api.pages.render import page
from api.routes.agreement import agreement_get
from api.trust import trust

router = APIRouter()

_REASONS = {
    "LANGUAGE_NOT_SUPPORTED": marked("The call is in a language that is not analysed."),
    "ONE_SIDE_ONLY": marked("Only the agent or only the customer speaks."),
    "TOO_LITTLE_TEXT": marked("Too little text to tell the language; the call is scored."),
    "TURN_TOO_LONG": marked("A turn is so long that its end was not read."),
    "NO_TIMESTAMPS": marked("The transcript has no times."),
    "NO_HOLD_LENGTH": marked("The transcript does not say how long a hold was."),
    "NO_AGENT_TURNS": marked("The agent says nothing."),
    "NO_ANSWERS": marked("Nobody answers anybody."),
    "NO_TALK_TIME": marked("The transcript does not say how long anybody speaks."),
}
_DRIFT = {
    "labels": (
        marked("What is found"),
        marked("How often each trait is found, beside the others."),
    ),
    "probabilities": (
        marked("How likely findings are"),
        marked("How sure the machine is of what it finds."),
    ),
    "certainty": (
        marked("How many findings are left to a person"),
        marked("Findings that count, and findings too uncertain to."),
    ),
    "bands": (marked("Bands"), marked("The shares of the three bands.")),
    "languages": (marked("Languages"), marked("In which languages the calls are.")),
}
_LANGUAGES = {
    "da": marked("Danish"),
    "nb": marked("Norwegian"),
    "nn": marked("Norwegian (Nynorsk)"),
    "sv": marked("Swedish"),
    "en": marked("English"),
    "unknown": marked("not told"),
}
_KINDS = {
    "certain": marked("counts"),
    "uncertain": marked("left to a person"),
    "rasmus": "Rasmus",
    "kasper": "Kasper",
    "star": marked("Star"),
}


@router.get("/trust")
def trust_page(
    request: Request,
    parts: ServiceDep,
    db: Db,
    principal: Annotated[Principal, Depends(Allow(Permission.TRUST_READ))],
) -> Response:
    """Error rates, agreement with people, drift, what was not judged, what is in use."""
    found = trust(db, parts.classifier.info, datetime.now(UTC).date())
    return page(
        request,
        principal,
        "trust.html.j2",
        found=found,
        agreement=agreement_get(db, principal, "reviews"),
        calibrated=agreement_get(db, principal, "calibrations"),
        traits=TRAIT,
        reasons=_REASONS,
        drifts=_DRIFT,
        kinds={name: trait.title for name, trait in TRAIT.items()} | _LANGUAGES | _KINDS,
        language_names=_LANGUAGES,
        weakest=sorted(
            found.card.labels if found.card else (), key=lambda row: min(row.precision, row.recall)
        )[:3],
    )
