"""What an erasure would take with it, counted before anybody decides."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, distinct, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from api.storage import jobs
from api.storage.tables import CalibrationCall, Call, Dispute, Review, StoredReport


@dataclass(frozen=True, slots=True)
class Reach:
    """How much goes: stored calls, calls that wait in jobs, and what hangs on the stored ones.

    `calibrations` lose a call and stay.
    """

    calls: int
    waiting: int
    reports: int
    statements: int
    disputes: int
    calibrations: int

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to erase."""
        return not (self.calls or self.waiting)


def of_customer(db: Session, customer_id: str) -> Reach:
    """What `calls.erase_customer` would take."""
    waiting = len(jobs.items_of_customer(db, customer_id))
    return _reach(db, Call.customer_id == customer_id, waiting)


def of_call(db: Session, call: Call) -> Reach:
    """What `calls.erase` would take with this call."""
    return _reach(db, Call.id == call.id, 0)


def _reach(db: Session, meant: ColumnElement[bool], waiting: int) -> Reach:
    ids = select(Call.id).where(meant)

    def counted(column: InstrumentedAttribute[int], call_id: InstrumentedAttribute[int]) -> int:
        return db.scalar(select(func.count(distinct(column))).where(call_id.in_(ids))) or 0

    return Reach(
        calls=db.scalar(select(func.count()).select_from(Call).where(meant)) or 0,
        waiting=waiting,
        reports=counted(StoredReport.id, StoredReport.call_id),
        statements=counted(Review.id, Review.call_id),
        disputes=counted(Dispute.id, Dispute.call_id),
        calibrations=counted(CalibrationCall.calibration_id, CalibrationCall.call_id),
    )
