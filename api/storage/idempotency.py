"""Idempotency keys: which requests run, and what was answered to those that have ended."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.storage.database import Database
from api.storage.tables import IdempotencyKey, now

_KEPT = timedelta(hours=24)
# A request that runs longer than this was lost with its process.
_LOST = timedelta(minutes=10)


def begin(database: Database, principal: str, key: str) -> tuple[int | None, IdempotencyKey | None]:
    """The number under which the request may run now; else the one that was there before.

    Of two that come at the same moment the table's unique constraint lets one run.
    """
    row = IdempotencyKey(principal=principal, key=key)
    try:
        with database.session() as db:
            db.execute(delete(IdempotencyKey).where(_is(principal, key), _is_over()))
            db.add(row)
        return row.id, None
    except IntegrityError:
        with database.reading() as db:
            return None, db.scalar(select(IdempotencyKey).where(_is(principal, key)))


def keep(db: Session, number: int, answer: dict[str, Any]) -> None:
    """Note the answer to the request."""
    db.execute(update(IdempotencyKey).where(IdempotencyKey.id == number).values(**answer))


def forget(db: Session, number: int) -> None:
    """Let the key be used again: the request changed nothing."""
    db.execute(delete(IdempotencyKey).where(IdempotencyKey.id == number))


def forget_old(db: Session) -> None:
    """Remove what is past its day."""
    db.execute(delete(IdempotencyKey).where(_is_over()))


def _is(principal: str, key: str) -> ColumnElement[bool]:
    return and_(IdempotencyKey.principal == principal, IdempotencyKey.key == key)


def _is_over() -> ColumnElement[bool]:
    made, lost = IdempotencyKey.created_at, IdempotencyKey.status.is_(None)
    return or_(made < now() - _KEPT, and_(lost, made < now() - _LOST))
