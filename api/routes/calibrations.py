"""Calibration: several people review the same calls blind, then compare."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from analyzer.scorecard import AnswerValue
from api import comparison
from api.access import Permission, Principal
from api.comparison import CallComparison, Figures
from api.deps import Allow, Db
from api.parameters import CallUid, Cursor, Limit, StatementId
from api.routes.reviews import FindingIn, OverrideIn, Reason, Reviewer
from api.schemas import Id, Text
from api.statement import Statement, holding
from api.storage import audit, calibrations, reviews
from api.storage.statements import Target
from api.storage.tables import Calibration

router = APIRouter(prefix="/v1", tags=["calibrations"])

Manager = Annotated[Principal, Depends(Allow(Permission.CALIBRATIONS_MANAGE))]
CalibrationId = Annotated[Id, Path(description="The `id` of a calibration.")]
Uid = Annotated[Text, Field(min_length=1, max_length=32)]


class CalibrationIn(BaseModel):
    """Which calls are reviewed blind, by whom."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[Text, Field(min_length=1, max_length=200, pattern=r"\S")]
    calls: Annotated[list[Uid], Field(min_length=1, max_length=200)]
    members: Annotated[list[Id], Field(min_length=2, max_length=50)]


class Member(BaseModel):
    """A person of a session, and how many of its calls they are done with."""

    user_id: int
    name: str
    done: int


class CalibrationOut(BaseModel):
    """A session; `closed_at` is null while people review."""

    id: int
    name: str
    created_at: datetime
    closed_at: datetime | None
    calls: list[str]
    members: list[Member]


class CalibrationList(BaseModel):
    """Sessions, the newest first; `next` is the cursor of the next page."""

    items: list[CalibrationOut]
    next: int | None


class BlindQuestion(BaseModel):
    """A question of the scorecard and what it can be answered with."""

    question: str
    section: str
    text: str
    allowed: list[AnswerValue]


class BlindAnswer(BaseModel):
    """A person's own answer to a question; it overrules nobody, so that it needs no reason."""

    model_config = ConfigDict(extra="forbid")

    question: Annotated[Text, Field(min_length=1, max_length=120)]
    answer: AnswerValue
    reason: Reason = ""


class BlindCall(BaseModel):
    """A call as its reviewer sees it: the words and the questions, no judgement but their own."""

    uid: str
    language: str | None
    turns: list[dict[str, Any]]
    questions: list[BlindQuestion]
    said: list[Statement]
    done: bool


class Comparison(BaseModel):
    """A closed session: each call as everyone saw it, and how far they agree."""

    calls: list[CallComparison]
    figures: Figures


@router.post("/calibrations", status_code=201)
def calibration_add(
    body: CalibrationIn, response: Response, db: Db, principal: Manager
) -> CalibrationOut:
    """Open a session; its members review the calls blind."""
    session = calibrations.create(db, principal, body.name, body.calls, body.members)
    response.headers["Location"] = f"/v1/calibrations/{session.id}"
    return _out(db, session)


