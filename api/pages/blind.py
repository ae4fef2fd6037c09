"""A call that is reviewed blind in a calibration: its words, the questions, and one's own word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Form, Path, Request
from fastapi.responses import RedirectResponse
from pydantic import ValidationError
from sqlalchemy.orm import Session
from starlette.responses import Response

from analyzer.report import from_dict
from analyzer.scorecard import AnswerValue
from analyzer.traits import TRAITS
from analyzer.writing.catalogue import marked, speaking
from analyzer.writing.html_score import answer_title
from api.access import Principal
from api.deps import Db
from api.locales import translations
from api.pages.calibrations import progress_of
from api.pages.call_view import ANCHOR, blind_view, span_of_words
from api.pages.render import gettext, language_of, page, redirect
from api.pages.review import Label, Reason, Words
from api.pages.review import Number as Place
from api.payload import conversation_of
from api.problems import Problem
from api.routes.calibrations import BlindAnswer, CalibrationId
from api.routes.reviews import Reviewer
from api.schemas import Band
from api.storage import audit, calibrations, reviews
from api.storage.statements import Target
from api.storage.tables import Calibration
from api.verdict import QuestionVerdict

router = APIRouter(prefix="/calibrations/{calibration_id}/calls/{uid}")

_ANSWERS = get_args(AnswerValue)


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a form of the page was sent from."""

    calibration_id: int
    uid: str

    @property
    def path(self) -> str:
        """The page's own path."""
        return f"/calibrations/{self.calibration_id}/calls/{self.uid}"

    def take(self, db: Session, principal: Principal) -> tuple[Calibration, Target]:
        """The session, which must be open, and the call."""
        session = calibrations.one(db, principal, self.calibration_id)
        return session, calibrations.to_speak_of(db, principal, session, self.uid)

    def back(self, principal: Principal, said: str = "", anchor: str = "") -> RedirectResponse:
        """To the page, with a message."""
        path = self.path + (f"#{anchor}" if anchor else "")
        return redirect(path, gettext(principal, said))


def seat(calibration_id: CalibrationId, uid: Annotated[str, Path(max_length=64)]) -> Seat:
    """The page that the path names."""
    return Seat(calibration_id, uid)


At = Annotated[Seat, Depends(seat)]


@router.get("")
def blind_call(at: At, request: Request, db: Db, principal: Reviewer) -> Response:
    """The words and the questions, with no judgement but one's own."""
    session = calibrations.one(db, principal, at.calibration_id)
    about = calibrations.blind(db, principal, session, at.uid)
    if session.closed_at:
        return redirect(f"/calibrations/{session.id}/comparison#call-{at.uid}")
    details = {"calibration": session.id}
    audit.record(db, principal.name, "calibration.read", f"call:{at.uid}", details)
    verdict = calibrations.own_verdict(db, principal, about)
    progress = progress_of(db, session)
    left = progress.left(principal.user_id)
    with speaking(translations(language_of(request, principal))):
        report = from_dict(about.report.body, conversation_of(about.call))
        view = blind_view(report, verdict, principal.user_id)
        answers = {name: answer_title(name) for name in _ANSWERS}
    numbers = [call.uid for call in progress.calls]
    return page(
        request,
        principal,
        "blind.html.j2",
        session=session,
        call=about.call,
        report=about.report,
        actions=at.path,
        view=view,
        traits=TRAITS,
        answers=answers,
        override=verdict.overrides[0] if verdict.overrides else None,
        own_done=verdict.done[0] if verdict.done else None,
        number=numbers.index(at.uid) + 1,
        count=len(numbers),
        next=next((call.uid for call in left if call.uid != at.uid), None),
        is_last=not verdict.done and progress.whole - sum(map(len, progress.done.values())) == 1,
    )


@router.post("/added")
def blind_added(
    at: At,
    db: Db,
    principal: Reviewer,
    label: Label,
    turn: Place,
    words: Words,
    start: Annotated[str, Form(max_length=20)] = "",
    reason: Reason = "",
) -> RedirectResponse:
    """Put a label on words of a turn."""
    _, about = at.take(db, principal)
    span = span_of_words(conversation_of(about.call), label, turn, words, start)
    reviews.say_of_finding(db, principal, about, "add", span, reason)
    return at.back(principal, marked("The finding is added."), f"{ANCHOR}-t{turn}")


async def _fields(request: Request) -> dict[str, str]:
    """The form as it was sent; its fields are those of the scorecard's questions."""
    return {name: str(value) for name, value in (await request.form()).items()}


@router.post("/answers")
def blind_answers(
    at: At, db: Db, principal: Reviewer, fields: Annotated[dict[str, str], Depends(_fields)]
) -> RedirectResponse:
    """Take what was answered, changed or emptied; with `do=done` the call is reviewed."""
    session, about = at.take(db, principal)
    for question in calibrations.own_verdict(db, principal, about).questions:
        _answer(db, principal, about, question, fields)
    if fields.get("do") != "done":
        return at.back(principal, marked("Your answers are kept."))
    calibrations.finish(db, principal, session, about)
    if session.closed_at:
        said = marked("Everyone is done: the calibration is closed, and you can compare.")
        return redirect(f"/calibrations/{session.id}/comparison", gettext(principal, said))
    left = progress_of(db, session).left(principal.user_id)
    if left:
        said = gettext(principal, marked("Done. This is the next one."))
        return redirect(f"/calibrations/{session.id}/calls/{left[0].uid}", said)
    said = marked("You are done with all calls. You can compare once the others are, too.")
    return redirect(f"/calibrations/{session.id}", gettext(principal, said))


def _answer(
    db: Session,
    principal: Principal,
    about: Target,
    question: QuestionVerdict,
    fields: Mapping[str, str],
) -> None:
    """What the form says of one question, where it differs from what was said before."""
    before = question.said[0] if question.said else None
    said = fields.get(f"answer.{question.question}", "")
    reason = fields.get(f"reason.{question.question}", "").strip()
    if not said:
        if before:
            reviews.withdraw(db, principal, about, before.id)
        return
    try:
        own = BlindAnswer(question=question.question, answer=said, reason=reason)  # type: ignore[arg-type]
    except ValidationError:
        detail = marked("Choose one of the answers, and give reasons of at most 2,000 characters.")
        raise Problem(422, detail) from None
    if before is None or (before.answer, before.reason) != (own.answer, own.reason):
        reviews.answer(db, principal, about, own.question, own.answer, own.reason)


@router.post("/override")
def blind_override(
    at: At, db: Db, principal: Reviewer, band: Annotated[Band, Form()], reason: Reason = ""
) -> RedirectResponse:
    """Give a band in place of the one that the answers add up to."""
    _, about = at.take(db, principal)
    reviews.override(db, principal, about, reason, band=band)
    return at.back(principal, marked("Your band is kept."), "override")


@router.post("/withdraw")
def blind_withdraw(at: At, db: Db, principal: Reviewer, review_id: Place) -> RedirectResponse:
    """Take back one's own word; the history keeps it."""
    _, about = at.take(db, principal)
    reviews.withdraw(db, principal, about, review_id)
    return at.back(principal, marked("Taken back."))
