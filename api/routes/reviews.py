"""Reviews: what people say of a call's report, beside the machine's answer and never over it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from analyzer.scorecard import AnswerValue
from analyzer.traits import LABELS
from api.access import Permission, Principal
from api.deps import Allow, Db
from api.parameters import CallUid, StatementId
from api.problems import Problem
from api.routes.calls import visible_call
from api.schemas import Band, Id, Text
from api.statement import Statement
from api.storage import audit, calibrations, reviews, statements
from api.storage.reviews import Span
from api.storage.statements import Target
from api.verdict import FindingVerdict, QuestionVerdict, Sum

router = APIRouter(prefix="/v1", tags=["reviews"])

Reader = Annotated[Principal, Depends(Allow(Permission.CALLS_READ))]
Reviewer = Annotated[Principal, Depends(Allow(Permission.REVIEWS_WRITE))]
Reason = Annotated[Text, Field(max_length=2_000)]
GivenReason = Annotated[Reason, Field(min_length=1, pattern=r"\S")]
Offset = Annotated[int, Field(ge=0, le=10_000_000)]


class AboutReport(BaseModel):
    """Names the report that was looked at, so that nothing is said of one that is newer."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    report_id: Id


class FindingIn(BaseModel):
    """A label on words of a turn: Unicode character offsets, `end` excluded."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    label: Literal[LABELS]  # type: ignore[valid-type]
    turn: Offset
    start: Offset
    end: Offset
    reason: Reason = ""

    def span(self) -> Span:
        """The words and their label."""
        return Span(self.label, self.turn, self.start, self.end)


class AnswerIn(BaseModel):
    """A person's answer to a question of the scorecard."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    question: Annotated[Text, Field(min_length=1, max_length=120)]
    answer: AnswerValue
    reason: GivenReason


class OverrideIn(BaseModel):
    """Either a score, which has its band, or a band; with a reason."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    score: Annotated[float, Field(ge=0, le=100)] | None = None
    band: Band | None = None
    reason: GivenReason


class FindingReview(AboutReport, FindingIn):
    """To agree or disagree with a finding, or to add one. To move one: disagree, and add."""

    verdict: Literal["agree", "disagree", "add"]


class AnswerReview(AboutReport, AnswerIn):
    """An answer to a question of the report's scorecard."""


class OverrideReview(AboutReport, OverrideIn):
    """An override of the report's score or band."""


class ReviewedCall(BaseModel):
    """A report with what people say of it, and what holds; docs/howto-calibration.md.

    `score` and `band` hold; `machine` is the score as reported, `corrected` the sum of the answers
    that hold, before any of `overrides`. `source` says whose the score is. `elsewhere` was said of
    other reports on the call and does not hold for this one; `current` says whether this one
    counts, `released_report_id` which one the agent sees.
    """

    report_id: int
    current: bool
    created_at: datetime
    reviewed_at: datetime | None
    released_at: datetime | None
    released_report_id: int | None
    disputed: bool
    findings: list[FindingVerdict]
    questions: list[QuestionVerdict]
    machine: Sum | None
    corrected: Sum | None
    overrides: list[Statement]
    score: float | None
    band: str | None
    source: Literal["SYSTEM_GENERATED", "MANUAL_EDIT"]
    outcome: dict[str, int | None]
    done: list[Statement]
    released: list[Statement]
    elsewhere: list[Statement]
    history: list[Statement]


@router.get("/calls/{uid}/reviews")
def review_get(uid: CallUid, db: Db, principal: Reader) -> ReviewedCall:
    """Machine's and people's answers side by side, and what holds."""
    call = visible_call(db, principal, uid)
    calibrations.refuse_unblinding(db, principal, call)
    about = statements.shown(db, principal, call)
    if about is None:
        raise Problem(409, "This call has not been scored yet.")
    audit.record(db, principal.name, "review.read", f"call:{uid}")
    return reviewed(db, principal, about)


