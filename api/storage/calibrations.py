"""Calibration: several people score the same calls blind, and compare when it is closed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Sized
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from analyzer.messages import Message
from api.access import ALLOWED, Permission, Principal, Role
from api.agreement import JudgedCall, Side
from api.problems import Problem, ProblemError, not_found
from api.statement import Statement, holding
from api.storage import audit, calls, reviews, statements
from api.storage.filters import Filters, matching
from api.storage.statements import Target
from api.storage.tables import (
    Calibration,
    CalibrationCall,
    CalibrationMember,
    Call,
    StoredReport,
    User,
    now,
)
from api.verdict import Verdict, judge


@dataclass(frozen=True, slots=True)
class Compared:
    """A call of a closed session: the machine's verdict, and that of each who was done with it."""

    target: Target
    machine: Verdict
    people: dict[int, Verdict]


def create(
    db: Session, principal: Principal, name: str, uids: Sequence[str], members: Sequence[int]
) -> Calibration:
    """A session over scored calls, for people who review calls."""
    if principal.user_id is None:
        raise Problem(403, "Only a person can open a calibration.")
    found = {call.uid: call for uid in uids if (call := calls.one(db, principal, uid))}
    for index, uid in enumerate(uids):
        if uid not in found or found[uid].score is None:
            raise _wrong("There is no such call, or it was not scored.", f"/calls/{index}")
    people = {own.id: own for own in db.scalars(select(User).where(User.id.in_(members)))}
    for index, member in enumerate(members):
        own = people.get(member)
        if own is None or not own.active or not _reviews(own):
            detail = Message("There is no such person, or they may not review calls.")
            raise _wrong(detail, f"/members/{index}")
    if len(people) < 2:
        raise _wrong("It takes two people to compare.", "/members")
    session = Calibration(name=name.strip(), created_by=principal.user_id)
    db.add(session)
    db.flush()
    db.add_all(
        CalibrationCall(calibration_id=session.id, call_id=call.id, report_id=call.report_id)
        for call in found.values()
    )
    db.add_all(CalibrationMember(calibration_id=session.id, user_id=own) for own in people)
    db.flush()
    details = {"calls": len(found), "members": len(people)}
    audit.record(db, principal.name, "calibration.create", f"calibration:{session.id}", details)
    return session


def candidates(db: Session) -> list[User]:
    """Who can be a member, by name."""
    query = select(User).where(User.active).order_by(User.name, User.id)
    return [own for own in db.scalars(query) if _reviews(own)]


def _reviews(user: User) -> bool:
    return Permission.REVIEWS_WRITE in ALLOWED[Role(user.role)]


def one(db: Session, principal: Principal, calibration_id: int) -> Calibration:
    """The session, for its members and those who manage sessions; 404 for others."""
    session = db.get(Calibration, calibration_id)
    if session is None or not (_manages(principal) or is_member(db, principal, session.id)):
        raise not_found("calibration")
    return session


def recent(
    db: Session, principal: Principal, *, before: int | None = None, limit: int = 50
) -> Sequence[Calibration]:
    """The sessions that the principal may see, the newest first."""
    query = select(Calibration).order_by(Calibration.id.desc()).limit(limit)
    if not _manages(principal):
        own = select(CalibrationMember.calibration_id)
        query = query.where(Calibration.id.in_(own.where(_is(principal))))
    if before is not None:
        query = query.where(Calibration.id < before)
    return db.scalars(query).all()


def is_member(db: Session, principal: Principal, calibration_id: int) -> bool:
    """Whether the principal is to review the session's calls."""
    query = select(CalibrationMember).where(CalibrationMember.calibration_id == calibration_id)
    return db.scalar(query.where(_is(principal))) is not None


def members(db: Session, session: Calibration) -> Sequence[User]:
    """Who reviews, by name."""
    own = select(CalibrationMember.user_id).where(CalibrationMember.calibration_id == session.id)
    return db.scalars(select(User).where(User.id.in_(own)).order_by(User.name, User.id)).all()


def targets(db: Session, session: Calibration) -> list[Target]:
    """The calls of the session, each with the report that it was taken in with."""
    query = (
        select(Call, StoredReport)
        .join(CalibrationCall, CalibrationCall.call_id == Call.id)
        .join(StoredReport, StoredReport.id == CalibrationCall.report_id)
        .where(CalibrationCall.calibration_id == session.id)
        .order_by(Call.id)
    )
    return [Target(row.Call, row.StoredReport, session.id) for row in db.execute(query)]


def progress(db: Session, session: Calibration) -> dict[int, set[int]]:
    """Member -> numbers of the calls they are done with; tells nothing of what they said."""
    done: dict[int, set[int]] = {own.id: set() for own in members(db, session)}
    for call, said in statements.in_calibration(db, session.id).items():
        for own in holding(said):
            if own.action == "done":
                done[own.user_id].add(call)
    return done


def blind(db: Session, principal: Principal, session: Calibration, uid: str) -> Target:
    """A call of the session for one of its members; 404 for others."""
    found = [own for own in targets(db, session) if own.call.uid == uid]
    if not found or not is_member(db, principal, session.id):
        raise not_found("call of this calibration")
    return found[0]


