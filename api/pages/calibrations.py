"""Calibrations: who reviews which calls blind, how far they are, and the comparison at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Form, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from analyzer.scorecard import AnswerValue
from analyzer.traits import TRAIT
from analyzer.writing.catalogue import marked, speaking
from analyzer.writing.html_score import answer_title
from api import comparison
from api.access import Permission, Principal
from api.comparison import CallComparison, LabelComparison, QuestionComparison
from api.deps import Allow, Db
from api.locales import translations
from api.pages.call_view import ANCHOR
from api.pages.calls import NARROWED_BY, chips, options, tidy
from api.pages.render import gettext, language_of, page, redirect
from api.problems import Problem
from api.routes.calibrations import CalibrationId
from api.routes.calls import filters
from api.routes.reviews import Reviewer
from api.schemas import Id, Text
from api.storage import audit, calibrations, calls
from api.storage.filters import Filters
from api.storage.tables import Calibration, Call, User

router = APIRouter(prefix="/calibrations")

Manager = Annotated[Principal, Depends(Allow(Permission.CALIBRATIONS_MANAGE))]
Uid = Annotated[Text, Query(max_length=32)]
_PAGE = 20
# Calls to choose from, the newest that match; a session takes no more than its API does.
_OFFERED = 50
_MOST_CALLS, _MOST_MEMBERS = 200, 50


@dataclass(frozen=True, slots=True)
class Progress:
    """A session and how far its members are; `done` is member -> numbers of calls."""

    session: Calibration
    members: Sequence[User]
    calls: Sequence[Call]
    done: dict[int, set[int]]

    @property
    def share(self) -> int:
        """How much of the whole is done, of 100."""
        return round(100 * sum(map(len, self.done.values())) / (self.whole or 1))

    @property
    def whole(self) -> int:
        """Calls times members."""
        return len(self.calls) * len(self.members)

    def left(self, user_id: int | None) -> list[Call]:
        """The calls that this member has still to review; none for others."""
        done = self.done.get(user_id or 0)
        return [] if done is None else [call for call in self.calls if call.id not in done]


@dataclass(frozen=True, slots=True)
class Discussed:
    """A compared call in the order in which people talk about it.

    `apart`: labels that some people gave and others did not; `against_machine`: those in which all
    people are one and the machine differs; `alike`: the others. `asked` are the questions that
    somebody answered, and not all the same.
    """

    own: CallComparison
    apart: tuple[LabelComparison, ...]
    against_machine: tuple[LabelComparison, ...]
    alike: tuple[LabelComparison, ...]
    asked: tuple[QuestionComparison, ...]


def discussed(own: CallComparison) -> Discussed:
    """The call with what people differ in first."""
    counts = {each: len({given.user_id for given in each.given} - {None}) for each in own.labels}
    apart = tuple(each for each in own.labels if 0 < counts[each] < len(own.people))
    others = [each for each in own.labels if each not in apart]
    return Discussed(
        own=own,
        apart=apart,
        against_machine=tuple(each for each in others if not each.unanimous),
        alike=tuple(each for each in others if each.unanimous),
        asked=tuple(q for q in own.questions if len(q.answers) > 1 and not q.unanimous),
    )


def progress_of(db: Session, session: Calibration) -> Progress:
    """How far the session is."""
    return Progress(
        session,
        calibrations.members(db, session),
        [own.call for own in calibrations.targets(db, session)],
        calibrations.progress(db, session),
    )


@router.get("")
def calibration_list(
    request: Request,
    db: Db,
    principal: Reviewer,
    cursor: Annotated[int | None, Query(ge=0, lt=2**63)] = None,
) -> Response:
    """The sessions that one takes part in; for those who manage them, all."""
    found = calibrations.recent(db, principal, before=cursor, limit=_PAGE + 1)
    return page(
        request,
        principal,
        "calibrations.html.j2",
        listed=[progress_of(db, own) for own in found[:_PAGE]],
        beyond=f"/calibrations?cursor={found[_PAGE - 1].id}" if len(found) > _PAGE else "",
        first="/calibrations" if cursor is not None else "",
    )


@router.get("/new", dependencies=[Depends(tidy)])
def calibration_form(
    request: Request,
    db: Db,
    principal: Manager,
    wanted: Annotated[Filters, Depends(filters)],
    name: Annotated[Text, Query(max_length=200)] = "",
    chosen: Annotated[list[Uid], Query(alias="calls", max_length=_MOST_CALLS)] = [],  # noqa: B006
    members: Annotated[list[int], Query(max_length=_MOST_MEMBERS)] = [],  # noqa: B006
) -> Response:
    """The form that opens a session; it keeps what was chosen while one looks for more calls."""
    return _form(request, db, principal, wanted, name, chosen, members)


@router.post("")
def calibration_open(
    request: Request,
    db: Db,
    principal: Manager,
    name: Annotated[Text, Form(max_length=200)] = "",
    chosen: Annotated[list[Text], Form(alias="calls", max_length=_MOST_CALLS)] = [],  # noqa: B006
    members: Annotated[list[Id], Form(max_length=_MOST_MEMBERS)] = [],  # noqa: B006
) -> Response:
    """Open a session; its members review the calls blind."""
    wrong = {}
    if not name.strip():
        wrong["name"] = marked("Give it a name by which people know it again.")
    if not chosen:
        wrong["calls"] = marked("Choose at least one call.")
    if len(set(members)) < 2:
        wrong["members"] = marked("Choose at least two people: it takes two to compare.")
    if wrong:
        return _form(request, db, principal, Filters(), name, chosen, members, wrong)
    session = calibrations.create(db, principal, name, chosen, members)
    said = marked("The calibration is open. Tell its members: they find it under Calibrations.")
    return redirect(f"/calibrations/{session.id}", gettext(principal, said))


@router.get("/{calibration_id}")
def calibration_page(
    calibration_id: CalibrationId, request: Request, db: Db, principal: Reviewer
) -> Response:
    """A session: who is how far, and what one has to do oneself."""
    session = calibrations.one(db, principal, calibration_id)
    progress = progress_of(db, session)
    return page(
        request,
        principal,
        "calibration.html.j2",
        session=session,
        progress=progress,
        left=progress.left(principal.user_id),
        is_member=principal.user_id in progress.done,
    )


@router.get("/{calibration_id}/close")
def calibration_close_page(
    calibration_id: CalibrationId, request: Request, db: Db, principal: Manager
) -> Response:
    """Ask before a session is closed, which ends it for those who are not done."""
    session = calibrations.one(db, principal, calibration_id)
    if session.closed_at:
        return redirect(f"/calibrations/{session.id}/comparison")
    progress = progress_of(db, session)
    return page(request, principal, "calibration_close.html.j2", session=session, progress=progress)


@router.post("/{calibration_id}/close")
def calibration_close(calibration_id: CalibrationId, db: Db, principal: Manager) -> Response:
    """End the session, so that everyone who took part can compare."""
    session = calibrations.one(db, principal, calibration_id)
    calibrations.close(db, principal, session)
    said = gettext(principal, marked("The calibration is closed."))
    return redirect(f"/calibrations/{session.id}/comparison", said)


@router.get("/{calibration_id}/comparison")
def calibration_comparison(
    calibration_id: CalibrationId, request: Request, db: Db, principal: Reviewer
) -> Response:
    """Where people and machine agree and where they differ, with the words."""
    session = calibrations.one(db, principal, calibration_id)
    if session.closed_at is None:
        raise Problem(409, marked("You can compare once everyone is done, or it is closed."))
    compared = calibrations.compared(db, session)
    subject = f"calibration:{session.id}"
    audit.record(db, principal.name, "calibration.compare", subject, {"calls": len(compared)})
    found = [comparison.of_call(own) for own in compared]
    with speaking(translations(language_of(request, principal))):
        answers = {name: answer_title(name) for name in get_args(AnswerValue)}
    return page(
        request,
        principal,
        "comparison.html.j2",
        session=session,
        calls=[discussed(own) for own in found if own.people],
        left_out=[own for own in found if not own.people],
        figures=comparison.figures(compared),
        names={own.id: own.name for own in calibrations.members(db, session)},
        traits=TRAIT,
        texts={asked.question: asked.text for own in found for asked in own.questions},
        languages_of={own.target.call.uid: own.target.call.language or "" for own in compared},
        answers=answers,
        anchor=ANCHOR,
    )


def _form(
    request: Request,
    db: Session,
    principal: Principal,
    wanted: Filters,
    name: str,
    chosen: Sequence[str],
    members: Sequence[int],
    wrong: dict[str, str] | None = None,
) -> Response:
    offered = calls.find(db, principal, _scored(wanted), limit=_OFFERED).calls
    kept = [call for uid in dict.fromkeys(chosen) if (call := calls.one(db, principal, uid))]
    found = [*kept, *(each.call for each in offered if each.call.uid not in chosen)]
    audit.record(db, principal.name, "calls.list", details={"shown": len(found)})
    return page(
        request,
        principal,
        "calibration_new.html.j2",
        status=422 if wrong else 200,
        wanted=wanted,
        offered=found,
        chosen={call.uid for call in kept},
        people=calibrations.candidates(db),
        members=set(members),
        name=name,
        wrong={"name": "", "calls": "", "members": ""} | (wrong or {}),
        chips=list(chips(request)),
        names=NARROWED_BY,
        any_calls=bool(found) or bool(calls.count(db, principal, _scored(Filters()), at_most=1)),
        most=_OFFERED,
        **options(db, principal),
    )


def _scored(wanted: Filters) -> Filters:
    """Only what was scored can be compared with."""
    return replace(wanted, scored=True)
