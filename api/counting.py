"""The report that counts: the machine's, after what people said of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from analyzer.evidence import Evidence
from analyzer.outcome import Outcome
from analyzer.report import Report
from analyzer.scorecard import Scorecard
from analyzer.scoring import conclude
from api.statement import deciding
from api.verdict import FindingVerdict, Verdict


def counting(machine: Report, card: Scorecard, verdict: Verdict) -> Report:
    """The report with the findings, answers, score, band and flags that hold.

    What a person added or confirmed has `person` as its source. Metrics and `skipped_analysis`
    stay the machine's. A call that it could not score has a person's score or band and no more.
    """
    override = verdict.override
    if machine.outcome is None:
        return replace(machine, score=verdict.score, band=verdict.band)
    evidence = tuple(_evidence(machine, own) for own in verdict.findings if own.holds)
    outcome = _outcome(machine.outcome, verdict)
    end = conclude(
        machine.conversation,
        evidence,
        outcome,
        card,
        said={own.question: own.holds["answer"] for own in verdict.questions if own.by == "person"},
        score=override.score if override else None,
        band=override.band if override else None,
    )
    return replace(
        machine,
        evidence=evidence,
        uncertain=tuple(_still_open(machine, verdict)),
        counts=end.counts,
        transfers=end.transfers,
        outcome=outcome,
        score=verdict.score,
        score_range=end.score_range,
        band=verdict.band,
        flags=end.flags,
        scorecard=end.scorecard,
    )


def _evidence(machine: Report, own: FindingVerdict) -> Evidence:
    if not own.said:
        return next(item for item in machine.evidence if _is(item, own))
    role = machine.conversation.turns[own.turn].role
    return Evidence(own.label, own.turn, own.start, own.end, own.text, 1.0, role, "person")


def _still_open(machine: Report, verdict: Verdict) -> Iterator[Evidence]:
    for own in verdict.findings:
        if not own.certain and deciding(own.said) is None:
            yield next(item for item in machine.uncertain if _is(item, own))


def _is(item: Evidence, own: FindingVerdict) -> bool:
    return (item.label, item.turn, item.start, item.end) == (
        own.label, own.turn, own.start, own.end,
    )  # fmt: skip


def _outcome(estimated: Outcome, verdict: Verdict) -> Outcome:
    """What holds of the whole call; what a person answered is certain."""
    resolved, failure = bool(verdict.outcome["resolved"]), bool(verdict.outcome["failure"])
    answered = {
        name: float(holds)
        for name, holds, before in (
            ("resolved_probability", resolved, estimated.resolved),
            ("failure_probability", failure, estimated.failure),
        )
        if holds != before
    }
    recovery = verdict.outcome["recovery"] or 0
    return replace(estimated, resolved=resolved, failure=failure, recovery=recovery, **answered)