def to_speak_of(db: Session, principal: Principal, session: Calibration, uid: str) -> Target:
    """As `blind`, to say something of it: the session must be open, and stays so meanwhile."""
    about = blind(db, principal, session, uid)
    db.refresh(session, with_for_update=True)
    if session.closed_at:
        raise Problem(409, "This calibration is closed; what was said in it stays as it is.")
    return about


def own_statements(db: Session, principal: Principal, about: Target) -> list[Statement]:
    """What the principal said of a call; what others said nobody sees before the end."""
    return [own for own in statements.said(db, about) if own.user_id == principal.user_id]


def own_verdict(db: Session, principal: Principal, about: Target) -> Verdict:
    """What follows from the principal's own statements alone."""
    return judge(statements.subject(db, about), own_statements(db, principal, about))


def finish(db: Session, principal: Principal, session: Calibration, about: Target) -> None:
    """The principal is done with a call, `to_speak_of` before; the last of all closes the session.

    Who is done with everything waits for nobody but the others, and nobody speaks after it.
    """
    reviews.finish(db, principal, about)
    if is_done(progress(db, session), len(targets(db, session))):
        _close(db, principal, session)


def is_done(done: Mapping[int, Sized], calls: int) -> bool:
    """Whether everyone is done with every call."""
    return all(len(own) == calls for own in done.values())


def close(db: Session, principal: Principal, session: Calibration) -> None:
    """From now on nobody speaks, and everyone who took part may compare."""
    db.refresh(session, with_for_update=True)
    if session.closed_at:
        raise Problem(409, "This calibration is closed already.")
    _close(db, principal, session)


def _close(db: Session, principal: Principal, session: Calibration) -> None:
    session.closed_at = now()
    audit.record(db, principal.name, "calibration.close", f"calibration:{session.id}")


def refuse_unblinding(db: Session, principal: Principal, call: Call) -> None:
    """409 where the principal is to review this call blind in a session that is open."""
    _refuse(db, principal, Call.id == call.id)


def refuse_unblinding_words(db: Session, principal: Principal, content: str) -> None:
    """As `refuse_unblinding`, for a call that is sent once more, by its `calls.content_hash`."""
    _refuse(db, principal, Call.content_hash == content)


def _refuse(db: Session, principal: Principal, which: ColumnElement[bool]) -> None:
    query = (
        select(Calibration.id)
        .join(CalibrationCall, CalibrationCall.calibration_id == Calibration.id)
        .join(CalibrationMember, CalibrationMember.calibration_id == Calibration.id)
        .join(Call, Call.id == CalibrationCall.call_id)
        .where(Calibration.closed_at.is_(None), which, _is(principal))
    )
    session = db.scalar(query.limit(1))
    if session is not None:
        detail = Message(
            "You review this call blind in calibration %(number)s. What others and the machine "
            "found is shown once it is closed.",
            number=session,
        )
        raise Problem(409, detail)


def compared(db: Session, session: Calibration) -> list[Compared]:
    """Every call with the verdicts of those who were done with it; 409 before the end."""
    if session.closed_at is None:
        raise Problem(409, "Nobody compares before the calibration is closed.")
    return [_compared(db, about) for about in targets(db, session)]


def _compared(db: Session, about: Target) -> Compared:
    said = statements.said(db, about)
    seen = Target(about.call, about.report)
    blind_subject = statements.subject(db, about)
    done = sorted({own.user_id for own in holding(said) if own.action == "done"})
    people = {
        user: judge(blind_subject, [own for own in said if own.user_id == user]) for user in done
    }
    return Compared(about, judge(statements.subject(db, seen), ()), people)


def judged(db: Session, principal: Principal, filters: Filters, at_most: int) -> list[JudgedCall]:
    """The calls of all closed sessions, the newest first, as everyone saw them."""
    in_sessions = select(Call.id).where(Call.id.in_(select(CalibrationCall.call_id)))
    meant = set(db.scalars(matching(in_sessions, db, principal, filters)))
    closed = select(Calibration).where(Calibration.closed_at.is_not(None))
    found: list[JudgedCall] = []
    for session in db.scalars(closed.order_by(Calibration.id.desc())):
        for own in compared(db, session):
            if own.people and own.target.call.id in meant:
                found.append(seen_by_all(own))
        if len(found) >= at_most:
            break
    return found[:at_most]


def seen_by_all(own: Compared) -> JudgedCall:
    """The call as agreement is computed of it; together people hold what most of them do."""
    people = {user: side(verdict) for user, verdict in own.people.items()}
    votes = Counter(label for each in people.values() for label in each.labels)
    labels = frozenset(label for label, count in votes.items() if 2 * count > len(people))
    scored = sorted((s.score, s.band or "") for s in people.values() if s.score is not None)
    score, band = scored[(len(scored) - 1) // 2] if scored else (None, None)
    roles = tuple(turn["role"] for turn in own.target.call.turns)
    return JudgedCall(roles, side(own.machine), Side(labels, score, band), people)


def side(verdict: Verdict) -> Side:
    """What a verdict says, as agreement is computed of it."""
    return Side(verdict.labels, verdict.score, verdict.band)


def _is(principal: Principal) -> ColumnElement[bool]:
    return CalibrationMember.user_id == (principal.user_id or 0)


def _manages(principal: Principal) -> bool:
    return principal.may(Permission.CALIBRATIONS_MANAGE)


def _wrong(detail: str, pointer: str) -> Problem:
    return Problem(422, detail, errors=[ProblemError(detail=detail, pointer=pointer)])
