"""Disputes: an agent objects to what is said of their call; a person who did not say it decides.

As in `reviews`, what is not allowed is refused with a `Problem`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from api.access import Principal, Role
from api.problems import Problem, not_found
from api.reasons import fit_to_store
from api.statement import applied
from api.storage import audit, statements, verdicts
from api.storage.filters import listed
from api.storage.statements import Target
from api.storage.tables import Call, Dispute, Review, StoredReport, User, now

OPEN, UPHELD, REJECTED = "OPEN", "UPHELD", "REJECTED"
# What makes good on a dispute that is upheld.
_CORRECTIONS = ("agree", "disagree", "add", "answer", "override")


def raise_on(db: Session, principal: Principal, call: Call, report_id: int, reason: str) -> Dispute:
    """Object to the report on one's own call, which must be released; one dispute at a time."""
    is_own = call.agent_id is not None and call.agent_id == principal.own_calls_of
    if principal.user_id is None or not is_own:
        raise Problem(403, "Only the agent of a call can dispute what is said of it.")
    db.refresh(call, with_for_update=True)
    if call.released_report_id is None:
        raise Problem(409, "This call has not been released to its agent yet.")
    if call.released_report_id != report_id:
        raise Problem(409, "Another report was released meanwhile. Load the call again.")
    if call.disputed:
        raise Problem(409, "There is an open dispute on this call; its outcome comes first.")
    dispute = Dispute(
        call_id=call.id,
        report_id=report_id,
        raised_by=principal.user_id,
        reason=fit_to_store(call, reason),
    )
    db.add(dispute)
    call.disputed = True
    verdicts.settle(db, call)
    details = {"dispute": dispute.id, "report": report_id}
    audit.record(db, principal.name, "dispute.raise", f"call:{call.uid}", details)
    return dispute


def resolve(
    db: Session, principal: Principal, dispute: Dispute, status: str, resolution: str
) -> None:
    """Uphold the dispute, once the call has been corrected, or reject it; in words.

    Nobody decides about their own review or their own call. An admin may, so that an installation
    with one reviewer is not stuck; the audit log then says so.
    """
    if principal.user_id is None:
        raise Problem(403, "Only a person can resolve a dispute.")
    call = db.get_one(Call, dispute.call_id, with_for_update=True, populate_existing=True)
    db.refresh(dispute)
    if dispute.status != OPEN:
        raise Problem(409, "This dispute is resolved already.")
    if dispute.raised_by == principal.user_id:
        raise Problem(409, "You raised this dispute; somebody else resolves it.")
    judged_before = _judged_before(db, principal, dispute)
    if judged_before and principal.role is not Role.ADMIN:
        raise Problem(
            409, "You reviewed or released this call; somebody else resolves its dispute."
        )
    if status == UPHELD and not _corrected_since(db, principal, call, dispute):
        raise Problem(
            409, "Correct what the agent sees first: an upheld dispute needs your own review of it."
        )
    dispute.status, dispute.resolution = status, fit_to_store(call, resolution)
    dispute.resolved_by, dispute.resolved_at = principal.user_id, now()
    call.disputed = False
    verdicts.settle(db, call)
    details = {"dispute": dispute.id, "status": status, "own_review": judged_before}
    audit.record(db, principal.name, "dispute.resolve", f"call:{call.uid}", details)


def _judged_before(db: Session, principal: Principal, dispute: Dispute) -> bool:
    """Whether the principal had a part in what is disputed."""
    query = select(Review.id).where(
        Review.call_id == dispute.call_id,
        Review.user_id == principal.user_id,
        Review.calibration_id.is_(None),
        Review.created_at <= dispute.created_at,
    )
    return db.scalar(query.limit(1)) is not None


def _corrected_since(db: Session, principal: Principal, call: Call, dispute: Dispute) -> bool:
    """Whether the principal said something since that holds for the report that the agent sees."""
    report = db.get_one(StoredReport, call.released_report_id or dispute.report_id)
    about = Target(call, report)
    return any(
        own.user_id == principal.user_id
        and own.action in _CORRECTIONS
        and own.created_at > dispute.created_at
        for own in applied(statements.subject(db, about), statements.said(db, about))
    )


def one(db: Session, principal: Principal, dispute_id: int) -> Dispute:
    """The dispute, if the principal may see it; else 404."""
    query = select(Dispute).join(Call, Call.id == Dispute.call_id)
    found = db.scalar(query.where(Dispute.id == dispute_id, _visible(principal)))
    if found is None:
        raise not_found("dispute")
    return found


def find(
    db: Session,
    principal: Principal,
    *,
    status: str | None = None,
    call: Call | None = None,
    before: int | None = None,
    limit: int = 50,
) -> Sequence[Dispute]:
    """The disputes that the principal may see, the newest first; an agent sees their own."""
    query = select(Dispute).join(Call, Call.id == Dispute.call_id).where(_visible(principal))
    if status is not None:
        query = query.where(Dispute.status == status)
    if call is not None:
        query = query.where(Dispute.call_id == call.id)
    if before is not None:
        query = query.where(Dispute.id < before)
    return db.scalars(query.order_by(Dispute.id.desc()).limit(limit)).all()


def _visible(principal: Principal) -> ColumnElement[bool]:
    # whoever raised one sees its outcome, whatever became of the call's release
    return or_(Dispute.raised_by == (principal.user_id or 0), listed(principal))


def open_on(db: Session, call_ids: Iterable[int]) -> dict[int, Dispute]:
    """Number of a call -> the dispute that is open on it."""
    query = select(Dispute).where(Dispute.call_id.in_(call_ids), Dispute.status == OPEN)
    return {own.call_id: own for own in db.scalars(query)}


def names_of(db: Session, disputes: Sequence[Dispute]) -> dict[int, str]:
    """Number -> name of everyone who raised or resolved one of them."""
    people = {own for each in disputes for own in (each.raised_by, each.resolved_by) if own}
    return {own.id: own.name for own in db.scalars(select(User).where(User.id.in_(people)))}


def uids_of(db: Session, disputes: Sequence[Dispute]) -> dict[int, str]:
    """Number of a call -> its uid."""
    query = select(Call.id, Call.uid).where(Call.id.in_({own.call_id for own in disputes}))
    return {row.id: row.uid for row in db.execute(query)}
