"""Calls with the reports that count, a portion after the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access import Principal
from api.storage.calls import Filters, matching
from api.storage.tables import Call, StoredReport


def portion(
    db: Session, principal: Principal, filters: Filters, after: int, limit: int
) -> Sequence[tuple[Call, dict[str, Any]]]:
    """The next calls that match, beginning after the call of that number, with their reports."""
    query = select(Call, StoredReport.body).join(StoredReport, StoredReport.id == Call.report_id)
    found = matching(query, db, principal, filters).where(Call.id > after)
    rows = db.execute(found.order_by(Call.id).limit(limit))
    return [(row.Call, row.body) for row in rows]
