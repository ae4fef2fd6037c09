"""How often something happened lately, counted by all processes together.

Time is cut into windows as long as the limit's period. What counts now is this window and, of the
one before, the share that still lies within one period (a sliding window counter). Keys are hashed
with a secret of the installation, so that no address of a person or a machine is kept.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from sqlalchemy import delete, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from api.storage.preferences import secret
from api.storage.tables import RateCount

# A key and the second at which a window begins.
Window = tuple[str, int]
# What one statement names: SQLite takes some ten thousand values.
_PORTION = 1_000


def hashed_keys(db: Session, keys: Iterable[str]) -> dict[str, str]:
    """What stands for each key in the database."""
    own = secret(db, "rates")
    return {key: hmac.new(own, key.encode(), sha256).hexdigest() for key in keys}


def add(db: Session, counts: Mapping[Window, int]) -> None:
    """Add what was counted in windows."""
    rows = [
        {"key": key, "begins_at": begin, "hits": hits}
        # in one order, so that two processes do not wait for each other
        for (key, begin), hits in sorted(counts.items())
    ]
    for first in range(0, len(rows), _PORTION):
        new = _insert(db).values(rows[first : first + _PORTION])
        total = RateCount.hits + new.excluded.hits
        same = (RateCount.key, RateCount.begins_at)
        db.execute(new.on_conflict_do_update(index_elements=same, set_={"hits": total}))


def add_below(db: Session, window: Window, limit: float) -> bool:
    """Count once more if that leaves the window's count within the limit; whether it did."""
    if limit < 1:
        return False
    new = _insert(db).values(key=window[0], begins_at=window[1], hits=1)
    counted = new.on_conflict_do_update(
        index_elements=(RateCount.key, RateCount.begins_at),
        set_={"hits": RateCount.hits + 1},
        where=RateCount.hits + 1 <= limit,
    )
    return db.execute(counted.returning(RateCount.hits)).first() is not None


def counts(db: Session, windows: Iterable[Window]) -> dict[Window, int]:
    """What all processes have counted in these windows."""
    found: dict[Window, int] = {}
    wanted = list(windows)
    for first in range(0, len(wanted), _PORTION):
        own = tuple_(RateCount.key, RateCount.begins_at).in_(wanted[first : first + _PORTION])
        query = select(RateCount.key, RateCount.begins_at, RateCount.hits).where(own)
        found |= {(row.key, row.begins_at): row.hits for row in db.execute(query)}
    return found


def clear(db: Session, windows: Iterable[Window]) -> None:
    """Forget what was counted in these windows."""
    db.execute(delete(RateCount).where(tuple_(RateCount.key, RateCount.begins_at).in_(windows)))


def forget_before(db: Session, moment: float) -> None:
    """Remove the windows that began before that second."""
    db.execute(delete(RateCount).where(RateCount.begins_at < int(moment)))


def _insert(db: Session) -> Any:
    is_postgresql = db.get_bind().dialect.name == "postgresql"
    return (postgresql.insert if is_postgresql else sqlite.insert)(RateCount)
