"""Reports as tables: one row per call, per turn and per piece of evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

from analyzer.report import Report
from analyzer.traits import LABELS

if TYPE_CHECKING:
    import pandas as pd


class Frames(NamedTuple):
    """Three tidy tables that join on `call` and, below it, on `turn`."""

    calls: pd.DataFrame
    turns: pd.DataFrame
    evidence: pd.DataFrame


# Name -> type of every column of the table of calls, in order.
CALL_COLUMNS: dict[str, str] = {
    "call": "string",
    "source": "string",
    "language": "string",
    "started_at": "string",
    "customer_id": "string",
    "agent_id": "string",
    "queue": "string",
    "case_id": "string",
    "product": "string",
    "score": "Float64",
    "score_low": "Float64",
    "score_high": "Float64",
    "band": "string",
    "resolved": "boolean",
    "failure": "boolean",
    "recovery": "Int64",
    "transfers": "Int64",
    "flags": "string",
    "not_analysed": "string",
    "turn_count": "Int64",
    "duration_s": "Float64",
    "talk_ratio": "Float64",
    "non_talk_time": "Float64",
    "hold_time": "Float64",
    "patience": "Float64",
    "question_rate": "Float64",
    "repeated_questions": "Int64",
    **dict.fromkeys(LABELS, "Int64"),
    "model_version": "string",
}
TURN_COLUMNS = {
    "call": "string",
    "turn": "Int64",
    "role": "string",
    "speaker": "string",
    "start": "Float64",
    "end": "Float64",
    "text": "string",
}
EVIDENCE_COLUMNS = {
    "call": "string",
    "label": "string",
    "turn": "Int64",
    "start": "Int64",
    "end": "Int64",
    "text": "string",
    "probability": "Float64",
    "role": "string",
    "source": "string",
}


def to_frame(reports: Iterable[Report]) -> Frames:
    """The tables of calls, turns and evidence; figures that are not known are missing, never 0."""
    import pandas as pd

    calls, turns, evidence = [], [], []
    for report in reports:
        calls.append(call_row(report))
        turns += turn_rows(report)
        evidence += evidence_rows(report)
    return Frames(
        pd.DataFrame(calls, columns=list(CALL_COLUMNS)).astype(CALL_COLUMNS),
        pd.DataFrame(turns, columns=list(TURN_COLUMNS)).astype(TURN_COLUMNS),
        pd.DataFrame(evidence, columns=list(EVIDENCE_COLUMNS)).astype(EVIDENCE_COLUMNS),
    )


def call_row(report: Report) -> dict[str, Any]:
    """The row of `CALL_COLUMNS` for a report."""
    conversation, outcome, metrics = report.conversation, report.outcome, report.metrics
    low, high = report.score_range or (None, None)
    counts = report.counts or {}
    return {
        "call": conversation.id,
        "source": conversation.source,
        "language": conversation.language,
        "started_at": conversation.started_at,
        "customer_id": conversation.customer_id,
        "agent_id": conversation.agent_id,
        "queue": conversation.queue,
        "case_id": conversation.case_id,
        "product": conversation.product,
        "score": report.score,
        "score_low": low,
        "score_high": high,
        "band": report.band,
        "resolved": outcome.resolved if outcome else None,
        "failure": outcome.failure if outcome else None,
        "recovery": outcome.recovery if outcome else None,
        "transfers": report.transfers,
        "flags": " ".join(flag.name for flag in report.flags),
        "not_analysed": " ".join(f"{s.feature}:{s.reason_code}" for s in report.skipped_analysis),
        "turn_count": len(conversation.turns),
        "duration_s": conversation.duration,
        "talk_ratio": metrics.talk_ratio,
        "non_talk_time": metrics.non_talk_time,
        "hold_time": metrics.hold_time,
        "patience": metrics.patience,
        "question_rate": metrics.question_rate,
        "repeated_questions": len(metrics.repeated_questions),
        **{label: counts.get(label) for label in LABELS},
        "model_version": report.model.version,
    }


def turn_rows(report: Report) -> list[dict[str, Any]]:
    """One row per turn, with its text."""
    return [
        {"call": report.id, "turn": index, **asdict(turn)}
        for index, turn in enumerate(report.conversation.turns)
    ]


def evidence_rows(report: Report) -> list[dict[str, Any]]:
    """One row per piece of evidence; `start` and `end` count characters of the turn's text."""
    return [{"call": report.id, **asdict(item)} for item in report.evidence]
