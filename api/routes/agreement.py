"""Whether the machine can be trusted: agreement of machine and people, and of people."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel
from sqlalchemy.orm import Session

from analyzer.language import LANGUAGES
from api import agreement
from api.access import Permission, Principal
from api.agreement import Figure, JudgedCall, LabelAgreement, ScoreDifference, Side
from api.deps import Allow, Db
from api.parameters import Since, Until
from api.statement import Statement, Subject
from api.storage import audit, calibrations, statements
from api.storage.calibrations import side
from api.storage.filters import Filters
from api.verdict import judge

router = APIRouter(prefix="/v1", tags=["agreement"])

Truster = Annotated[Principal, Depends(Allow(Permission.TRUST_READ))]
Basis = Literal["reviews", "calibrations"]
# The newest ones; more would not change the figures and take long.
MOST_CALLS = 1_000


class Minimum(BaseModel):
    """What a sample must have for a figure: calls, and units that somebody gave the label."""

    calls: int = agreement.MIN_CALLS
    positives: int = agreement.MIN_POSITIVES


class Agreement(BaseModel):
    """How far machine and people, and people among each other, agree; docs/howto-calibration.md.

    A unit is a turn on which the label could stand. In ordinary reviews people see what the machine
    found, so that they agree with it more often than in calibrations, where they do not.
    """

    basis: Basis
    calls: int
    calls_by_several: int
    minimum: Minimum = Minimum()
    machine_human: list[LabelAgreement]
    human_human: list[LabelAgreement]
    bands_machine_human: Figure
    bands_human_human: Figure
    scores_machine_human: ScoreDifference


@router.get("/agreement")
def agreement_get(
    db: Db,
    principal: Truster,
    basis: Annotated[Basis, Query(description="Ordinary reviews, or closed calibrations.")] = (
        "reviews"
    ),
    language: Annotated[
        Literal[LANGUAGES] | None,  # type: ignore[valid-type]
        Query(description="Only calls of this language."),
    ] = None,
    since: Since = None,
    until: Until = None,
) -> Agreement:
    """Agreement per label and on bands and scores, over the newest 1,000 reviewed calls at most."""
    filters = statements.between(since, until, language)
    # the figures are about the machine and nobody's calls, so everyone sees the same
    judged = calls_judged(db, replace(principal, sees_own_only=False, user_id=None), basis, filters)
    audit.record(db, principal.name, "agreement.read", details={"calls": len(judged)})
    return figures(basis, judged)


def calls_judged(
    db: Session, principal: Principal, basis: Basis, filters: Filters
) -> list[JudgedCall]:
    """The calls that agreement is computed of."""
    if basis == "calibrations":
        return calibrations.judged(db, principal, filters, MOST_CALLS)
    found = []
    for about, subject, said in statements.judged(db, principal, filters, MOST_CALLS):
        machine = side(judge(subject, ()))
        done = {own.user_id for own in said if own.action == "done"}
        people = {user: [own for own in said if own.user_id == user] for user in done}
        # who is done and says nothing more confirms the machine
        sides = {user: _side(subject, own, machine) for user, own in people.items()}
        roles = tuple(turn["role"] for turn in about.call.turns)
        found.append(JudgedCall(roles, machine, _side(subject, said, machine), sides))
    return found


def _side(subject: Subject, said: list[Statement], machine: Side) -> Side:
    confirms = all(own.action in ("done", "release") for own in said)
    return machine if confirms else side(judge(subject, said))


def figures(basis: Basis, judged: list[JudgedCall]) -> Agreement:
    """All figures over these calls, without the counts of too small samples."""
    sides = [(own.machine, own.together) for own in judged]
    return Agreement(
        basis=basis,
        calls=len(judged),
        calls_by_several=sum(len(own.people) > 1 for own in judged),
        machine_human=[own.withheld() for own in agreement.machine_and_people(judged)],
        human_human=[own.withheld() for own in agreement.among_people(judged)],
        bands_machine_human=agreement.on_bands(sides).withheld(),
        bands_human_human=agreement.on_bands(agreement.pairs_of_people(judged)).withheld(),
        scores_machine_human=agreement.on_scores(sides),
    )
