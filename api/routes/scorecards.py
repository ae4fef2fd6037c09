"""Scorecards: drafts, published revisions, comparisons, previews, and scoring old calls again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy.orm import Session

from analyzer.messages import Message
from analyzer.scorecard import Scorecard
from api.access import Permission, Principal
from api.deps import Allow, Db
from api.problems import Problem, ProblemError, not_found
from api.routes.calls import filters
from api.schemas import JobOut, Text
from api.scorecards import Comparison, Preview, compare, numbered, preview, read, write
from api.scoring import card_of, numbered_card
from api.storage import audit, calls, jobs, scorecards
from api.storage.calls import Spoken
from api.storage.filters import Filters, to_json
from api.storage.tables import ScorecardRevision

router = APIRouter(prefix="/v1/scorecards", tags=["scorecards"])

Reader = Annotated[Principal, Depends(Allow(Permission.SCORECARDS_READ))]
Editor = Annotated[Principal, Depends(Allow(Permission.SCORECARDS_EDIT))]
Number = Annotated[int, Path(ge=1, le=2**62, description="The number of a revision in the list.")]
State = Literal["draft", "published", "active"]
Calls = Annotated[int, Query(ge=1, le=500, description="How many of the last calls to look at.")]


def chosen(principal: Editor, wanted: Annotated[Filters, Depends(filters)]) -> Filters:
    """Which calls to score again; who may not read calls learns nothing of them by filters."""
    if to_json(wanted):
        Allow(Permission.CALLS_READ)(principal)
    return wanted


Chosen = Annotated[Filters, Depends(chosen)]
# A scorecard small enough to be read at a glance.
EXAMPLE_TOML = """\
name = "short"
revision = 1
start = 40
reach = 60
performance_categories = [
  { name = "rasmus", from_score = 0 },
  { name = "kasper", from_score = 45 },
  { name = "star", from_score = 75 },
]

[[sections]]
title = "The matter"

[[sections.questions]]
id = "resolved"
text = "Was the matter solved?"
measure = ["resolved"]
answer_choices = [
  { answer = "no", score = -5 },
  { answer = "yes", at_least = 1, score = 10 },
]

[[sections.questions]]
id = "deflection"
text = "Was the matter pushed away?"
measure = ["deflection"]
answer_choices = [
  { answer = "no", score = 0 },
  { answer = "yes", at_least = 1, score = -8 },
]
"""


class CardIn(BaseModel):
    """A scorecard as TOML or as JSON; `revision` is given by the service."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"toml": EXAMPLE_TOML},
                {"card": read(EXAMPLE_TOML).model_dump(mode="json")},
            ]
        },
    )

    toml: Annotated[Text, Field(max_length=400_000)] | None = None
    card: Scorecard | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.toml is None) == (self.card is None):
            raise ValueError(Message("send either `toml` or `card`"))
        return self

    def text(self) -> str:
        """The scorecard as TOML, checked; 422 otherwise."""
        if self.toml is None:
            assert self.card is not None  # `_one` has seen to it
            return write(self.card)
        read(self.toml)
        return self.toml


class DraftIn(CardIn):
    """A draft and what its author says of it."""

    note: Annotated[Text, Field(max_length=2_000)] = ""


class Revision(BaseModel):
    """A revision in a list; new calls are scored by the active one."""

    id: int
    name: str
    number: int
    title: str
    state: State
    note: str
    created_at: datetime
    published_at: datetime | None

    @classmethod
    def of(cls, row: ScorecardRevision, **more: Any) -> Self:
        """A stored revision."""
        own = ("id", "name", "number", "note", "created_at", "published_at")
        state: State = "active" if row.active else "published" if row.published_at else "draft"
        fields = {name: getattr(row, name) for name in own}
        return cls(title=card_of(row.toml).title, state=state, **fields, **more)


class RevisionDetail(Revision):
    """A revision with its scorecard, as the TOML that was written and as JSON."""

    toml: str
    card: Scorecard


@router.get("")
def scorecard_list(db: Db, principal: Reader) -> list[Revision]:
    """Every revision, the newest of each name first; drafts for those who may edit them."""
    drafts = principal.may(Permission.SCORECARDS_EDIT)
    return [Revision.of(row) for row in scorecards.revisions(db, drafts=drafts)]


@router.post("", status_code=201)
def scorecard_draft(body: DraftIn, response: Response, db: Db, principal: Editor) -> RevisionDetail:
    """Make a draft; it is numbered after the last revision of its name."""
    text = body.text()
    name = card_of(text).name
    text = numbered(text, scorecards.next_number(db, name))
    try:
        row = scorecards.add_draft(db, name, text, principal.user_id, body.note)
    except scorecards.NumberTaken:
        raise Problem(409, "Somebody made a draft at the same moment; send it again.") from None
    audit.record(db, principal.name, "scorecard.draft", f"scorecard:{row.id}")
    response.headers["Location"] = f"/v1/scorecards/{row.id}"
    return _detail(row)


@router.post("/preview")
def scorecard_preview(body: CardIn, db: Db, principal: Editor, calls: Calls = 50) -> Preview:
    """How the last calls would stand under a scorecard that is not kept; nothing is stored."""
    return _preview(db, principal, card_of(body.text()), calls)


@router.get("/{id}")
def scorecard_get(id: Number, db: Db, principal: Reader) -> RevisionDetail:
    """One revision with its scorecard, as TOML and as JSON."""
    return _detail(_readable(db, principal, id))


