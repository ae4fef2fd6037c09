"""The audit log: who saw or changed what, append-only, each entry chained to the one before."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, delete, exists, func, select, text
from sqlalchemy.orm import Session

from api.storage import preferences
from api.storage.database import afterwards
from api.storage.tables import AuditEntry, Preference, begin_of, end_of, now

_FIRST = "0" * 64
# Any number, the same for all writers of the log.
_LOCK = 7_205_759
# Where the hashes stand that the log begins after and ends with: without them nobody would see
# that its first or last entries are gone.
_ENDS = "audit"
# Broken entries that are named.
_NAMED = 100


@dataclass(frozen=True, slots=True)
class Chain:
    """What a walk along the log found; `broken` names its first broken entries.

    An entry is broken if it was changed, or if the one before it was changed or removed.
    """

    entries: int
    broken: tuple[int, ...]
    begins: bool
    ends: bool
    last_hash: str

    @property
    def whole(self) -> bool:
        """Whether nothing was changed or removed."""
        return self.begins and self.ends and not self.broken


def record(
    db: Session,
    actor: str,
    action: str,
    subject: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Add an entry. `actor` is a principal's name; `details` hold numbers and keys, no text of
    calls. What a reading transaction shows is entered before its answer is sent."""
    kept = dict(details or {})
    afterwards(db, lambda db: _append(db, actor, action, subject, kept))


def mark_of(db: Session, customer_id: str) -> str:
    """What names a customer in the log: the same for each entry, and nothing that gives the id away
    once their calls are erased (HMAC-SHA-256, cut)."""
    # made when the first call was stored, so that a transaction which only reads has it
    key = preferences.secret(db, "content")
    return hmac.new(key, f"customer {customer_id}".encode(), sha256).hexdigest()[:16]


def _append(db: Session, actor: str, action: str, subject: str, details: dict[str, Any]) -> None:
    ends = _locked_ends(db)
    entry = AuditEntry(
        created_at=now(),
        actor=actor,
        action=action,
        subject=subject,
        details=details,
        previous_hash=ends.value["last"],
    )
    entry.hash = _hash(entry)
    db.add(entry)
    ends.value = ends.value | {"last": entry.hash}
    db.flush()


def _locked_ends(db: Session) -> Preference:
    """The hashes at the ends of the log, for this transaction alone: two entries that follow the
    same one would break the chain."""
    if db.get_bind().dialect.name == "postgresql":  # SQLite has one writer anyway
        db.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    ends = db.get(Preference, _ENDS, populate_existing=True)
    if ends is None:
        ends = Preference(name=_ENDS, value={"first": _FIRST, "last": _FIRST})
        db.add(ends)
    return ends


def entries(
    db: Session,
    *,
    before: int | None = None,
    subject: str | None = None,
    actor: str | None = None,
    action: str | None = None,
    since: date | None = None,
    until: date | None = None,
    limit: int = 50,
) -> Sequence[AuditEntry]:
    """The newest entries first; `before` is the number of the last one seen.

    `since` and `until` are days in UTC, both included.
    """
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    wanted = {AuditEntry.subject: subject, AuditEntry.actor: actor, AuditEntry.action: action}
    for column, value in wanted.items():
        if value is not None:
            query = query.where(column == value)
    if since is not None:
        query = query.where(AuditEntry.created_at >= begin_of(since))
    if until is not None:
        query = query.where(AuditEntry.created_at <= end_of(until))
    if before is not None:
        query = query.where(AuditEntry.id < before)
    return db.scalars(query).all()


def seen(db: Session, actor: str, action: str, subjects: Sequence[str]) -> set[str]:
    """Those of the subjects to which the actor did this before."""
    query = select(AuditEntry.subject).where(
        AuditEntry.subject.in_(subjects), AuditEntry.actor == actor, AuditEntry.action == action
    )
    return set(db.scalars(query))


def check(db: Session) -> Chain:
    """Walk along the log from its first entry to its last."""
    ends = db.get(Preference, _ENDS)
    first, last = (ends.value["first"], ends.value["last"]) if ends else (_FIRST, _FIRST)
    count, begins, broken = 0, True, []
    previous = first
    for entry in db.execute(select(*_COLUMNS).order_by(AuditEntry.id)).yield_per(1_000):
        follows = entry.previous_hash == previous
        if count == 0:
            begins, follows = follows, True
        if not follows or entry.hash != _hash(entry):
            broken.append(entry.id)
        count, previous = count + 1, entry.hash
    return Chain(count, tuple(broken[:_NAMED]), begins, previous == last, previous)


def forget(db: Session, before: datetime) -> int:
    """Remove the entries from before that time; how many there were."""
    ends = _locked_ends(db)
    young = select(func.min(AuditEntry.id)).where(AuditEntry.created_at >= before)
    newest = select(func.max(AuditEntry.id))
    kept = db.scalar(young) or db.scalar(newest)  # the last one stays, as the chain's end
    if kept is None or not db.scalar(select(exists().where(AuditEntry.id < kept))):
        return 0
    removed = db.scalars(delete(AuditEntry).where(AuditEntry.id < kept).returning(AuditEntry.id))
    count = len(removed.all())
    begins = select(AuditEntry.previous_hash).where(AuditEntry.id == kept)
    ends.value = ends.value | {"first": db.scalar(begins)}
    db.flush()
    return count


def _hash(entry: AuditEntry | Row[Any]) -> str:
    fields = [
        _moment(entry.created_at),
        entry.actor,
        entry.action,
        entry.subject,
        entry.details,
        entry.previous_hash,
    ]
    plain = json.dumps(fields, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return sha256(plain.encode()).hexdigest()


_COLUMNS = (
    AuditEntry.id,
    AuditEntry.created_at,
    AuditEntry.actor,
    AuditEntry.action,
    AuditEntry.subject,
    AuditEntry.details,
    AuditEntry.previous_hash,
    AuditEntry.hash,
)


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