@router.get("/calibrations")
def calibration_list(
    db: Db,
    principal: Reviewer,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> CalibrationList:
    """The sessions that one takes part in; for those who manage them, all."""
    found = calibrations.recent(db, principal, before=cursor, limit=limit + 1)
    more = found[limit - 1].id if len(found) > limit else None
    return CalibrationList(items=[_out(db, own) for own in found[:limit]], next=more)


@router.get("/calibrations/{calibration_id}")
def calibration_get(calibration_id: CalibrationId, db: Db, principal: Reviewer) -> CalibrationOut:
    """A session and how far its members are."""
    return _out(db, calibrations.one(db, principal, calibration_id))


@router.get("/calibrations/{calibration_id}/calls/{uid}")
def calibration_call(
    calibration_id: CalibrationId, uid: CallUid, db: Db, principal: Reviewer
) -> BlindCall:
    """A call to review blind, for members."""
    session = calibrations.one(db, principal, calibration_id)
    about = calibrations.blind(db, principal, session, uid)
    details = {"calibration": session.id}
    audit.record(db, principal.name, "calibration.read", f"call:{uid}", details)
    return _blind(db, principal, about)


@router.post("/calibrations/{calibration_id}/calls/{uid}/findings", status_code=201)
def calibration_finding(
    calibration_id: CalibrationId, uid: CallUid, body: FindingIn, db: Db, principal: Reviewer
) -> BlindCall:
    """Put a label on words of a turn."""
    about = _open(db, principal, calibration_id, uid)
    reviews.say_of_finding(db, principal, about, "add", body.span(), body.reason)
    return _blind(db, principal, about)


@router.post("/calibrations/{calibration_id}/calls/{uid}/answers", status_code=201)
def calibration_answer(
    calibration_id: CalibrationId, uid: CallUid, body: BlindAnswer, db: Db, principal: Reviewer
) -> BlindCall:
    """Answer a question of the scorecard."""
    about = _open(db, principal, calibration_id, uid)
    reviews.answer(db, principal, about, body.question, body.answer, body.reason)
    return _blind(db, principal, about)


@router.post("/calibrations/{calibration_id}/calls/{uid}/override", status_code=201)
def calibration_override(
    calibration_id: CalibrationId, uid: CallUid, body: OverrideIn, db: Db, principal: Reviewer
) -> BlindCall:
    """Give a score or a band in place of the one that the answers add up to."""
    about = _open(db, principal, calibration_id, uid)
    reviews.override(db, principal, about, body.reason, score=body.score, band=body.band)
    return _blind(db, principal, about)


@router.post("/calibrations/{calibration_id}/calls/{uid}/done", status_code=201)
def calibration_done(
    calibration_id: CalibrationId, uid: CallUid, db: Db, principal: Reviewer
) -> BlindCall:
    """Say that the whole call is reviewed; only then it counts in the comparison.

    Once everyone is done with every call the session closes by itself.
    """
    session = calibrations.one(db, principal, calibration_id)
    about = calibrations.to_speak_of(db, principal, session, uid)
    calibrations.finish(db, principal, session, about)
    return _blind(db, principal, about)


@router.delete("/calibrations/{calibration_id}/calls/{uid}/statements/{review_id}")
def calibration_withdraw(
    calibration_id: CalibrationId, uid: CallUid, review_id: StatementId, db: Db, principal: Reviewer
) -> BlindCall:
    """Withdraw one's own statement."""
    about = _open(db, principal, calibration_id, uid)
    reviews.withdraw(db, principal, about, review_id)
    return _blind(db, principal, about)


@router.post("/calibrations/{calibration_id}/close")
def calibration_close(calibration_id: CalibrationId, db: Db, principal: Manager) -> CalibrationOut:
    """End the session, so that everyone who took part can compare."""
    session = calibrations.one(db, principal, calibration_id)
    calibrations.close(db, principal, session)
    return _out(db, session)


@router.get("/calibrations/{calibration_id}/comparison")
def calibration_comparison(
    calibration_id: CalibrationId, db: Db, principal: Reviewer
) -> Comparison:
    """How everyone saw the calls, and how far they agree; once the session is closed."""
    session = calibrations.one(db, principal, calibration_id)
    compared = calibrations.compared(db, session)
    subject = f"calibration:{session.id}"
    audit.record(db, principal.name, "calibration.compare", subject, {"calls": len(compared)})
    return Comparison(
        calls=[comparison.of_call(own) for own in compared],
        figures=comparison.figures(compared),
    )


def _open(db: Session, principal: Principal, calibration_id: int, uid: str) -> Target:
    session = calibrations.one(db, principal, calibration_id)
    return calibrations.to_speak_of(db, principal, session, uid)


def _blind(db: Session, principal: Principal, about: Target) -> BlindCall:
    verdict = calibrations.own_verdict(db, principal, about)
    return BlindCall(
        uid=about.call.uid,
        language=about.call.language,
        turns=about.call.turns,
        questions=[
            BlindQuestion(
                question=own.question, section=own.section, text=own.text, allowed=list(own.allowed)
            )
            for own in verdict.questions
        ],
        said=holding(calibrations.own_statements(db, principal, about)),
        done=bool(verdict.done),
    )


def _out(db: Session, session: Calibration) -> CalibrationOut:
    done = calibrations.progress(db, session)
    return CalibrationOut(
        id=session.id,
        name=session.name,
        created_at=session.created_at,
        closed_at=session.closed_at,
        calls=[own.call.uid for own in calibrations.targets(db, session)],
        members=[
            Member(user_id=own.id, name=own.name, done=len(done[own.id]))
            for own in calibrations.members(db, session)
        ],
    )