@router.post("/calls/{uid}/reviews/findings", status_code=201)
def review_finding(uid: CallUid, body: FindingReview, db: Db, principal: Reviewer) -> ReviewedCall:
    """Agree or disagree with a finding, or add one that the machine missed."""
    about = _about(db, principal, uid, body)
    reviews.say_of_finding(db, principal, about, body.verdict, body.span(), body.reason)
    return reviewed(db, principal, about)


@router.post("/calls/{uid}/reviews/answers", status_code=201)
def review_answer(uid: CallUid, body: AnswerReview, db: Db, principal: Reviewer) -> ReviewedCall:
    """Answer a question of the scorecard."""
    about = _about(db, principal, uid, body)
    reviews.answer(db, principal, about, body.question, body.answer, body.reason)
    return reviewed(db, principal, about)


@router.post("/calls/{uid}/reviews/override", status_code=201)
def review_override(
    uid: CallUid, body: OverrideReview, db: Db, principal: Reviewer
) -> ReviewedCall:
    """Override the score or the band."""
    about = _about(db, principal, uid, body)
    reviews.override(db, principal, about, body.reason, score=body.score, band=body.band)
    return reviewed(db, principal, about)


@router.post("/calls/{uid}/reviews/done", status_code=201)
def review_done(uid: CallUid, body: AboutReport, db: Db, principal: Reviewer) -> ReviewedCall:
    """Say that the whole call is reviewed; findings that nobody objected to are confirmed."""
    about = _about(db, principal, uid, body)
    reviews.finish(db, principal, about)
    return reviewed(db, principal, about)


@router.post("/calls/{uid}/reviews/release", status_code=201)
def review_release(uid: CallUid, body: AboutReport, db: Db, principal: Reviewer) -> ReviewedCall:
    """Show the call to its agent; it must be reviewed."""
    about = _about(db, principal, uid, body)
    reviews.release(db, principal, about)
    return reviewed(db, principal, about)


@router.delete("/calls/{uid}/reviews/{review_id}")
def review_withdraw(
    uid: CallUid,
    review_id: StatementId,
    report_id: Annotated[Id, Query(description="The report that was looked at.")],
    db: Db,
    principal: Reviewer,
) -> ReviewedCall:
    """Withdraw one's own statement; the history keeps it."""
    about = _about(db, principal, uid, AboutReport(report_id=report_id))
    reviews.withdraw(db, principal, about, review_id)
    return reviewed(db, principal, about)


def _about(db: Session, principal: Principal, uid: str, body: AboutReport) -> Target:
    call = visible_call(db, principal, uid)
    calibrations.refuse_unblinding(db, principal, call)
    return reviews.target(db, call, body.report_id)


def reviewed(db: Session, principal: Principal, about: Target) -> ReviewedCall:
    """The report with everything that was said of it; what was withdrawn is for reviewers alone."""
    verdict = statements.verdict(db, about)
    may_review = principal.may(Permission.REVIEWS_WRITE)
    by_person = any(own.by == "person" for own in verdict.questions)
    return ReviewedCall(
        report_id=about.report.id,
        current=about.report.id == about.call.report_id,
        created_at=about.report.created_at,
        reviewed_at=about.call.reviewed_at,
        released_at=about.call.released_at,
        released_report_id=about.call.released_report_id,
        disputed=about.call.disputed,
        findings=list(verdict.findings),
        questions=list(verdict.questions),
        machine=verdict.machine,
        corrected=verdict.corrected,
        overrides=list(verdict.overrides),
        score=verdict.score,
        band=verdict.band,
        source="MANUAL_EDIT" if by_person or verdict.corrects else "SYSTEM_GENERATED",
        outcome=verdict.outcome,
        done=list(verdict.done),
        released=list(verdict.released),
        elsewhere=list(verdict.elsewhere) if may_review else [],
        history=statements.said(db, about) if may_review else [],
    )
