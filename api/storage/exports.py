"""Calls with the reports that count, after what people said, a portion after the other."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access import Principal
from api.storage import reports
from api.storage.filters import Filters, matching
from api.storage.tables import Call, StoredReport


def portion(
    db: Session, principal: Principal, filters: Filters, after: int, limit: int
) -> Sequence[tuple[Call, StoredReport]]:
    """The next calls that match, beginning after the call of that number, with their reports."""
    query = matching(select(Call), db, principal, filters)
    query = query.where(Call.id > after, Call.report_id.is_not(None))
    found = db.scalars(query.order_by(Call.id).limit(limit)).all()
    shown = reports.shown(db, principal, found)
    return [(call, shown[call.id]) for call in found]
