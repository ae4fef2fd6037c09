"""Which calls a principal may see, and which of them are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Select, and_, exists, select
from sqlalchemy.orm import Session, aliased

from analyzer.traits import LABELS
from api.access import Principal
from api.storage import words
from api.storage.tables import (
    Agent,
    Calibration,
    CalibrationCall,
    CalibrationMember,
    Call,
    FlagRow,
    Job,
    JobItem,
    StoredReport,
    begin_of,
    end_of,
)

_Released = aliased(StoredReport)


@dataclass(frozen=True, slots=True)
class Filters:
    """What calls to list; `None` is any. `since` and `until` are days, both included.

    Band, flags, labels and score are those that hold after what people said.
    """

    band: Sequence[str] = ()
    flag: Sequence[str] = ()
    label: Sequence[str] = ()
    language: Sequence[str] = ()
    queue: str | None = None
    agent_id: str | None = None
    customer_id: str | None = None
    # of any of these customers
    customers: Sequence[str] | None = None
    case_id: str | None = None
    product: str | None = None
    # only calls of the agents of that team
    team: str | None = None
    since: date | None = None
    until: date | None = None
    reviewed: bool | None = None
    disputed: bool | None = None
    scored: bool | None = None
    # only calls with a flag
    flagged: bool | None = None
    # only calls in which people's words made a difference
    corrected: bool | None = None
    # only calls of the queue
    waiting: bool | None = None
    # only calls of the job of that name
    job: str | None = None
    search: str = ""


_JSON = TypeAdapter(Filters)


def to_json(filters: Filters) -> dict[str, Any]:
    """The filters that are on, by name, as JSON types."""
    everything = _JSON.dump_python(filters, mode="json").items()
    return {name: value for name, value in everything if value not in (None, "", [])}


def from_json(payload: Mapping[str, Any]) -> Filters:
    """What `to_json` gave."""
    return _JSON.validate_python(payload)


def visible(principal: Principal) -> ColumnElement[bool]:
    """The calls that a principal may see: an agent their own, once released."""
    if not principal.sees_own_only:
        return Call.id.is_not(None)
    own = principal.own_calls_of
    return and_(Call.agent_id == own, Call.agent_id.is_not(None), Call.released_at.is_not(None))


def listed(principal: Principal) -> ColumnElement[bool]:
    """As `visible`, without the calls that the principal reviews blind in an open calibration."""
    if principal.user_id is None:
        return visible(principal)
    return and_(visible(principal), Call.id.not_in(_blind(principal)))


def blind_calls(db: Session, principal: Principal) -> frozenset[int]:
    """The numbers of the calls that the principal reviews blind in an open calibration."""
    return frozenset(db.scalars(_blind(principal)) if principal.user_id is not None else ())


def _blind(principal: Principal) -> Select[int]:
    return (
        select(CalibrationCall.call_id)
        .join(Calibration, Calibration.id == CalibrationCall.calibration_id)
        .join(CalibrationMember, CalibrationMember.calibration_id == Calibration.id)
        .where(Calibration.closed_at.is_(None), CalibrationMember.user_id == principal.user_id)
    )


def figure(principal: Principal, name: str) -> Any:
    """A figure of calls, as the principal sees it: an agent that of the report released to them."""
    if not principal.sees_own_only:
        return getattr(Call, name)
    own = select(getattr(_Released, name)).where(_Released.id == Call.released_report_id)
    return own.scalar_subquery()


def matching(
    query: Select[Any], db: Session, principal: Principal, filters: Filters
) -> Select[Any]:
    """The query with the principal's and the filters' conditions."""
    query = query.where(listed(principal))
    equal = {
        Call.queue: filters.queue,
        Call.agent_id: filters.agent_id,
        Call.customer_id: filters.customer_id,
        Call.case_id: filters.case_id,
        Call.product: filters.product,
        Call.disputed: filters.disputed,
        Call.waiting: filters.waiting,
        figure(principal, "corrected"): filters.corrected,
    }
    for column, value in equal.items():
        if value is not None:
            query = query.where(column == value)
    if filters.band:
        query = query.where(figure(principal, "band").in_(filters.band))
    if filters.language:
        query = query.where(Call.language.in_(filters.language))
    presence = {
        Call.reviewed_at.is_not(None): filters.reviewed,
        figure(principal, "score").is_not(None): filters.scored,
        figure(principal, "flag_count") > 0: filters.flagged,
    }
    for condition, wanted in presence.items():
        if wanted is not None:
            query = query.where(condition if wanted else ~condition)
    if filters.since:
        query = query.where(Call.occurred_at >= begin_of(filters.since))
    if filters.until:
        query = query.where(Call.occurred_at <= end_of(filters.until))
    if filters.flag:
        report_id = Call.released_report_id if principal.sees_own_only else Call.report_id
        own = (FlagRow.report_id == report_id, FlagRow.name.in_(filters.flag))
        query = query.where(exists().where(*own))
    if filters.label:
        labels = figure(principal, "labels")
        query = query.where(labels.bitwise_and(bits_of(filters.label)) != 0)
    if filters.customers is not None:
        query = query.where(Call.customer_id.in_(filters.customers))
    if filters.team is not None:
        members = select(Agent.agent_id).where(Agent.team == filters.team)
        query = query.where(Call.agent_id.in_(members))
    if filters.job is not None:
        of_job = select(JobItem.call_id).join(Job, Job.id == JobItem.job_id)
        query = query.where(Call.id.in_(of_job.where(Job.uid == filters.job)))
    if filters.search.strip():
        query = query.where(Call.id.in_(words.calls_with(db, filters.search)))
    return query


def bits_of(labels: Iterable[str]) -> int:
    """The labels as they stand in `calls.labels`: a bit for each."""
    return sum(1 << LABELS.index(label) for label in set(labels))
