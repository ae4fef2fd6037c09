"""Stored calls as the log that `analyzer.insights` reads: columns, no transcripts, no reports.

What people corrected or withdrew counts as they left it. A name of a call in the log is its `uid`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from analyzer.frames import CALL_COLUMNS, EVIDENCE_COLUMNS, TURN_COLUMNS, Frames
from analyzer.insights.log import Log, make_log
from analyzer.traits import LABELS
from api.access import Principal
from api.storage.filters import Filters, listed, matching
from api.storage.tables import Call, EvidenceRow, Review, StoredReport

# Rows that are in memory as Python objects at once.
_PORTION = 10_000
# Columns of a call's row and where they are stored; those of LABELS are counted from the evidence.
_OF_CALL = ("language", "started_at", "customer_id", "agent_id", "queue", "case_id", "product",
            "turn_count", "duration_s")  # fmt: skip
_OF_REPORT = ("score", "band", "resolved", "failure", "recovery", "transfers", "hold_time",
              "repeated_questions")  # fmt: skip
_TYPES = {name: CALL_COLUMNS[name] for name in ("call", *_OF_CALL, *_OF_REPORT)}
_TYPES["occurred_at"] = "datetime64[us, UTC]"
# `source` of a finding is not in the table of evidence and nothing here asks for it
_FOUND = {name: kind for name, kind in EVIDENCE_COLUMNS.items() if name != "source"}


@dataclass(frozen=True, slots=True)
class State:
    """What stored calls are like, up to the one of the number `last_call`; two that are equal mean
    that none of these was erased, scored again or judged. `newer`: others have come in since."""

    last_call: int
    calls: int
    reports: int
    last_review: int
    newer: bool = field(default=False, compare=False)


def state(db: Session, upto: State | None = None) -> State:
    """What the calls are like now, of `upto` those that it speaks of."""
    last = db.scalar(select(func.max(Call.id))) or 0
    bound = upto.last_call if upto else last
    # the newer ones are few: counting the others by their numbers would touch every transcript
    newer = db.scalar(select(func.count(Call.id)).where(Call.id > bound)) or 0
    made = select(func.count()).select_from(StoredReport).where(StoredReport.call_id <= bound)
    return State(
        last_call=bound,
        calls=(db.scalar(select(func.count(Call.id))) or 0) - newer,
        reports=db.scalar(made) or 0,
        last_review=db.scalar(select(func.max(Review.id))) or 0,
        newer=newer > 0,
    )


def latest_customers(db: Session, principal: Principal, limit: int) -> list[str]:
    """The customers who called last."""
    last = func.max(Call.occurred_at)
    query = select(Call.customer_id).where(listed(principal), Call.customer_id.is_not(None))
    query = query.group_by(Call.customer_id).order_by(last.desc(), Call.customer_id).limit(limit)
    return [customer for customer in db.scalars(query) if customer]


def load(
    db: Session, principal: Principal, filters: Filters, labels: Sequence[str] = LABELS
) -> Log:
    """The calls that match and that the principal may see, with the reports that they see of them.

    Of the evidence, and of the counts of each call, `labels` alone are there: it is most of a log.
    Calls that no report is on are left out. `turns` is empty; of the columns of `CALL_COLUMNS`
    those are there that figures over many calls need, and `occurred_at`, by which `filters` tell
    the days: the time of storing where a call does not say when it began.
    """
    report_id = Call.released_report_id if principal.sees_own_only else Call.report_id
    chosen = select(Call).join(StoredReport, StoredReport.id == report_id)
    chosen = matching(chosen, db, principal, filters)
    columns = [getattr(Call, name) for name in _OF_CALL]
    columns += [getattr(StoredReport, name) for name in _OF_REPORT]
    calls = _frame(db, chosen.with_only_columns(Call.uid, *columns, Call.occurred_at), _TYPES)
    parts = [_machine(db, chosen, labels), _corrected(db, chosen, labels)]
    evidence = pd.concat(parts, ignore_index=True)
    return make_log(Frames(_counted(calls, evidence, labels), _empty(TURN_COLUMNS), evidence))


def _machine(db: Session, chosen: Select[Any], labels: Sequence[str]) -> pd.DataFrame:
    """The findings of reports by which nobody has said anything."""
    columns = [getattr(EvidenceRow, name) for name in _FOUND if name != "call"]
    found = chosen.join(EvidenceRow, EvidenceRow.report_id == StoredReport.id)
    found = found.where(EvidenceRow.certain, StoredReport.corrected_body.is_(None))
    if len(labels) < len(LABELS):
        found = found.where(EvidenceRow.label.in_(labels))
    return _frame(db, found.with_only_columns(Call.uid, *columns), _FOUND)


def _corrected(db: Session, chosen: Select[Any], labels: Sequence[str]) -> pd.DataFrame:
    """The findings that hold after what people said."""
    bodies = chosen.where(StoredReport.corrected_body.is_not(None))
    query = bodies.with_only_columns(Call.uid, StoredReport.corrected_body)
    rows = [
        (uid, *(found[name] for name in _FOUND if name != "call"))
        for uid, body in db.execute(query.execution_options(yield_per=_PORTION // 100))
        for found in body["evidence"]
        if found["label"] in labels
    ]
    return _typed(rows, _FOUND)


def _counted(calls: pd.DataFrame, evidence: pd.DataFrame, labels: Sequence[str]) -> pd.DataFrame:
    """The calls with the number of turns that carry each label, missing where none was judged."""
    turns = evidence[["call", "label", "turn"]].drop_duplicates()
    counts = turns.groupby(["call", "label"]).size().unstack("label", fill_value=0)
    counts = counts.reindex(index=calls["call"], columns=list(labels), fill_value=0)
    counts = counts.astype("Int64").reset_index(drop=True)
    judged = calls["failure"].notna()
    return pd.concat([calls, counts.where(judged)], axis=1)


def _frame(db: Session, query: Select[Any], types: dict[str, str]) -> pd.DataFrame:
    parts = [
        _typed(rows, types)
        for rows in db.execute(query.execution_options(yield_per=_PORTION)).partitions()
    ]
    return pd.concat(parts, ignore_index=True) if parts else _empty(types)


def _typed(rows: Sequence[Any], types: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(types), dtype=object).astype(types)


def _empty(types: dict[str, str]) -> pd.DataFrame:
    return _typed([], types)
