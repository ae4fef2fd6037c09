"""Calls with the reports that count, after what people said, a portion after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from api.access import Principal
from api.storage.filters import Filters, matching
from api.storage.tables import Call, StoredReport


def portion(
    db: Session, principal: Principal, filters: Filters, after: int, limit: int
) -> Sequence[tuple[Call, StoredReport]]:
    """The next calls that match, beginning after the call of that number, with their reports."""
    query: Select[Any] = select(Call, StoredReport)
    query = query.join(StoredReport, StoredReport.id == Call.report_id)
    found = matching(query, db, principal, filters).where(Call.id > after)
    rows = db.execute(found.order_by(Call.id).limit(limit))
    return [(row.Call, row.StoredReport) for row in rows]
