"""What people say of a call, sent by the forms of its page; each leads back to where it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Path
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from analyzer.scorecard import AnswerValue
from analyzer.traits import LABELS
from analyzer.writing.catalogue import marked
from api.access import Permission, Principal
from api.deps import Allow, Db
from api.pages.call_view import ANCHOR, span_of_words
from api.pages.render import gettext, redirect
from api.payload import conversation_of
from api.problems import Problem
from api.routes.calls import visible_call
from api.schemas import Band, Text
from api.signin import local_path
from api.storage import calibrations, disputes, reviews
from api.storage.reviews import Span
from api.storage.statements import Target

router = APIRouter(prefix="/calls/{uid}")

Reviewer = Annotated[Principal, Depends(Allow(Permission.REVIEWS_WRITE))]
Objector = Annotated[Principal, Depends(Allow(Permission.DISPUTES_RAISE))]
Resolver = Annotated[Principal, Depends(Allow(Permission.DISPUTES_RESOLVE))]
Number = Annotated[int, Form(ge=0, lt=2**63)]
Reason = Annotated[Text, Form(max_length=2_000)]
Words = Annotated[Text, Form(max_length=100_000)]
Label = Annotated[Literal[LABELS], Form()]  # type: ignore[valid-type]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a form was sent from: which report was looked at, and where to go back to."""

    uid: str
    report_id: int
    to: str

    def about(self, db: Session, principal: Principal) -> Target:
        """The call and its report, unless it was scored again or is to be reviewed blind."""
        call = visible_call(db, principal, self.uid)
        calibrations.refuse_unblinding(db, principal, call)
        return reviews.target(db, call, self.report_id)

    def back(self, principal: Principal, said: str = "", anchor: str = "") -> RedirectResponse:
        """To where the form was sent from, with a message."""
        path = local_path(self.to) if self.to else f"/calls/{self.uid}"
        return redirect(path + (f"#{anchor}" if anchor else ""), gettext(principal, said))


def place(uid: str, report_id: Number, to: Annotated[Text, Form(max_length=2_000)] = "") -> Place:
    """The fields that every form of the page has."""
    return Place(uid, report_id, to)


From = Annotated[Place, Depends(place)]


@router.post("/findings")
def finding(
    at: From,
    db: Db,
    principal: Reviewer,
    verdict: Annotated[Literal["agree", "disagree"], Form()],
    label: Label,
    turn: Number,
    start: Number,
    end: Number,
    reason: Reason = "",
) -> RedirectResponse:
    """Agree or disagree with a finding."""
    span = Span(label, turn, start, end)
    reviews.say_of_finding(db, principal, at.about(db, principal), verdict, span, reason)
    return at.back(principal, anchor=f"{ANCHOR}-t{turn}")


@router.post("/added")
def added(
    at: From,
    db: Db,
    principal: Reviewer,
    label: Label,
    turn: Number,
    words: Words,
    start: Annotated[str, Form(max_length=20)] = "",
    reason: Reason = "",
) -> RedirectResponse:
    """Add a finding that the machine missed, by its words."""
    about = at.about(db, principal)
    span = span_of_words(conversation_of(about.call), label, turn, words, start)
    reviews.say_of_finding(db, principal, about, "add", span, reason)
    return at.back(principal, marked("The finding is added."), f"{ANCHOR}-t{turn}")


@router.post("/answers")
def answer(
    at: From,
    db: Db,
    principal: Reviewer,
    question: Annotated[Text, Form(max_length=120)],
    answer: Annotated[AnswerValue, Form()],
    reason: Reason = "",
) -> RedirectResponse:
    """Answer a question of the scorecard."""
    reviews.answer(db, principal, at.about(db, principal), question, answer, _stated(reason))
    return at.back(principal, marked("Your answer holds now, beside the machine's."), "score")


@router.post("/override")
def override(
    at: From,
    db: Db,
    principal: Reviewer,
    band: Annotated[Band, Form()],
    reason: Reason = "",
) -> RedirectResponse:
    """Set the band, whatever the sum says."""
    reviews.override(db, principal, at.about(db, principal), _stated(reason), band=band)
    return at.back(principal, marked("Your band holds now, beside the machine's."), "score")


@router.post("/done")
def done(at: From, db: Db, principal: Reviewer) -> RedirectResponse:
    """The reader has looked at the whole call."""
    reviews.finish(db, principal, at.about(db, principal))
    return at.back(principal, marked("Done. What you did not object to counts as confirmed."))


@router.post("/release")
def release(at: From, db: Db, principal: Reviewer) -> RedirectResponse:
    """Show the call to its agent."""
    reviews.release(db, principal, at.about(db, principal))
    return at.back(principal, marked("Released: the agent can see this call now."))


@router.post("/withdraw")
def withdraw(at: From, db: Db, principal: Reviewer, review_id: Number) -> RedirectResponse:
    """Take back one's own word; the history keeps it."""
    reviews.withdraw(db, principal, at.about(db, principal), review_id)
    return at.back(principal, marked("Taken back."))


@router.post("/disputes")
def dispute(at: From, db: Db, principal: Objector, reason: Reason = "") -> RedirectResponse:
    """The agent objects."""
    call = visible_call(db, principal, at.uid)
    disputes.raise_on(db, principal, call, at.report_id, _stated(reason))
    return at.back(principal, marked("Your objection is sent. A person will look at it."))


@router.post("/disputes/{dispute_id}")
def resolution(
    dispute_id: Annotated[int, Path(ge=1, lt=2**63)],
    at: From,
    db: Db,
    principal: Resolver,
    status: Annotated[Literal["UPHELD", "REJECTED"], Form()],
    resolution: Reason = "",
) -> RedirectResponse:
    """Decide about an objection, in words."""
    visible_call(db, principal, at.uid)
    found = disputes.one(db, principal, dispute_id)
    disputes.resolve(db, principal, found, status, _stated(resolution))
    return at.back(principal, marked("The objection is resolved."))


def _stated(reason: str) -> str:
    if not reason.strip():
        raise Problem(422, marked("Say why, in a few words: the other side reads it."))
    return reason
