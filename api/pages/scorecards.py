"""Scorecards: the list of revisions, a draft in a form with a preview, publish, compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from analyzer.scorecard import Scorecard
from analyzer.traits import TRAIT
from api.access import Permission, Principal
from api.deps import Allow, Db
from api.locales import marked
from api.pages.render import gettext, page, redirect
from api.pages.scorecard_form import text_of
from api.problems import Problem, ProblemError
from api.routes import scorecards as routes
from api.routes.scorecards import Chosen, DraftIn, Number, RevisionDetail
from api.scorecards import Preview
from api.scoring import card_of
from api.storage.filters import Filters

router = APIRouter()

Reader = Annotated[Principal, Depends(Allow(Permission.SCORECARDS_READ))]
Editor = Annotated[Principal, Depends(Allow(Permission.SCORECARDS_EDIT))]
Revision = Annotated[int, Query(ge=1, le=2**62)]
# What questions count, in words.
_MEASURES = {name: trait.title for name, trait in TRAIT.items()} | {
    "transfers": marked("Handovers in the call"),
    "recovery": marked("Recovery, from 0 to 3"),
    "resolved": marked("The matter was solved"),
    "failure": marked("Something had gone wrong"),
}
# Calls that a preview looks at.
_CALLS = 200
_SAID = {
    "publish": marked("The revision is published. New calls need it made active."),
    "activate": marked("New calls are scored by this revision from now on."),
    "remove": marked("The draft is removed."),
}


async def _fields(request: Request) -> dict[str, str]:
    """The form as it was sent; its fields are those of the scorecard's questions."""
    return {name: str(value) for name, value in (await request.form()).items()}


Fields = Annotated[dict[str, str], Depends(_fields)]


@router.get("/scorecards")
def scorecard_list(request: Request, db: Db, principal: Reader) -> Response:
    """Every revision, and two to compare."""
    found = routes.scorecard_list(db, principal)
    return page(request, principal, "scorecards.html.j2", revisions=found)


@router.get("/scorecards/compare")
def scorecard_compare(
    request: Request, db: Db, principal: Reader, before: Revision, after: Revision
) -> Response:
    """What changes from one revision to another, and what that does to the last calls."""
    revisions = [routes.scorecard_get(id, db, principal) for id in (before, after)]
    previews = [_stored(db, principal, own) for own in revisions]
    return page(
        request,
        principal,
        "scorecard_compare.html.j2",
        before=revisions[0],
        after=revisions[1],
        comparison=routes.scorecard_compare(before, after, db, principal),
        texts={
            question.id: question.text
            for own in revisions
            for section in own.card.sections
            for question in section.questions
        },
        previews=previews,
        measures=_MEASURES,
    )


@router.get("/scorecards/{id}")
def scorecard(id: Number, request: Request, db: Db, principal: Reader) -> Response:
    """A revision; a draft as a form, for those who may change it."""
    found = routes.scorecard_get(id, db, principal)
    preview = _stored(db, principal, found)
    if found.state == "draft":
        return _form(request, principal, found, preview=preview)
    may_edit = principal.may(Permission.SCORECARDS_EDIT)
    return page(
        request,
        principal,
        "scorecard.html.j2",
        found=found,
        preview=preview,
        measures=_MEASURES,
        spoken=routes.scorecard_rescore_effect(id, db, principal, Filters()) if may_edit else None,
    )


@router.post("/scorecards")
def scorecard_draft(
    db: Db, principal: Editor, of: Annotated[int, Form(ge=1, le=2**62)]
) -> RedirectResponse:
    """A new draft that begins as a copy of a revision."""
    original = routes.scorecard_get(of, db, principal)
    draft = routes.scorecard_draft(DraftIn(toml=original.toml), Response(), db, principal)
    return redirect(f"/scorecards/{draft.id}")


@router.post("/scorecards/{id}")
def scorecard_change(
    id: Number, request: Request, db: Db, principal: Editor, form: Fields
) -> Response:
    """Keep the form as the draft (`do=keep`), or show what it would do: `do=preview` with the
    whole page, `do=live` alone. Mistakes are named, and what was typed stays."""
    found = routes.scorecard_get(id, db, principal)
    if found.state != "draft":
        raise Problem(
            409, marked("This revision is published and stays as it is; make a new draft of it.")
        )
    form["note"] = form.get("note", "").replace("\0", "")[:2_000]
    errors: Sequence[ProblemError] = ()
    preview = None
    try:
        text = text_of(found.card, form)
        if form.get("do") == "keep":
            routes.scorecard_change(id, DraftIn(toml=text, note=form["note"]), db, principal)
            return redirect(f"/scorecards/{id}", gettext(principal, marked("The draft is kept.")))
        preview = routes._preview(db, principal, card_of(text), _CALLS)
        found = found.model_copy(update={"card": card_of(text), "toml": text})
    except Problem as problem:
        if problem.status != 422:
            raise
        errors = problem.errors or [ProblemError(detail=problem.detail)]
    if form.get("do") == "live":
        return page(
            request, principal, "_scorecard_preview.html.j2", preview=preview, errors=errors
        )
    return _form(request, principal, found, preview=preview, form=form, errors=errors)


@router.post("/scorecards/{id}/rescore")
def scorecard_rescore(id: Number, db: Db, principal: Editor, wanted: Chosen) -> RedirectResponse:
    """Score the calls that match by this revision, then on to the job."""
    job = routes.scorecard_rescore(id, Response(), db, principal, wanted)
    return redirect(f"/jobs/{job.uid}")


@router.post("/scorecards/{id}/{action}")
def scorecard_action(
    id: Number, action: Literal["publish", "activate", "remove"], db: Db, principal: Editor
) -> RedirectResponse:
    """Publish or remove a draft, or make a revision active."""
    if action == "remove":
        routes.scorecard_remove(id, db, principal)
        return redirect("/scorecards", gettext(principal, _SAID[action]))
    does = routes.scorecard_publish if action == "publish" else routes.scorecard_activate
    does(id, db, principal)
    return redirect(f"/scorecards/{id}", gettext(principal, _SAID[action]))


def _stored(db: Db, principal: Principal, found: RevisionDetail) -> Preview | None:
    if not principal.may(Permission.SCORECARDS_EDIT):
        return None
    return routes.scorecard_preview_stored(found.id, db, principal, _CALLS)


def _form(
    request: Request,
    principal: Principal,
    found: RevisionDetail,
    *,
    preview: Preview | None,
    form: Mapping[str, str] | None = None,
    errors: Sequence[ProblemError] = (),
) -> Response:
    """The draft's form with what was typed, else with what is kept."""
    return page(
        request,
        principal,
        "scorecard_form.html.j2",
        status=422 if errors else 200,
        found=found,
        form=form or {},
        preview=preview,
        errors=errors,
        measures=_MEASURES,
        sections=_sections(found.card),
    )


def _sections(card: Scorecard) -> list[str]:
    return [section.title for section in card.sections]