@router.get(
    "/{id}/toml", response_class=Response, responses={200: {"content": {"application/toml": {}}}}
)
def scorecard_toml(id: Number, db: Db, principal: Reader) -> Response:
    """One revision as a file that `kasper score --scorecard` takes."""
    row = _readable(db, principal, id)
    headers = {"Content-Disposition": f'attachment; filename="scorecard-{row.id}.toml"'}
    return Response(row.toml, media_type="application/toml", headers=headers)


@router.put("/{id}")
def scorecard_change(id: Number, body: DraftIn, db: Db, principal: Editor) -> RevisionDetail:
    """Change a draft; a published revision is never changed (409)."""
    row = _draft(db, id)
    text = body.text()
    if card_of(text).name != row.name:
        detail = Message(
            "The name of this draft is %(name)r and stays; make a new draft for another.",
            name=row.name,
        )
        pointer = "/toml" if body.card is None else "/card/name"
        raise Problem(422, detail, errors=[ProblemError(detail=detail, pointer=pointer)])
    row.toml, row.note = numbered(text, row.number), body.note
    audit.record(db, principal.name, "scorecard.change", f"scorecard:{id}")
    return _detail(row)


@router.delete("/{id}", status_code=204)
def scorecard_remove(id: Number, db: Db, principal: Editor) -> None:
    """Remove a draft; a published revision stays (409)."""
    scorecards.remove(db, _draft(db, id))
    audit.record(db, principal.name, "scorecard.remove", f"scorecard:{id}")


@router.post("/{id}/publish")
def scorecard_publish(id: Number, db: Db, principal: Editor) -> RevisionDetail:
    """Publish a draft; from now on it cannot be changed. New calls need it made active."""
    row = _draft(db, id)
    scorecards.publish(db, row)
    audit.record(db, principal.name, "scorecard.publish", f"scorecard:{id}")
    return _detail(row)


@router.post("/{id}/activate")
def scorecard_activate(id: Number, db: Db, principal: Editor) -> RevisionDetail:
    """Score new calls by this published revision; calls scored before keep their reports."""
    row = _published(db, id)
    scorecards.activate(db, row)
    audit.record(db, principal.name, "scorecard.activate", f"scorecard:{id}")
    return _detail(row)


@router.get("/{id}/rescore")
def scorecard_rescore_effect(id: Number, db: Db, principal: Editor, wanted: Chosen) -> Spoken:
    """What re-scoring would touch: how many calls, and of how many people have said something."""
    _found(db, id)
    return calls.spoken_of(db, wanted)


@router.post("/{id}/rescore", status_code=202)
def scorecard_rescore(
    id: Number, response: Response, db: Db, principal: Editor, wanted: Chosen
) -> JobOut:
    """Score the stored calls that match by this published revision, as a job; look at `GET` first.

    Without a filter these are all calls; `scored=false` are those that have no score. 409 where
    there are filters and no call matches.

    The new report counts from then on, with what people said of the same labels on the same turns
    and of the same questions; a review holds where the same was found. Agents go on seeing the
    report that was released to them, disputes stay open, and old reports stay in the history.
    """
    row = _published(db, id)
    narrowed = to_json(wanted)
    if narrowed and not calls.count(db, principal, wanted, at_most=1):
        raise Problem(409, "No call matches, so there is nothing to score again.")
    params = {"revision_id": row.id} | ({jobs.FILTERS: narrowed} if narrowed else {})
    job = jobs.add(db, "rescore", principal.name, params)
    audit.record(db, principal.name, "scorecard.rescore", f"scorecard:{id}", {"job": job.uid})
    response.headers["Location"] = f"/v1/jobs/{job.uid}"
    return JobOut.of(job, jobs.progress(db, job))


@router.get("/{id}/preview")
def scorecard_preview_stored(id: Number, db: Db, principal: Editor, calls: Calls = 50) -> Preview:
    """How the last calls would stand under this revision; nothing is stored."""
    return _preview(db, principal, card_of(_found(db, id).toml), calls)


@router.get("/{id}/compare/{other}")
def scorecard_compare(id: Number, other: Number, db: Db, principal: Reader) -> Comparison:
    """What changes from the first revision to the second: questions, points and their weights."""
    before, after = _readable(db, principal, id), _readable(db, principal, other)
    return compare(card_of(before.toml), card_of(after.toml))


def _preview(db: Session, principal: Principal, card: Scorecard, calls: int) -> Preview:
    found = scorecards.last_reports(db, principal, calls)
    audit.record(db, principal.name, "scorecard.preview", details={"calls": len(found)})
    return preview(card, found, 10 if principal.may(Permission.CALLS_READ) else 0)


def _found(db: Session, id: int) -> ScorecardRevision:
    row = scorecards.revision(db, id)
    if row is None:
        raise not_found("scorecard")
    return row


def _readable(db: Session, principal: Principal, id: int) -> ScorecardRevision:
    row = _found(db, id)
    if row.published_at is None and not principal.may(Permission.SCORECARDS_EDIT):
        raise not_found("scorecard")
    return row


def _draft(db: Session, id: int) -> ScorecardRevision:
    row = scorecards.locked(db, id)
    if row is None:
        raise not_found("scorecard")
    if row.published_at is not None:
        raise Problem(409, "This revision is published and stays as it is; make a new draft of it.")
    return row


def _published(db: Session, id: int) -> ScorecardRevision:
    row = scorecards.locked(db, id)
    if row is None:
        raise not_found("scorecard")
    if row.published_at is None:
        raise Problem(409, "This is a draft; publish it first.")
    return row


def _detail(row: ScorecardRevision) -> RevisionDetail:
    return RevisionDetail.of(row, toml=row.toml, card=numbered_card(row))
