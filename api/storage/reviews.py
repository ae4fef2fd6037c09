"""Reviews: a person says something of a call; append-only, the machine's answer stays.

What a person must not say is refused with a `Problem`, here rather than in the routes, so that the
API and the pages refuse the same. docs/howto-calibration.md describes the rules.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from analyzer.messages import Message
from analyzer.scorecard import AnswerValue
from analyzer.traits import TRAIT
from api.access import Principal
from api.problems import Problem, ProblemError
from api.reasons import fit_to_store
from api.statement import Statement, Subject, allowed_answers, holding
from api.storage import audit, reports, statements, verdicts
from api.storage.statements import Target
from api.storage.tables import Call, Review, User
from api.verdict import judge

# Why a label cannot stand on a turn, by who says what it names.
_SPOKEN_BY = {
    "agent": Message("This stands on turns of the agent, and this turn is not theirs."),
    "customer": Message("This stands on turns of the customer, and this turn is not theirs."),
}


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
    report = reports.current(db, call)
    if report is None:
        raise Problem(409, "This call has not been scored yet.")
    if report.id != report_id:
        detail = Message(
            "The call was scored again meanwhile. Load it again and look at the new report."
        )
        raise Problem(409, detail)
    return Target(call, report)


def say_of_finding(
    db: Session, principal: Principal, about: Target, verdict: str, span: Span, reason: str = ""
) -> Statement:
    """Agree or disagree with a finding of the report or of a person, or add one."""
    what = statements.subject(db, about)
    known = {
        (own.label, own.turn, own.start, own.end)
        for own in judge(what, statements.said(db, about)).findings
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
    what = statements.subject(db, about)
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
    return _say(db, principal, about, "done", "")


def release(db: Session, principal: Principal, about: Target) -> Statement:
    """Show the report to the call's agent, in place of any earlier one; a person must be done with
    reviewing it."""
    if about.call.agent_id is None:
        raise Problem(409, "The call names no agent, so that there is nobody to show it to.")
    if not statements.verdict(db, about).done:
        raise Problem(409, "A person must review the call before its agent sees it.")
    return _say(db, principal, about, "release", "")


def withdraw(db: Session, principal: Principal, about: Target, review_id: int) -> Statement:
    """Take one's own statement back, of whichever report it was; it stays in the history."""
    held = {own.id: own for own in holding(statements.said(db, about))}
    taken = held.get(review_id)
    if taken is None or taken.user_id != principal.user_id:
        detail = Message("You have no such statement, or it holds no more.")
        raise Problem(404, detail)
    others = [own for own in held.values() if own.action == "done" and own.id != taken.id]
    is_seen = about.call.released_at and not about.calibration_id
    if taken.action == "done" and is_seen and not others:
        raise Problem(409, "The agent sees this call. Withdraw its release first.")
    return _say(db, principal, about, "withdraw", "", withdraws=taken.id)


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
    if not about.calibration_id:
        verdicts.settle(db, about.call)
    name = db.scalar(select(User.name).where(User.id == principal.user_id)) or ""
    return statements.statement(review, name)


def _fields(span: Span) -> dict[str, object]:
    return {"label": span.label, "turn": span.turn, "start": span.start, "end": span.end}


def _wrong(detail: str, pointer: str) -> Problem:
    return Problem(422, detail, errors=[ProblemError(detail=detail, pointer=pointer)])
