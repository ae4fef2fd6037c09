"""Stored calls: list and search them, open one with its reports and history, erase."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel
from sqlalchemy.orm import Session

from analyzer.language import LANGUAGES
from analyzer.messages import Message
from analyzer.report import to_dict
from analyzer.traits import LABELS
from api import intake
from api.access import Permission, Principal
from api.contact_lens import contact_lens
from api.deps import Allow, Db, ServiceDep
from api.exports import stored_report
from api.parameters import CallUid, Limit, Since, Until
from api.problems import Problem, ProblemError, not_found
from api.schemas import Band, CallIn, CallSummary, Id, Shape, Text
from api.scoring import score_under
from api.storage import audit, calibrations, calls, erasure, reports, scorecards, statements
from api.storage.calls import SORTS, Place
from api.storage.filters import Filters
from api.storage.statements import Target
from api.storage.tables import Call
from api.webhooks import store_call

router = APIRouter(prefix="/v1", tags=["calls"])

Reader = Annotated[Principal, Depends(Allow(Permission.CALLS_READ))]
Eraser = Annotated[Principal, Depends(Allow(Permission.CALLS_ERASE))]
Scorer = Annotated[Principal, Depends(Allow(Permission.CALLS_SCORE))]
Word = Annotated[Text, Query(max_length=200)]
# Of any length, so that whatever a file gave can be erased.
AnyCustomerId = Annotated[str, Path(description="The id by which calls name the customer.")]


class CallList(BaseModel):
    """A page of calls; `count` stops at 10,000; `next` is the cursor of the next page."""

    items: list[CallSummary]
    count: int
    next: str | None


class ReportEntry(BaseModel):
    """A report in a call's history, with the machine's score; `url` gives all of it.

    `current`: it counts; `released`: it is the one that the agent sees.
    """

    id: int
    url: str
    created_at: datetime
    scorecard: str
    revision: int
    model: str
    model_version: str
    score: float | None
    band: str | None
    current: bool
    released: bool


class ReportDetail(BaseModel):
    """A report after what people said; the machine's own where that differs."""

    entry: ReportEntry
    report: dict[str, Any]
    machine_report: dict[str, Any] | None


class CallDetail(BaseModel):
    """A stored call: its turns as redacted, the report that counts, and all its reports.

    `report` is what holds after what people said; the machine's own is `machine_report` where that
    differs. An agent gets the report that was released to them.
    """

    call: CallSummary
    redacted: bool
    turns: list[dict[str, Any]]
    report_id: int | None
    report: dict[str, Any] | None
    machine_report: dict[str, Any] | None
    history: list[ReportEntry]


class Erased(BaseModel):
    """How many calls are gone."""

    calls: int


def filters(
    band: Annotated[list[Band], Query(description="In one of these bands.")] = [],  # noqa: B006
    flag: Annotated[list[Word], Query(description="With one of these flags.")] = [],  # noqa: B006
    label: Annotated[
        list[Literal[LABELS]],  # type: ignore[valid-type]
        Query(description="With a finding of one of these labels."),
    ] = [],  # noqa: B006
    language: Annotated[
        list[Literal[LANGUAGES]],  # type: ignore[valid-type]
        Query(description="In one of these languages."),
    ] = [],  # noqa: B006
    queue: Annotated[Word | None, Query(description="Of this queue.")] = None,
    agent_id: Annotated[Word | None, Query(description="Of this agent.")] = None,
    customer_id: Annotated[Word | None, Query(description="Of this customer.")] = None,
    case_id: Annotated[Word | None, Query(description="Of this case.")] = None,
    product: Annotated[Word | None, Query(description="About this product.")] = None,
    since: Since = None,
    until: Until = None,
    reviewed: Annotated[bool | None, Query(description="Whether a person is done with it.")] = None,
    disputed: Annotated[bool | None, Query(description="Whether an objection is open.")] = None,
    scored: Annotated[bool | None, Query(description="Whether it has a score.")] = None,
    flagged: Annotated[bool | None, Query(description="Whether it has a flag.")] = None,
    corrected: Annotated[
        bool | None, Query(description="Whether people changed what the machine said.")
    ] = None,
    waiting: Annotated[
        bool | None, Query(description="In the queue: disputed, or flagged and not reviewed.")
    ] = None,
    job: Annotated[Word | None, Query(description="Of the job with this `uid`.")] = None,
    search: Annotated[Word, Query(description='Words; "in quotes" they stand together.')] = "",
) -> Filters:
    """The filters of a list of calls, as they stand in its address."""
    return Filters(
        band=band,
        flag=flag,
        label=label,
        language=language,
        queue=queue,
        agent_id=agent_id,
        customer_id=customer_id,
        case_id=case_id,
        product=product,
        since=since,
        until=until,
        reviewed=reviewed,
        disputed=disputed,
        scored=scored,
        flagged=flagged,
        corrected=corrected,
        waiting=waiting,
        job=job,
        search=search,
    )


@router.get("/calls")
def call_list(
    db: Db,
    principal: Reader,
    wanted: Annotated[Filters, Depends(filters)],
    sort: Annotated[
        Literal[SORTS],  # type: ignore[valid-type]
        Query(description="The order; with `-` the greatest first."),
    ] = "-occurred_at",
    cursor: Annotated[
        str | None, Query(max_length=400, description="`next` of the page before.")
    ] = None,
    limit: Limit = 50,
) -> CallList:
    """Calls that match every filter; sorted by score, those without one are left out."""
    after = place_at(cursor, sort) if cursor else None
    page = calls.find(db, principal, wanted, sort=sort, after=after, limit=limit)
    audit.record(db, principal.name, "calls.list", details={"shown": len(page.calls)})
    return CallList(
        items=[CallSummary.of(each) for each in page.calls],
        count=calls.count(db, principal, wanted),
        next=cursor_of(page.after) if page.after else None,
    )


