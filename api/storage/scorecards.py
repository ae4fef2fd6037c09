"""Scorecards: drafts, published revisions, and the one that new calls are scored by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, load_only

from analyzer.scorecard import DEFAULT_SCORECARD
from api.access import Principal
from api.storage.database import inserted
from api.storage.filters import listed
from api.storage.tables import Call, ScorecardRevision, StoredReport, now


class NumberTaken(Exception):
    """Somebody made a draft of the same name at the same moment."""


def ensure_default(db: Session) -> None:
    """A new installation scores by the default scorecard."""
    if db.scalar(select(func.count()).select_from(ScorecardRevision)):
        return
    toml = DEFAULT_SCORECARD.read_text("utf-8")
    first = ScorecardRevision(
        name="default", number=1, toml=toml, published_at=now(), active=True, created_by=None
    )
    inserted(db, first)


def active(db: Session) -> ScorecardRevision:
    """The revision that new calls are scored by."""
    return db.scalars(select(ScorecardRevision).where(ScorecardRevision.active)).one()


def revision(db: Session, revision_id: int) -> ScorecardRevision | None:
    """The revision of that number."""
    return db.get(ScorecardRevision, revision_id)


def numbered(db: Session, name: str, number: int) -> ScorecardRevision:
    """The revision of that name with that number, which reports were made under."""
    own = (ScorecardRevision.name == name, ScorecardRevision.number == number)
    return db.scalars(select(ScorecardRevision).where(*own)).one()


def locked(db: Session, revision_id: int) -> ScorecardRevision | None:
    """The revision, which nobody else can change or publish until the transaction ends."""
    return db.get(ScorecardRevision, revision_id, with_for_update=True, populate_existing=True)


def revisions(db: Session, *, drafts: bool = True) -> Sequence[ScorecardRevision]:
    """Every revision, by name, the newest first."""
    query = select(ScorecardRevision)
    if not drafts:
        query = query.where(ScorecardRevision.published_at.is_not(None))
    order = (ScorecardRevision.name, ScorecardRevision.number.desc())
    return db.scalars(query.order_by(*order)).all()


def next_number(db: Session, name: str) -> int:
    """What the next draft of that name is numbered."""
    last = select(func.max(ScorecardRevision.number)).where(ScorecardRevision.name == name)
    return (db.scalar(last) or 0) + 1


def add_draft(
    db: Session, name: str, toml: str, created_by: int | None, note: str = ""
) -> ScorecardRevision:
    """A draft, numbered after the last revision of that name; raises `NumberTaken`."""
    draft = ScorecardRevision(
        name=name, number=next_number(db, name), toml=toml, note=note, created_by=created_by
    )
    db.add(draft)
    try:
        db.flush()
    except IntegrityError:
        raise NumberTaken from None
    return draft


def remove(db: Session, draft: ScorecardRevision) -> None:
    """Remove a draft; no report was ever made under it."""
    db.delete(draft)


def publish(db: Session, draft: ScorecardRevision) -> None:
    """From now on the revision can be used, and changed no more."""
    draft.published_at = draft.published_at or now()


def activate(db: Session, published: ScorecardRevision) -> None:
    """From now on new calls are scored by this revision."""
    db.execute(update(ScorecardRevision).values(active=False))
    published.active = True


def last_reports(
    db: Session, principal: Principal, limit: int
) -> Sequence[tuple[Call, dict[str, Any]]]:
    """The calls that took place last, each with the report that counts, as JSON."""
    query = (
        select(Call, StoredReport.body)
        .join(StoredReport, StoredReport.id == Call.report_id)
        .where(listed(principal))
        .options(load_only(Call.uid, Call.external_id))
        .order_by(Call.occurred_at.desc(), Call.id.desc())
        .limit(limit)
    )
    return [(row.Call, row.body) for row in db.execute(query)]
