"""What holds of calls, kept on their rows whenever a report is added or a person says something."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from analyzer.report import Report
from api.statement import Statement, holding
from api.storage import reports, statements
from api.storage.statements import Target
from api.storage.tables import Call, Review, ScorecardRevision, StoredReport


def add_report(
    db: Session, call: Call, report: Report, revision: ScorecardRevision
) -> StoredReport:
    """Keep a report and make it the one that counts, with all that people said before of the same.

    The agent goes on seeing the report that was released to them, until a person releases this one.
    """
    stored = reports.add(db, call, report, revision)
    settle(db, call)
    return stored


def settle(db: Session, call: Call) -> None:
    """Keep what holds of a call after everything that people said: on the report that counts, on
    the one that its agent sees, and on the call, for lists."""
    stored = reports.current(db, call)
    if stored is None:
        return
    if _is_judged(db, call):
        everything = statements.said(db, Target(call, stored))
        _release(call, everything)
        call.reviewed_at = _keep(db, Target(call, stored))
        if call.released_report_id not in (None, stored.id):
            _keep(db, Target(call, db.get_one(StoredReport, call.released_report_id)))
    reports.count(call, stored)
    db.flush()


def _is_judged(db: Session, call: Call) -> bool:
    said = exists().where(Review.call_id == call.id, Review.calibration_id.is_(None))
    return bool(db.scalar(select(said)))


def _keep(db: Session, about: Target) -> datetime | None:
    """Keep what holds of a report; when a person was done with it, if anybody was."""
    judged = statements.judgement(db, about)
    verdict = judged.verdict
    said = [own.said for own in verdict.findings] + [own.said for own in verdict.questions]
    corrected = verdict.corrects
    reports.keep(db, about.report, judged.counting, corrected=corrected, spoken=any(said))
    return max((own.created_at for own in verdict.done), default=None)


def _release(call: Call, everything: Sequence[Statement]) -> None:
    """The report that was released last is what the agent sees, unless that was taken back."""
    released = [own.report_id for own in everything if own.action == "release"]
    held = [
        own.created_at
        for own in holding(everything)
        if own.action == "release" and own.report_id == released[-1]
    ]
    call.released_at = max(held, default=None)
    call.released_report_id = released[-1] if held else None
