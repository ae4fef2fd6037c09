"""Erasure: calls go with everything that was ever said of them, counted before anybody decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, distinct, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from api.payload import from_payload
from api.storage import jobs, webhooks, words
from api.storage.calls import content_hash
from api.storage.tables import CalibrationCall, Call, Dispute, Job, Review, StoredReport

# What a job has in the place of a call that was erased.
_GONE = {"name": "", "error": jobs.ERASED}
# Calls that one statement names.
_PORTION = 500


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
    """What `erase_customer` would take."""
    waiting = len(jobs.items_of_customer(db, customer_id))
    return _reach(db, Call.customer_id == customer_id, waiting)


def of_call(db: Session, call: Call) -> Reach:
    """What `erase` would take with this call."""
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


def erase(db: Session, ids: Sequence[int]) -> int:
    """Remove calls with everything that was ever said of them; how many there were.

    The same calls in jobs go with them, scored or not, and what webhooks were told of them.
    """
    removed = 0
    for first in range(0, len(ids), _PORTION):
        portion = ids[first : first + _PORTION]
        gone = db.scalars(select(Call).where(Call.id.in_(portion))).all()
        jobs.erase_unread(db, [f"call {call.external_id} {call.content_hash}" for call in gone])
        jobs.erase_items(db, [*jobs.items_of_calls(db, portion), *_unscored(db, gone)])
        webhooks.forget_calls(db, [call.uid for call in gone])
        for id in portion:
            words.forget(db, id)
        for call in gone:
            db.expunge(call)
        removed += db.execute(delete(Call).where(Call.id.in_(portion))).rowcount  # type: ignore[attr-defined]
    return removed


def erase_customer(db: Session, customer_id: str) -> int:
    """Remove every call of a customer, also those that wait in jobs or that jobs have yet to read;
    how many were stored."""
    jobs.erase_unread(db, [f"customer {customer_id}"])
    jobs.erase_items(db, jobs.items_of_customer(db, customer_id))
    jobs.look_no_more_for(db, customer_id)
    # what a worker stored while this waited for its item is found now
    ids = db.scalars(select(Call.id).where(Call.customer_id == customer_id))
    return erase(db, list(ids))


def without_erased(
    db: Session, job: Job, items: Sequence[Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]]:
    """The items that a job was found to have, without what was erased since it began."""
    if not jobs.has_erased(job):
        return items
    return [_GONE if _is_erased(db, job, item.get("payload")) else item for item in items]


def _is_erased(db: Session, job: Job, payload: Mapping[str, Any] | None) -> bool:
    if payload is None:
        return False
    own = from_payload(payload)
    keys = [f"call {own.id} {content_hash(db, own)}"]
    if own.customer_id is not None:
        keys.append(f"customer {own.customer_id}")
    return jobs.is_erased(job, keys)


def _unscored(db: Session, gone: Sequence[Call]) -> list[int]:
    """The numbers of items that hold one of these calls."""
    known = {(call.external_id, call.content_hash) for call in gone}
    found = []
    for item in jobs.items_with_ids(db, [call.external_id for call in gone]):
        conversation = from_payload(item.payload or {})
        if (conversation.id, content_hash(db, conversation)) in known:
            found.append(item.id)
    return found
