"""What people say of calls: append-only statements about a report, and the verdict they lead to.

What a person must not say is refused with a `Problem`, here rather than in the routes, so that the
API and the pages refuse the same. docs/howto-calibration.md describes the rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from analyzer.messages import Message
from analyzer.scorecard import AnswerValue
from analyzer.traits import TRAIT
from api.access import Principal
from api.problems import Problem, ProblemError
from api.reasons import fit_to_store
from api.scoring import card_of
from api.storage import audit, calls, scorecards
from api.storage.calls import Filters
from api.storage.tables import Call, Review, StoredReport, User
from api.verdict import Statement, Subject, Verdict, allowed_answers, holding, judge

# Why a label cannot stand on a turn, by who says what it names.
_SPOKEN_BY = {
    "agent": Message("This stands on turns of the agent, and this turn is not theirs."),
    "customer": Message("This stands on turns of the customer, and this turn is not theirs."),
}
# Reports whose statements are read at a time.
_PORTION = 200


@dataclass(frozen=True, slots=True)
class Target:
    """What is reviewed: a call by its report; within a calibration, blind."""

    call: Call
    report: StoredReport
    calibration_id: int | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A label on words of a turn; Unicode character offsets."""

    label: str
    turn: int
    start: int
    end: int


def target(db: Session, call: Call, report_id: int) -> Target:
    """The call's report to speak of; 409 if it was scored again meanwhile.

    The call is locked until the transaction ends, so that what is said is said of this report.
    """
    db.refresh(call, with_for_update=True)
    report = calls.current_report(db, call)
    if report is None:
        raise Problem(409, "This call has not been scored yet.")
    if report.id != report_id:
        detail = Message(
            "The call was scored again meanwhile. Load it again and look at the new report."
        )
        raise Problem(409, detail)
    return Target(call, report)


def current(db: Session, call: Call) -> Target | None:
    """The call with the report that counts, to look at."""
    report = calls.current_report(db, call)
    return Target(call, report) if report else None


def statements(db: Session, about: Target) -> list[Statement]:
    """Everything that was ever said of it, in order."""
    own = Review.calibration_id == about.calibration_id
    query = _statements().where(Review.report_id == about.report.id, own)
    return [_statement(review, name) for review, name in db.execute(query)]


def in_calibration(db: Session, calibration_id: int) -> dict[int, list[Statement]]:
    """Call -> everything that was said of it in that session, in order."""
    said: dict[int, list[Statement]] = {}
    query = _statements().where(Review.calibration_id == calibration_id)
    for review, name in db.execute(query):
        said.setdefault(review.call_id, []).append(_statement(review, name))
    return said


def subject(db: Session, about: Target) -> Subject:
    """What the rules of verdicts need to know of it; blind in a calibration."""
    revision = scorecards.revision(db, about.report.revision_id)
    assert revision is not None  # a foreign key
    card = card_of(revision.toml).model_copy(update={"revision": revision.number})
    body = {} if about.calibration_id else about.report.body
    return Subject(calls.conversation_of(about.call), card, body)


def verdict(db: Session, about: Target) -> Verdict:
    """Machine's and people's judgement side by side, and what holds."""
    return judge(subject(db, about), _held(db, about))


def _held(db: Session, about: Target) -> list[Statement]:
    """What holds of what was said, without reviews and releases from before another report counted
    for a while: somebody looks again."""
    held, since = holding(statements(db, about)), about.call.report_since
    if about.calibration_id or since is None:
        return held
    return [own for own in held if own.action not in ("done", "release") or own.created_at >= since]


def say_of_finding(
    db: Session, principal: Principal, about: Target, verdict: str, span: Span, reason: str = ""
) -> Statement:
    """Agree or disagree with a finding of the report or of a person, or add one."""
    what = subject(db, about)
    known = {
        (own.label, own.turn, own.start, own.end)
        for own in judge(what, statements(db, about)).findings
    }
    thing = (span.label, span.turn, span.start, span.end)
    if verdict != "add":
        if thing not in known:
            raise _wrong("There is no such finding at these words; add it instead.", "/start")
        return _say(db, principal, about, verdict, reason, **_fields(span))
    span = _within(what, span)
    if (span.label, span.turn, span.start, span.end) in known and not about.calibration_id:
        raise _wrong("This finding is there already; agree with it instead.", "/verdict")
    return _say(db, principal, about, "add", reason, **_fields(span))


def _within(what: Subject, span: Span) -> Span:
    """The span without blanks at its edges, if its label can stand on these words."""
    turns = what.conversation.turns
    if span.turn >= len(turns):
        raise _wrong(
            Message("The call has %(count)s turns, counted from 0.", count=len(turns)), "/turn"
        )
    turn, trait = turns[span.turn], TRAIT[span.label]
    if trait.role != turn.role:
        detail = _SPOKEN_BY[trait.role]
        raise _wrong(detail, "/label")
    if not span.start < span.end <= len(turn.text):
        detail = Message(
            "The turn has %(count)s characters; the words lie within, end after start.",
            count=len(turn.text),
        )
        raise _wrong(detail, "/end")
    words = turn.text[span.start : span.end]
    if not words.strip():
        raise _wrong("There are only blanks at these offsets.", "/start")
    start = span.start + len(words) - len(words.lstrip())
    return Span(span.label, span.turn, start, start + len(words.strip()))


