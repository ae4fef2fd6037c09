"""Calls and their reports: stored once, listed by what people filter, searched by their words."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, or_, select, text
from sqlalchemy.orm import Session

from analyzer.conversation import Conversation
from analyzer.report import Report, to_dict
from analyzer.traits import LABELS
from api.access import Principal
from api.payload import from_payload, turns_payload
from api.storage import jobs, webhooks
from api.storage.database import inserted
from api.storage.tables import (
    AnswerRow,
    Calibration,
    CalibrationCall,
    CalibrationMember,
    Call,
    EvidenceRow,
    FlagRow,
    Job,
    JobItem,
    Preference,
    ScorecardRevision,
    SkippedRow,
    StoredReport,
    begin_of,
    end_of,
    now,
)

# What a flag adds to a call's priority, by its kind.
_PRESSING = {"concern": 10.0, "doubt": 3.0, "praise": 1.0}
# More than this nobody looks through in a list; they can be typed.
_CHOICES = 200
# Of a call's words that PostgreSQL indexes, in bytes: its index of one call holds at most 1 MiB,
# and a word takes up to four times its length there.
_INDEXED_BYTES = 200_000
# Calls that one statement names.
_PORTION = 500
_ORDERS = {"occurred_at": Call.occurred_at, "score": Call.score, "priority": Call.priority}
SORTS = tuple(sign + name for name in _ORDERS for sign in ("-", ""))


@dataclass(frozen=True, slots=True)
class Filters:
    """What calls to list; `None` is any. `since` and `until` are days, both included."""

    band: Sequence[str] = ()
    flag: Sequence[str] = ()
    label: Sequence[str] = ()
    language: Sequence[str] = ()
    queue: str | None = None
    agent_id: str | None = None
    customer_id: str | None = None
    since: date | None = None
    until: date | None = None
    reviewed: bool | None = None
    disputed: bool | None = None
    scored: bool | None = None
    # only calls with a flag
    flagged: bool | None = None
    # only calls of the job of that name
    job: str | None = None
    search: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of a list ends: the value that it is sorted by, and the call's number."""

    value: float | str
    id: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page of calls; `after` is where the next begins, `None` on the last one."""

    calls: Sequence[Call]
    flags: dict[int, list[str]] = field(default_factory=dict)
    after: Place | None = None


def content_hash(db: Session, conversation: Conversation) -> str:
    """What tells whether the same call was sent before: HMAC-SHA-256 of its words and keys."""
    kept = (conversation.customer_id, conversation.agent_id, conversation.started_at)
    plain = json.dumps([kept, turns_payload(conversation)], sort_keys=True, ensure_ascii=False)
    return hmac.new(secret(db, "content"), plain.encode(), sha256).hexdigest()


def secret(db: Session, name: str) -> bytes:
    """A key of this installation, made when first asked for."""
    row = db.get(Preference, f"secret:{name}")
    if row is None:
        row = Preference(name=f"secret:{name}", value={"hex": uuid4().hex + uuid4().hex})
        if not inserted(db, row):
            row = db.get_one(Preference, f"secret:{name}")
    return bytes.fromhex(row.value["hex"])


def known(db: Session, conversation: Conversation, content: str) -> Call | None:
    """The same call, if it is stored already, held until the transaction ends."""
    query = select(Call).where(Call.external_id == conversation.id, Call.content_hash == content)
    return db.scalar(query.with_for_update().execution_options(populate_existing=True))


def store(db: Session, report: Report, content: str, revision: ScorecardRevision) -> Call:
    """Store a call with its report, or add the report if the call is known.

    `report.conversation` must be redacted already where redaction is on.
    """
    conversation = report.conversation
    call = known(db, conversation, content)
    if call is None:
        call = Call(
            uid=uuid4().hex,
            external_id=conversation.id,
            content_hash=content,
            source=conversation.source,
            format=conversation.format,
            language=conversation.language,
            started_at=conversation.started_at,
            # retention counts from here, so that it is never in the future
            occurred_at=min(moment_of(conversation.started_at) or now(), now()),
            customer_id=conversation.customer_id,
            agent_id=conversation.agent_id,
            queue=conversation.queue,
            turn_count=len(conversation.turns),
            duration_s=conversation.duration,
            redacted=report.redacted,
            turns=turns_payload(conversation),
            roles=to_dict(report)["roles"],
            transfers=0,
            flag_count=0,
            priority=0.0,
        )
        db.add(call)
        db.flush()
        _index_words(db, call.id, "\n".join(turn.text for turn in conversation.turns))
    add_report(db, call, report, revision)
    return call


def locked(db: Session, call_id: int) -> Call | None:
    """The call, held until the transaction ends; `None` if it was erased."""
    return db.get(Call, call_id, with_for_update=True, populate_existing=True)


def add_report(
    db: Session, call: Call, report: Report, revision: ScorecardRevision
) -> StoredReport:
    """Keep a report and make it the one that counts; the same one again changes nothing."""
    query = select(StoredReport).where(
        StoredReport.call_id == call.id,
        StoredReport.revision_id == revision.id,
        StoredReport.model_sha256 == report.model.sha256,
    )
    stored = db.scalar(query)
    if stored is None:
        stored = StoredReport(
            call_id=call.id,
            revision_id=revision.id,
            model_name=report.model.name,
            model_version=report.model.version,
            model_sha256=report.model.sha256,
            score=report.score,
            band=report.band,
            body=to_dict(report),
        )
        db.add(stored)
        db.flush()
        _add_rows(db, stored.id, report)
    outcome = report.outcome
    if call.report_id not in (None, stored.id):
        # people spoke of the other report: one looks again before the agent sees this one
        call.reviewed_at = call.released_at = None
        call.report_since = now()
    call.report_id = stored.id
    call.score, call.band = report.score, report.band
    call.resolved = outcome.resolved if outcome else None
    call.failure = outcome.failure if outcome else None
    call.recovery = outcome.recovery if outcome else None
    call.transfers = report.transfers
    call.flag_count = len(report.flags)
    call.labels = bits_of(own.label for own in report.evidence)
    call.priority = sum(_PRESSING[flag.kind] for flag in report.flags)
    if report.score is not None:
        call.priority += (100 - report.score) / 100
    return stored


def _add_rows(db: Session, report_id: int, report: Report) -> None:
    found = [(item, True) for item in report.evidence] + [
        (item, False) for item in report.uncertain
    ]
    db.add_all(
        EvidenceRow(
            report_id=report_id,
            label=item.label,
            turn=item.turn,
            start=item.start,
            end=item.end,
            text=item.text,
            probability=item.probability,
            role=item.role,
            certain=certain,
        )
        for item, certain in found
    )
    db.add_all(
        FlagRow(report_id=report_id, name=flag.name, reason=flag.reason) for flag in report.flags
    )
    for reason in dict.fromkeys(own.reason_code for own in report.skipped_analysis):
        features = [own.feature for own in report.skipped_analysis if own.reason_code == reason]
        db.add(SkippedRow(report_id=report_id, reason_code=reason, features=" ".join(features)))
    if report.scorecard:
        db.add_all(
            AnswerRow(
                report_id=report_id,
                question=answer.question,
                answer=answer.answer,
                score=answer.score,
                potential_score=answer.potential_score,
            )
            for answer in report.scorecard.answers
        )


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
    blind = (
        select(CalibrationCall.call_id)
        .join(Calibration, Calibration.id == CalibrationCall.calibration_id)
        .join(CalibrationMember, CalibrationMember.calibration_id == Calibration.id)
        .where(Calibration.closed_at.is_(None), CalibrationMember.user_id == principal.user_id)
    )
    return and_(visible(principal), Call.id.not_in(blind))


def one(db: Session, principal: Principal, uid: str) -> Call | None:
    """The call, if the principal may see it."""
    return db.scalar(select(Call).where(Call.uid == uid, visible(principal)))


def find(
    db: Session,
    principal: Principal,
    filters: Filters,
    *,
    sort: str = "-occurred_at",
    after: Place | None = None,
    limit: int = 50,
) -> Page:
    """A page of the calls that match, in the order of `sort`, one of `SORTS`.

    Sorted by score, calls without one are left out.
    """
    column = _ORDERS[sort.removeprefix("-")]
    falling = sort.startswith("-")
    query = matching(select(Call), db, principal, filters)
    if column is Call.score:
        query = query.where(Call.score.is_not(None))
    if after is not None:
        value = (
            datetime.fromisoformat(str(after.value)) if column is Call.occurred_at else after.value
        )
        beyond = column < value if falling else column > value
        beyond_id = Call.id < after.id if falling else Call.id > after.id
        query = query.where(or_(beyond, and_(column == value, beyond_id)))
    order = (column.desc(), Call.id.desc()) if falling else (column.asc(), Call.id.asc())
    calls = db.scalars(query.order_by(*order).limit(limit + 1)).all()
    more, calls = len(calls) > limit, calls[:limit]
    return Page(calls, flags_of(db, calls), _place(calls[-1], sort) if more else None)


def _place(call: Call, sort: str) -> Place:
    value = getattr(call, sort.removeprefix("-"))
    return Place(value.isoformat() if isinstance(value, datetime) else value, call.id)


def count(db: Session, principal: Principal, filters: Filters, at_most: int = 10_000) -> int:
    """How many calls match, counted no further than `at_most`."""
    found = matching(select(Call.id), db, principal, filters).limit(at_most).subquery()
    return db.scalar(select(func.count()).select_from(found)) or 0


def matching(
    query: Select[Any], db: Session, principal: Principal, filters: Filters
) -> Select[Any]:
    """The query with the principal's and the filters' conditions."""
    query = query.where(listed(principal))
    equal = {
        Call.queue: filters.queue,
        Call.agent_id: filters.agent_id,
        Call.customer_id: filters.customer_id,
        Call.disputed: filters.disputed,
    }
    for column, value in equal.items():
        if value is not None:
            query = query.where(column == value)
    for column, values in ((Call.band, filters.band), (Call.language, filters.language)):
        if values:
            query = query.where(column.in_(values))
    presence = {
        Call.reviewed_at.is_not(None): filters.reviewed,
        Call.score.is_not(None): filters.scored,
        Call.flag_count > 0: filters.flagged,
    }
    for condition, wanted in presence.items():
        if wanted is not None:
            query = query.where(condition if wanted else ~condition)
    if filters.since:
        query = query.where(Call.occurred_at >= begin_of(filters.since))
    if filters.until:
        query = query.where(Call.occurred_at <= end_of(filters.until))
    if filters.flag:
        own = (FlagRow.report_id == Call.report_id, FlagRow.name.in_(filters.flag))
        query = query.where(exists().where(*own))
    if filters.label:
        query = query.where(Call.labels.bitwise_and(bits_of(filters.label)) != 0)
    if filters.job is not None:
        of_job = select(JobItem.call_id).join(Job, Job.id == JobItem.job_id)
        query = query.where(Call.id.in_(of_job.where(Job.uid == filters.job)))
    if filters.search.strip():
        query = query.where(Call.id.in_(_with_words(db, filters.search)))
    return query


def bits_of(labels: Iterable[str]) -> int:
    """The labels as they stand in `calls.labels`: a bit for each."""
    return sum(1 << LABELS.index(label) for label in set(labels))


def flags_of(db: Session, calls: Sequence[Call]) -> dict[int, list[str]]:
    """Call number -> the names of its flags, the most pressing first."""
    by_report = {call.report_id: call.id for call in calls}
    query = select(FlagRow).where(FlagRow.report_id.in_(by_report)).order_by(FlagRow.id)
    flags: dict[int, list[str]] = {call.id: [] for call in calls}
    for row in db.scalars(query):
        flags[by_report[row.report_id]].append(row.name)
    return flags


def bodies_of(db: Session, calls: Sequence[Call]) -> dict[int, dict[str, Any]]:
    """Call number -> the JSON of the report that counts, for those that have one."""
    query = select(StoredReport).where(StoredReport.id.in_([call.report_id for call in calls]))
    return {report.call_id: report.body for report in db.scalars(query)}


def earlier(db: Session, principal: Principal, call: Call, limit: int = 10) -> Sequence[Call]:
    """Calls of the same customer before this one, the newest first."""
    if call.customer_id is None:
        return []
    query = select(Call).where(listed(principal), Call.customer_id == call.customer_id)
    query = query.where(Call.occurred_at <= call.occurred_at, Call.id != call.id)
    return db.scalars(query.order_by(Call.occurred_at.desc(), Call.id.desc()).limit(limit)).all()


def choices(db: Session, principal: Principal) -> tuple[list[str], list[str]]:
    """The queues and the agents that a list of calls can be filtered by."""

    def named(column: Any) -> list[str]:
        query = select(column).where(visible(principal), column.is_not(None)).distinct()
        return list(db.scalars(query.order_by(column).limit(_CHOICES)))

    return named(Call.queue), named(Call.agent_id)


def current_report(db: Session, call: Call) -> StoredReport | None:
    """The report that counts."""
    return db.get(StoredReport, call.report_id) if call.report_id else None


def reports(db: Session, call: Call) -> Sequence[tuple[StoredReport, ScorecardRevision]]:
    """Every report on the call with the revision that it was made under, the newest first."""
    query = (
        select(StoredReport, ScorecardRevision)
        .join(ScorecardRevision, ScorecardRevision.id == StoredReport.revision_id)
        .where(StoredReport.call_id == call.id)
        .order_by(StoredReport.id.desc())
    )
    return [(row.StoredReport, row.ScorecardRevision) for row in db.execute(query)]


def conversation_of(call: Call) -> Conversation:
    """The stored conversation, to be scored or shown again."""
    return from_payload(
        {
            "id": call.external_id,
            "language": call.language,
            "started_at": call.started_at,
            "customer_id": call.customer_id,
            "agent_id": call.agent_id,
            "queue": call.queue,
            "source": call.source,
            "format": call.format,
            "roles": call.roles,
            "turns": call.turns,
        }
    )


def erase(db: Session, ids: Sequence[int]) -> int:
    """Remove calls with everything that was ever said of them; how many there were.

    The same calls in jobs go with them, scored or not, and what webhooks were told of them.
    """
    removed = 0
    for first in range(0, len(ids), _PORTION):
        portion = ids[first : first + _PORTION]
        gone = db.scalars(select(Call).where(Call.id.in_(portion))).all()
        jobs.erase_items(db, [*jobs.items_of_calls(db, portion), *_unscored(db, gone)])
        webhooks.forget_calls(db, [call.uid for call in gone])
        for id in portion:
            _forget_words(db, id)
        for call in gone:
            db.expunge(call)
        removed += db.execute(delete(Call).where(Call.id.in_(portion))).rowcount  # type: ignore[attr-defined]
    return removed


def erase_customer(db: Session, customer_id: str) -> int:
    """Remove every call of a customer, also those that wait in jobs; how many were stored."""
    jobs.erase_items(db, jobs.items_of_customer(db, customer_id))
    # what a worker stored while this waited for its item is found now
    return erase(db, ids_of_customer(db, customer_id))


def _unscored(db: Session, gone: Sequence[Call]) -> list[int]:
    """The numbers of items that hold one of these calls."""
    known = {(call.external_id, call.content_hash) for call in gone}
    found = []
    for item in jobs.items_with_ids(db, [call.external_id for call in gone]):
        conversation = from_payload(item.payload or {})
        if (conversation.id, content_hash(db, conversation)) in known:
            found.append(item.id)
    return found


def ids_after(db: Session, after: int, limit: int) -> list[tuple[int, str]]:
    """The numbers and names of calls, in the order in which they were stored."""
    query = select(Call.id, Call.uid).where(Call.id > after).order_by(Call.id).limit(limit)
    return [(row.id, row.uid) for row in db.execute(query)]


def ids_of_customer(db: Session, customer_id: str) -> list[int]:
    """The numbers of all calls of a customer."""
    return list(db.scalars(select(Call.id).where(Call.customer_id == customer_id)))


def ids_before(db: Session, moment: datetime, limit: int) -> list[int]:
    """The numbers of calls that took place before then, the oldest first."""
    query = select(Call.id).where(Call.occurred_at < moment).order_by(Call.occurred_at)
    return list(db.scalars(query.limit(limit)))


def moment_of(started_at: str | None) -> datetime | None:
    """An RFC 3339 time as a point in time; a time without a zone is read as UTC."""
    if started_at is None:
        return None
    try:
        moment = datetime.fromisoformat(started_at)
    except ValueError:
        return None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        return None


# --- words: FTS5 on SQLite, tsvector on PostgreSQL ----------------------------------------------


def _index_words(db: Session, call_id: int, words: str) -> None:
    if _is_sqlite(db):
        insert = "INSERT INTO call_words (rowid, words) VALUES (:id, :words)"
    else:
        insert = "INSERT INTO call_words (id, words) VALUES (:id, to_tsvector('simple', :words))"
        words = words.encode()[:_INDEXED_BYTES].decode(errors="ignore")
    # what PostgreSQL cannot hold in a text
    db.execute(text(insert), {"id": call_id, "words": words.replace("\0", " ")})


def _forget_words(db: Session, call_id: int) -> None:
    key = "rowid" if _is_sqlite(db) else "id"
    db.execute(text(f"DELETE FROM call_words WHERE {key} = :id"), {"id": call_id})


def _with_words(db: Session, search: str) -> Any:
    """The numbers of calls that hold every word; words in quotes stand together."""
    if _is_sqlite(db):
        phrases = re.findall(r'"([^"]+)"|([^\s"]+)', search)
        wanted = " ".join('"' + (a or b).replace('"', "") + '"' for a, b in phrases) or '""'
        found = "SELECT rowid FROM call_words WHERE call_words MATCH :words"
    else:
        wanted = search
        found = "SELECT id FROM call_words WHERE words @@ websearch_to_tsquery('simple', :words)"
    return text(found).bindparams(words=wanted.replace("\0", " ")).columns(id=Call.id.type)


def _is_sqlite(db: Session) -> bool:
    return db.get_bind().dialect.name == "sqlite"
