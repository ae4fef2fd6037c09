"""Calls: stored once, opened, and listed by what people filter."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import uuid4

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session, defer

from analyzer.conversation import Conversation
from analyzer.report import Report, to_dict
from api.access import Principal
from api.payload import turns_payload
from api.storage import preferences, reports, verdicts, words
from api.storage.database import inserted
from api.storage.filters import Filters, figure, listed, matching, visible
from api.storage.tables import Call, ScorecardRevision, StoredReport, now

# More than this nobody looks through in a list; they can be typed.
_CHOICES = 200
# Whoever looks at the calls when nobody in particular asks for them.
_SERVICE = Principal("service", frozenset())
SORTS = tuple(sign + name for name in ("occurred_at", "score", "priority") for sign in ("-", ""))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of a list ends: the value that it is sorted by, and the call's number."""

    value: float | str
    id: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A call in a list, with the report that the reader sees of it and the names of its flags."""

    call: Call
    report: StoredReport | None
    flags: list[str]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of calls; `after` is where the next begins, `None` on the last one."""

    calls: Sequence[Listed]
    after: Place | None = None


def content_hash(db: Session, conversation: Conversation) -> str:
    """What tells whether the same call was sent before: HMAC-SHA-256 of its words and keys."""
    kept = (conversation.customer_id, conversation.agent_id, conversation.started_at)
    plain = json.dumps([kept, turns_payload(conversation)], sort_keys=True, ensure_ascii=False)
    return hmac.new(preferences.secret(db, "content"), plain.encode(), sha256).hexdigest()


def known(db: Session, conversation: Conversation, content: str) -> Call | None:
    """The same call, if it is stored already, held until the transaction ends."""
    query = select(Call).where(Call.external_id == conversation.id, Call.content_hash == content)
    return db.scalar(query.with_for_update().execution_options(populate_existing=True))


def store(db: Session, report: Report, content: str, revision: ScorecardRevision) -> Call:
    """Store a call with its report, or add the report if the call is known, also if somebody stores
    the same one at this moment.

    `report.conversation` must be redacted already where redaction is on.
    """
    call = known(db, report.conversation, content)
    while call is None:
        row = _row(report, content)
        if inserted(db, row):
            words.add(db, row.id, "\n".join(turn.text for turn in report.conversation.turns))
            call = row
        else:
            call = known(db, report.conversation, content)
    verdicts.add_report(db, call, report, revision)
    return call


def _row(report: Report, content: str) -> Call:
    conversation = report.conversation
    return Call(
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
        case_id=conversation.case_id,
        product=conversation.product,
        turn_count=len(conversation.turns),
        duration_s=conversation.duration,
        redacted=report.redacted,
        turns=turns_payload(conversation),
        roles=to_dict(report)["roles"],
        transfers=0,
        flag_count=0,
        priority=0.0,
    )


def locked(db: Session, call_id: int) -> Call | None:
    """The call, held until the transaction ends; `None` if it was erased."""
    return db.get(Call, call_id, with_for_update=True, populate_existing=True)


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
    with_words: bool = False,
) -> Page:
    """A page of the calls that match, in the order of `sort`, one of `SORTS`.

    Sorted by score, calls without one are left out. Their turns and the bodies of their reports are
    fetched at once only `with_words`; they are most of what a call holds.
    """
    name, falling = sort.removeprefix("-"), sort.startswith("-")
    column = figure(principal, name) if name == "score" else getattr(Call, name)
    query = matching(select(Call), db, principal, filters)
    if name == "score":
        query = query.where(column.is_not(None))
    if after is not None:
        value = datetime.fromisoformat(str(after.value)) if name == "occurred_at" else after.value
        beyond = column < value if falling else column > value
        beyond_id = Call.id < after.id if falling else Call.id > after.id
        query = query.where(or_(beyond, and_(column == value, beyond_id)))
    order = (column.desc(), Call.id.desc()) if falling else (column.asc(), Call.id.asc())
    if not with_words:
        query = query.options(defer(Call.turns), defer(Call.roles))
    found = db.scalars(query.order_by(*order).limit(limit + 1)).all()
    page = entries(db, principal, found[:limit], with_words=with_words)
    return Page(page, _place(page[-1], name) if len(found) > limit else None)


def _place(last: Listed, name: str) -> Place:
    value = getattr(last.report if name == "score" else last.call, name)
    return Place(value.isoformat() if isinstance(value, datetime) else value, last.call.id)


def entries(
    db: Session, principal: Principal, found: Sequence[Call], *, with_words: bool = False
) -> list[Listed]:
    """The calls as they stand in a list; `with_words` as in `find`."""
    shown = reports.shown(db, principal, found, with_words=with_words)
    flags = reports.flags_of(db, [report.id for report in shown.values()])
    listed = []
    for call in found:
        report = shown.get(call.id)
        listed.append(Listed(call, report, flags[report.id] if report else []))
    return listed


def count(db: Session, principal: Principal, filters: Filters, at_most: int = 10_000) -> int:
    """How many calls match, counted no further than `at_most`."""
    found = matching(select(Call.id), db, principal, filters).limit(at_most).subquery()
    return db.scalar(select(func.count()).select_from(found)) or 0


@dataclass(frozen=True, slots=True)
class Spoken:
    """How many calls there are, and of how many people have said something that stands by their
    reports: reviewed, corrected, shown to their agent, disputed by them."""

    calls: int
    reviewed: int
    corrected: int
    released: int
    disputed: int


def spoken_of(db: Session, filters: Filters) -> Spoken:
    """What people have said so far, counted over all calls that match."""
    query = select(
        func.count(),
        func.count(Call.reviewed_at),
        func.coalesce(func.sum(case((Call.corrected, 1), else_=0)), 0),
        func.count(Call.released_at),
        func.coalesce(func.sum(case((Call.disputed, 1), else_=0)), 0),
    ).select_from(Call)
    return Spoken(*db.execute(matching(query, db, _SERVICE, filters)).one())


def earlier(db: Session, principal: Principal, call: Call, limit: int = 10) -> list[Listed]:
    """Calls of the same customer before this one, the newest first."""
    if call.customer_id is None:
        return []
    query = select(Call).where(listed(principal), Call.customer_id == call.customer_id)
    query = query.where(Call.occurred_at <= call.occurred_at, Call.id != call.id)
    query = query.options(defer(Call.turns), defer(Call.roles))
    order = (Call.occurred_at.desc(), Call.id.desc())
    return entries(db, principal, db.scalars(query.order_by(*order).limit(limit)).all())


def choices(db: Session, principal: Principal) -> tuple[list[str], list[str], list[str]]:
    """The queues, agents and products that a list of calls can be filtered by."""

    def named(column: Any) -> list[str]:
        query = select(column).where(visible(principal), column.is_not(None)).distinct()
        return list(db.scalars(query.order_by(column).limit(_CHOICES)))

    return named(Call.queue), named(Call.agent_id), named(Call.product)


def names_of(db: Session, uids: Iterable[str]) -> dict[str, str]:
    """Uid -> the name that a call bears where it comes from."""
    query = select(Call.uid, Call.external_id).where(Call.uid.in_(list(uids)))
    return {row.uid: row.external_id for row in db.execute(query)}


def ids_after(db: Session, after: int, limit: int, filters: Filters) -> list[tuple[int, str]]:
    """The numbers and names of calls that match, in the order in which they were stored."""
    query: Any = select(Call.id, Call.uid).where(Call.id > after).order_by(Call.id).limit(limit)
    found = db.execute(matching(query, db, _SERVICE, filters))
    return [(row.id, row.uid) for row in found]


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