@router.post("/calls", status_code=201)
def call_add(
    body: CallIn, response: Response, parts: ServiceDep, db: Db, principal: Scorer
) -> CallDetail:
    """Score one call at once and store it; the same call again gives what is stored."""
    conversation = intake.redacted(body.conversation(), parts.settings)
    revision = scorecards.active(db)
    content = calls.content_hash(db, conversation)
    calibrations.refuse_unblinding_words(db, principal, content)
    db.commit()  # while the call is scored, others can write
    report = score_under(conversation, revision, parts.classifier, parts.settings)
    with parts.database.session() as own:
        call = store_call(own, report, content, revision)
        audit.record(own, principal.name, "call.add", f"call:{call.uid}")
        response.headers["Location"] = f"/v1/calls/{call.uid}"
        return detail(own, principal, call)


@router.get("/calls/{uid}")
def call_get(
    uid: CallUid, db: Db, principal: Reader, format: Shape = "kasper"
) -> CallDetail | dict[str, Any]:
    """One call with its report, evidence and history."""
    call = visible_call(db, principal, uid)
    calibrations.refuse_unblinding(db, principal, call)
    audit.record(db, principal.name, "call.read", f"call:{uid}")
    about = statements.shown(db, principal, call)
    if format == "contact_lens" and about is not None:
        return contact_lens(stored_report(call, about.report.counting))
    return detail(db, principal, call)


@router.get("/calls/{uid}/reports/{report_id}")
def call_report(
    uid: CallUid,
    report_id: Annotated[Id, Path(description="The `id` of a report in the call's history.")],
    db: Db,
    principal: Reader,
) -> ReportDetail:
    """One of the reports in a call's history, after what people said of the same."""
    call = visible_call(db, principal, uid)
    calibrations.refuse_unblinding(db, principal, call)
    found = [own for own in _history(db, principal, call) if own.id == report_id]
    stored = reports.one(db, principal, call, report_id)
    if stored is None or not found:
        raise not_found("report")
    audit.record(db, principal.name, "call.read", f"call:{uid}", {"report": report_id})
    judged = statements.judgement(db, Target(call, stored))
    return ReportDetail(
        entry=found[0],
        report=to_dict(judged.counting),
        machine_report=stored.body if judged.verdict.corrects else None,
    )


@router.delete("/calls/{uid}", status_code=204)
def call_erase(uid: CallUid, db: Db, principal: Eraser) -> None:
    """Erase a call with everything that was ever said of it."""
    call = visible_call(db, principal, uid)
    erasure.erase(db, [call.id])
    audit.record(db, principal.name, "call.erase", f"call:{uid}")


@router.delete("/customers/{customer_id}/calls")
def customer_erase(customer_id: AnyCustomerId, db: Db, principal: Eraser) -> Erased:
    """Erase every call of a customer; the audit log keeps the number alone."""
    erased = erasure.erase_customer(db, customer_id)
    audit.record(db, principal.name, "customer.erase", details={"calls": erased})
    return Erased(calls=erased)


def visible_call(db: Session, principal: Principal, uid: str) -> Call:
    """The call, or 404 where it is not there or not to be seen."""
    call = calls.one(db, principal, uid)
    if call is None:
        raise not_found("call")
    return call


def detail(db: Session, principal: Principal, call: Call) -> CallDetail:
    """Everything that is stored of a call."""
    [listed] = calls.entries(db, principal, [call])
    stored = listed.report
    return CallDetail(
        call=CallSummary.of(listed),
        redacted=call.redacted,
        turns=call.turns,
        report_id=stored.id if stored else None,
        report=stored.counting if stored else None,
        machine_report=stored.body if stored and stored.corrected else None,
        history=_history(db, principal, call),
    )


def _history(db: Session, principal: Principal, call: Call) -> list[ReportEntry]:
    return [
        ReportEntry(
            id=report.id,
            url=f"/v1/calls/{call.uid}/reports/{report.id}",
            created_at=report.created_at,
            scorecard=revision.name,
            revision=revision.number,
            model=report.model_name,
            model_version=report.model_version,
            score=report.machine_score,
            band=report.machine_band,
            current=report.id == call.report_id,
            released=report.id == call.released_report_id,
        )
        for report, revision in reports.history(db, principal, call)
    ]


def cursor_of(place: Place) -> str:
    """The place as it stands in an address."""
    return base64.urlsafe_b64encode(json.dumps([place.value, place.id]).encode()).decode()


def place_at(cursor: str, sort: str) -> Place:
    """The place that a cursor of ours names; one that is not ours, or of another order, is 422."""
    try:
        value, id = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        if sort.removeprefix("-") == "occurred_at":
            datetime.fromisoformat(value)
        if not 0 <= int(id) < 2**63:
            raise ValueError
        return Place(value if isinstance(value, str) else float(value), int(id))
    except (ValueError, TypeError, OverflowError):
        detail = Message(
            "This cursor is not one that a list in this order gave; begin without one."
        )
        mistake = ProblemError(detail=detail, parameter="cursor")
        raise Problem(422, detail, errors=[mistake]) from None
