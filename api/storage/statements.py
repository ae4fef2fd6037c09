"""What people said of calls, and the verdict that follows from it and the machine's report."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from analyzer.report import Report, from_dict
from analyzer.scorecard import Scorecard
from api.access import Principal
from api.counting import counting
from api.payload import conversation_of
from api.scoring import card_of
from api.statement import Other, Statement, Subject, applied
from api.storage import reports, scorecards
from api.storage.filters import Filters, matching
from api.storage.tables import Call, EvidenceRow, Review, StoredReport, User
from api.verdict import Verdict, judge

# Reports whose statements are read at a time.
_PORTION = 200


@dataclass(frozen=True, slots=True)
class Target:
    """What is judged: a call by its report; within a calibration, blind."""

    call: Call
    report: StoredReport
    calibration_id: int | None = None


def current(db: Session, call: Call) -> Target | None:
    """The call with the report that counts."""
    report = reports.current(db, call)
    return Target(call, report) if report else None


def shown(db: Session, principal: Principal, call: Call) -> Target | None:
    """The call with the report that the principal sees; an agent the one released to them."""
    report = reports.shown(db, principal, [call]).get(call.id)
    return Target(call, report) if report else None


def said(db: Session, about: Target) -> list[Statement]:
    """All that was ever said of the call, in order; in a calibration, what was said there."""
    query = _statements().where(Review.call_id == about.call.id)
    if about.calibration_id:
        query = query.where(Review.report_id == about.report.id)
    query = query.where(Review.calibration_id == about.calibration_id)
    return [statement(review, name) for review, name in db.execute(query)]


def in_calibration(db: Session, calibration_id: int) -> dict[int, list[Statement]]:
    """Call -> everything that was said of it in that session, in order."""
    found: dict[int, list[Statement]] = {}
    query = _statements().where(Review.calibration_id == calibration_id)
    for review, name in db.execute(query):
        found.setdefault(review.call_id, []).append(statement(review, name))
    return found


def subject(db: Session, about: Target) -> Subject:
    """What the rules of verdicts need to know of it; blind in a calibration."""
    revision = scorecards.revision(db, about.report.revision_id)
    assert revision is not None  # a foreign key
    card = card_of(revision.toml).model_copy(update={"revision": revision.number})
    conversation, id = conversation_of(about.call), about.report.id
    if about.calibration_id:
        return Subject(conversation, card, {}, id)
    return Subject(conversation, card, about.report.body, id, _others(db, about))


def _others(db: Session, about: Target) -> dict[int, Other]:
    query = select(StoredReport.id, StoredReport.revision_id)
    query = query.where(StoredReport.call_id == about.call.id, StoredReport.id != about.report.id)
    revisions = {row.id: row.revision_id for row in db.execute(query)}
    if not revisions:
        return {}
    found: dict[int, set[tuple[int, str]]] = defaultdict(set)
    pairs = select(EvidenceRow.report_id, EvidenceRow.turn, EvidenceRow.label)
    own = EvidenceRow.report_id.in_([*revisions, about.report.id])
    for row in db.execute(pairs.where(own, EvidenceRow.certain)):
        found[row.report_id].add((row.turn, row.label))
    others = {}
    for id, revision_id in revisions.items():
        revision = scorecards.revision(db, revision_id)
        assert revision is not None  # a foreign key
        others[id] = Other(card_of(revision.toml), found[id] == found[about.report.id])
    return others


def verdict(db: Session, about: Target) -> Verdict:
    """Machine's and people's judgement side by side, and what holds."""
    return judge(subject(db, about), said(db, about))


@dataclass(frozen=True, slots=True)
class Judgement:
    """A call as judged: the machine's report, what follows from people's words, and the report
    after both."""

    card: Scorecard
    machine: Report
    verdict: Verdict
    counting: Report


def judgement(db: Session, about: Target) -> Judgement:
    """All that machine and people make of it."""
    what = subject(db, about)
    found = judge(what, said(db, about))
    machine = from_dict(about.report.body, what.conversation)
    return Judgement(what.card, machine, found, counting(machine, what.card, found))


def judged(
    db: Session, principal: Principal, filters: Filters, at_most: int | None = None
) -> Iterator[tuple[Target, Subject, list[Statement]]]:
    """Every call that a person is done with, the newest first, with the statements that hold.

    A call scored again counts with its last report that somebody reviewed.
    """
    done = select(Review.report_id).where(Review.action == "done", Review.calibration_id.is_(None))
    query = (
        select(StoredReport.id)
        .join(Call, Call.id == StoredReport.call_id)
        .where(StoredReport.id.in_(done))
        .order_by(Call.occurred_at.desc(), Call.id.desc(), StoredReport.id.desc())
    )
    ids = list(db.scalars(matching(query, db, principal, filters)))
    seen: set[int] = set()
    for begin in range(0, len(ids), _PORTION):
        portion = ids[begin : begin + _PORTION]
        for own, everything in _targets(db, portion):
            if own.call.id in seen:
                continue
            what = subject(db, own)
            held = applied(what, everything)
            # done with this report, not with another one that found the same
            if not any(each.action == "done" and each.report_id == own.report.id for each in held):
                continue
            seen.add(own.call.id)
            yield own, what, held
            if len(seen) == at_most:
                return


def _targets(db: Session, report_ids: Sequence[int]) -> Iterator[tuple[Target, list[Statement]]]:
    rows = db.execute(
        select(StoredReport, Call)
        .join(Call, Call.id == StoredReport.call_id)
        .where(StoredReport.id.in_(report_ids))
    )
    targets = {row.StoredReport.id: Target(row.Call, row.StoredReport) for row in rows}
    call_ids = {own.call.id for own in targets.values()}
    ordinary = (Review.call_id.in_(call_ids), Review.calibration_id.is_(None))
    by_call: dict[int, list[Statement]] = defaultdict(list)
    for review, name in db.execute(_statements().where(*ordinary)):
        by_call[review.call_id].append(statement(review, name))
    for report_id in report_ids:
        about = targets[report_id]
        yield about, by_call[about.call.id]


def between(since: date | None, until: date | None, language: str | None) -> Filters:
    """The filters that figures about reviews take."""
    return Filters(since=since, until=until, language=(language,) if language else ())


def _statements() -> Select[Review, str]:
    joined = select(Review, User.name).join(User, User.id == Review.user_id)
    return joined.order_by(Review.id)


def statement(review: Review, name: str) -> Statement:
    """A stored statement of the person of that name."""
    own = {
        field: getattr(review, field) for field in Statement.__dataclass_fields__ if field != "name"
    }
    return Statement(name=name, **own)