def answer(
    db: Session, principal: Principal, about: Target, question: str, said: AnswerValue, reason: str
) -> Statement:
    """Answer a question of the scorecard."""
    what = subject(db, about)
    if what.report and not what.report["scorecard"]:
        raise Problem(409, "This call could not be scored, so that it has no questions; override.")
    questions = {own.id: own for section in what.card.sections for own in section.questions}
    if question not in questions:
        asks = Message("The scorecard asks: %(questions)s.", questions=", ".join(questions))
        raise _wrong(asks, "/question")
    allowed = allowed_answers(questions[question])
    if said not in allowed:
        takes = Message("This question takes: %(answers)s.", answers=", ".join(allowed))
        raise _wrong(takes, "/answer")
    return _say(db, principal, about, "answer", reason, question=question, answer=said)


def override(
    db: Session,
    principal: Principal,
    about: Target,
    reason: str,
    *,
    score: float | None = None,
    band: str | None = None,
) -> Statement:
    """Set the score, and with it the band; or the band alone. The machine's stay visible."""
    if (score is None) == (band is None):
        raise _wrong("Give either a score, which has its band, or a band.", "/score")
    if not reason.strip():
        raise _wrong("An override needs a reason.", "/reason")
    return _say(db, principal, about, "override", reason, score=score, band=band)


def finish(db: Session, principal: Principal, about: Target) -> Statement:
    """The person has looked at the whole call: what they did not object to, they confirm."""
    own = _say(db, principal, about, "done", "")
    _mark(db, about)
    return own


def release(db: Session, principal: Principal, about: Target) -> Statement:
    """Show the call to its agent; a person must be done with reviewing it."""
    if not verdict(db, about).done:
        raise Problem(409, "A person must review the call before its agent sees it.")
    own = _say(db, principal, about, "release", "")
    _mark(db, about)
    return own


def withdraw(db: Session, principal: Principal, about: Target, review_id: int) -> Statement:
    """Take one's own statement back; it stays in the history."""
    held = {own.id: own for own in _held(db, about)}
    taken = held.get(review_id)
    if taken is None or taken.user_id != principal.user_id:
        detail = Message("You have no such statement, or it holds no more.")
        raise Problem(404, detail)
    others = [own for own in held.values() if own.action == "done" and own.id != taken.id]
    is_seen = about.call.released_at and not about.calibration_id
    if taken.action == "done" and is_seen and not others:
        raise Problem(409, "The agent sees this call. Withdraw its release first.")
    own = _say(db, principal, about, "withdraw", "", withdraws=taken.id)
    _mark(db, about)
    return own


def _say(
    db: Session, principal: Principal, about: Target, action: str, reason: str, **fields: object
) -> Statement:
    if principal.user_id is None or principal.role is None:
        raise Problem(403, "Only a person can judge a call.")
    review = Review(
        call_id=about.call.id,
        report_id=about.report.id,
        user_id=principal.user_id,
        role=principal.role,
        calibration_id=about.calibration_id,
        action=action,
        reason=fit_to_store(about.call, reason),
        **fields,
    )
    db.add(review)
    db.flush()
    details = {"report": about.report.id, "review": review.id}
    if about.calibration_id:
        details["calibration"] = about.calibration_id
    audit.record(db, principal.name, f"review.{action}", f"call:{about.call.uid}", details)
    name = db.scalar(select(User.name).where(User.id == principal.user_id)) or ""
    return _statement(review, name)


def _mark(db: Session, about: Target) -> None:
    """Keep on the call whether it is reviewed and released, for lists to filter by."""
    if about.calibration_id:
        return
    held = _held(db, about)
    for action, column in (("done", "reviewed_at"), ("release", "released_at")):
        moments = [own.created_at for own in held if own.action == action]
        setattr(about.call, column, max(moments, default=None))
    db.flush()


def judged(
    db: Session, principal: Principal, filters: Filters, at_most: int | None = None
) -> Iterator[tuple[Target, list[Statement]]]:
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
    ids = list(db.scalars(calls.matching(query, db, principal, filters)))
    seen: set[int] = set()
    for begin in range(0, len(ids), _PORTION):
        portion = ids[begin : begin + _PORTION]
        for own, said in _targets(db, portion):
            held = holding(said)
            if own.call.id in seen or not any(each.action == "done" for each in held):
                continue
            seen.add(own.call.id)
            yield own, held
            if len(seen) == at_most:
                return


def _targets(db: Session, report_ids: Sequence[int]) -> Iterator[tuple[Target, list[Statement]]]:
    rows = db.execute(
        select(StoredReport, Call)
        .join(Call, Call.id == StoredReport.call_id)
        .where(StoredReport.id.in_(report_ids))
    )
    targets = {row.StoredReport.id: Target(row.Call, row.StoredReport) for row in rows}
    ordinary = Review.calibration_id.is_(None)
    query = _statements().where(Review.report_id.in_(report_ids), ordinary)
    said = db.execute(query.order_by(None).order_by(Review.report_id, Review.id))
    by_report = {
        report_id: [_statement(row.Review, row.name) for row in rows]
        for report_id, rows in groupby(said, key=lambda row: int(row.Review.report_id))
    }
    for report_id in report_ids:
        yield targets[report_id], by_report[report_id]


def between(since: date | None, until: date | None, language: str | None) -> Filters:
    """The filters that figures about reviews take."""
    return Filters(since=since, until=until, language=(language,) if language else ())


def _statements() -> Select[Review, str]:
    joined = select(Review, User.name).join(User, User.id == Review.user_id)
    return joined.order_by(Review.id)


def _statement(review: Review, name: str) -> Statement:
    own = {
        field: getattr(review, field) for field in Statement.__dataclass_fields__ if field != "name"
    }
    return Statement(name=name, **own)


def _fields(span: Span) -> dict[str, object]:
    return {"label": span.label, "turn": span.turn, "start": span.start, "end": span.end}


def _wrong(detail: str, pointer: str) -> Problem:
    return Problem(422, detail, errors=[ProblemError(detail=detail, pointer=pointer)])
