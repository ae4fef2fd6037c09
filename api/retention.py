"""Retention: what is older than its class of data may be is removed, with a trace in the audit."""

from __future__ import annotations

import time
from datetime import timedelta

from api.rates import Limit
from api.settings import Settings
from api.storage import (
    audit,
    calls,
    erasure,
    idempotency,
    jobs,
    people,
    preferences,
    rates,
    uploads,
    webhooks,
)
from api.storage.database import Database
from api.storage.tables import now

# Calls removed in one transaction, so that others need not wait long.
_PORTION = 500
# How long the files of a job that was stopped before they were read wait for it to go on.
_UNREAD = timedelta(days=1)


def enforce(database: Database, settings: Settings) -> int:
    """Remove what is past its time; how many calls there were."""
    with database.reading() as db:
        days = preferences.retention(db, settings)
    removed = 0
    while True:
        with database.session() as db:
            ids = calls.ids_before(db, now() - timedelta(days=days.calls), _PORTION)
            if ids:
                removed += erasure.erase(db, ids)
                audit.record(db, "system", "retention", details={"calls": len(ids)})
        if len(ids) < _PORTION:
            break
    with database.session() as db:
        waiting = jobs.forget_payloads(db, now() - timedelta(days=days.calls))
        if waiting:
            audit.record(db, "system", "retention", details={"unscored": waiting})
        people.forget_expired(db)
        idempotency.forget_old(db)
        unread = uploads.forget_unread(db, now() - _UNREAD)
        if unread:
            audit.record(db, "system", "retention", details={"unread": unread})
        periods = (Limit.of(own).period_s for own in (settings.rate_limit, settings.login_limit))
        rates.forget_before(db, time.time() - 2 * max(periods))
        webhooks.forget(db, now() - timedelta(days=days.jobs))
        ended = jobs.forget(db, now() - timedelta(days=days.jobs))
        if ended:
            audit.record(db, "system", "retention", details={"jobs": ended})
        entries = audit.forget(db, now() - timedelta(days=days.audit))
        if entries:
            audit.record(db, "system", "retention", details={"audit": entries})
    return removed
