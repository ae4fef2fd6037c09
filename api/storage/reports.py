"""Stored reports: what the machine says of a call, and what holds after people, as figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session, defer

from analyzer.report import Report, to_dict
from api.access import Principal
from api.storage.filters import bits_of
from api.storage.tables import (
    AnswerRow,
    Call,
    EvidenceRow,
    Figures,
    FlagRow,
    Review,
    ScorecardRevision,
    SkippedRow,
    StoredReport,
)

# What a flag adds to a call's priority, by its kind, and what an agent does who waits for an
# answer: more than all flags together.
_PRESSING = {"concern": 10.0, "doubt": 3.0, "praise": 1.0}
_DISPUTED = 1_000.0
_FIGURES = tuple(name for name in Figures.__annotations__)


def add(db: Session, call: Call, report: Report, revision: ScorecardRevision) -> StoredReport:
    """Keep a report, and make it the one that counts; the same one again is stored once.

    It is the same by the same model under the same scorecard, unless only one of them has a score:
    what is no model's part, such as the languages that are known, may have changed meanwhile.
    """
    query = select(StoredReport).where(
        StoredReport.call_id == call.id,
        StoredReport.revision_id == revision.id,
        StoredReport.model_sha256 == report.model.sha256,
        StoredReport.machine_score.is_(None)
        if report.score is None
        else StoredReport.machine_score.is_not(None),
    )
    stored = db.scalar(query)
    if stored is None:
        stored = StoredReport(
            call_id=call.id,
            revision_id=revision.id,
            model_name=report.model.name,
            model_version=report.model.version,
            model_sha256=report.model.sha256,
            machine_score=report.score,
            machine_band=report.band,
            machine_labels=bits_of(own.label for own in report.evidence),
            hold_time=report.metrics.hold_time,
            repeated_questions=len(report.metrics.repeated_questions),
            body=to_dict(report),
        )
        _take(stored, report)
        db.add(stored)
        db.flush()
        _add_rows(db, stored.id, report)
    call.report_id = stored.id
    return stored


def _take(stored: StoredReport, report: Report) -> None:
    outcome = report.outcome
    stored.score, stored.band = report.score, report.band
    stored.resolved = outcome.resolved if outcome else None
    stored.failure = outcome.failure if outcome else None
    stored.recovery = outcome.recovery if outcome else None
    stored.transfers = report.transfers
    stored.flag_count = len(report.flags)
    stored.labels = bits_of(own.label for own in report.evidence)


def keep(
    db: Session, stored: StoredReport, report: Report, *, corrected: bool, spoken: bool
) -> None:
    """Keep what holds of a report after what people said: `corrected` if that differs from what the
    machine said, `spoken` if people judged anything of it at all."""
    _take(stored, report)
    stored.corrected = corrected
    stored.corrected_body = to_dict(report) if corrected or spoken else None
    db.execute(delete(FlagRow).where(FlagRow.report_id == stored.id))
    _add_flags(db, stored.id, report)


def count(call: Call, stored: StoredReport) -> None:
    """Copy the figures of the report that counts to the call, and tell how much it presses.

    That follows from the machine's flags and score, so that a call keeps its place in the queue
    while a person works on it.
    """
    for name in _FIGURES:
        setattr(call, name, getattr(stored, name))
    call.priority = sum(_PRESSING[flag["kind"]] for flag in stored.body["flags"])
    if stored.machine_score is not None:
        call.priority += (100 - stored.machine_score) / 100
    if call.disputed:
        call.priority += _DISPUTED
    call.waiting = call.disputed or (call.flag_count > 0 and call.reviewed_at is None)


def _add_rows(db: Session, report_id: int, report: Report) -> None:
    found = [(item, True) for item in report.evidence] + [
        (item, False) for item in report.uncertain
    ]
    db.add_all(
        EvidenceRow(
            report_id=report_id,
            label=item.label,
            turn=item.turn,
            start=item.start,
            end=item.end,
            text=item.text,
            probability=item.probability,
            role=item.role,
            certain=certain,
        )
        for item, certain in found
    )
    _add_flags(db, report_id, report)
    for reason in dict.fromkeys(own.reason_code for own in report.skipped_analysis):
        features = [own.feature for own in report.skipped_analysis if own.reason_code == reason]
        db.add(SkippedRow(report_id=report_id, reason_code=reason, features=" ".join(features)))
    if report.scorecard:
        db.add_all(
            AnswerRow(
                report_id=report_id,
                question=answer.question,
                answer=answer.answer,
                score=answer.score,
                potential_score=answer.potential_score,
            )
            for answer in report.scorecard.answers
        )


def _add_flags(db: Session, report_id: int, report: Report) -> None:
    db.add_all(
        FlagRow(report_id=report_id, name=own.name, reason=own.reason) for own in report.flags
    )


def shown(
    db: Session, principal: Principal, found: Sequence[Call], *, with_words: bool = True
) -> dict[int, StoredReport]:
    """Call number -> the report that the principal sees of it: the one that counts, for an agent
    the one that was released. Without words, its figures alone are fetched."""
    ids = [call.released_report_id if principal.sees_own_only else call.report_id for call in found]
    query = select(StoredReport).where(StoredReport.id.in_(ids))
    if not with_words:
        query = query.options(defer(StoredReport.body), defer(StoredReport.corrected_body))
    return {report.call_id: report for report in db.scalars(query)}


def current(db: Session, call: Call) -> StoredReport | None:
    """The report that counts."""
    return db.get(StoredReport, call.report_id) if call.report_id else None


def history(
    db: Session, principal: Principal, call: Call
) -> Sequence[tuple[StoredReport, ScorecardRevision]]:
    """Every report on the call with the revision that it was made under, the newest first; for an
    agent those that were released to them and not taken back."""
    query = (
        select(StoredReport, ScorecardRevision)
        .join(ScorecardRevision, ScorecardRevision.id == StoredReport.revision_id)
        .where(StoredReport.call_id == call.id)
        .order_by(StoredReport.id.desc())
    )
    if principal.sees_own_only:
        query = query.where(StoredReport.id.in_(_released(call)))
    return [(row.StoredReport, row.ScorecardRevision) for row in db.execute(query)]


def _released(call: Call) -> Select[Any]:
    taken_back = select(Review.withdraws).where(
        Review.call_id == call.id, Review.withdraws.is_not(None)
    )
    return select(Review.report_id).where(
        Review.call_id == call.id, Review.action == "release", Review.id.not_in(taken_back)
    )


def one(db: Session, principal: Principal, call: Call, report_id: int) -> StoredReport | None:
    """A report on the call, if the principal may see it."""
    return next((own for own, _ in history(db, principal, call) if own.id == report_id), None)


def flags_of(db: Session, report_ids: Iterable[int]) -> dict[int, list[str]]:
    """Report number -> the names of its flags, the most pressing first."""
    flags: dict[int, list[str]] = {id: [] for id in report_ids}
    query = select(FlagRow).where(FlagRow.report_id.in_(flags)).order_by(FlagRow.id)
    for row in db.scalars(query):
        flags[row.report_id].append(row.name)
    return flags
