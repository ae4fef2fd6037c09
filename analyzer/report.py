"""The report on one call, and its JSON form (`schema_version` 1), which others rely on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from analyzer.classifier import ModelInfo
from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError
from analyzer.evidence import Evidence
from analyzer.flags import Flag
from analyzer.messages import Message
from analyzer.metrics import CallMetrics, Skipped
from analyzer.outcome import Outcome
from analyzer.scorecard import Answer, ScorecardResult

SCHEMA_VERSION = "1"

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Report:
    """Everything found in one call; `None` stands for what could not be judged.

    `redacted`: personal data was replaced in `conversation` before anything was judged.
    `uncertain` are findings too doubtful to count, left for a person to judge.

    `score` runs from 0 (rasmus) to 100 (star); `score_range` is where it would lie if the doubtful
    findings against the agent, or for the agent, were wrong.
    """

    conversation: Conversation
    evidence: tuple[Evidence, ...]
    uncertain: tuple[Evidence, ...]
    counts: dict[str, int] | None
    transfers: int
    outcome: Outcome | None
    score: float | None
    score_range: tuple[float, float] | None
    band: str | None
    flags: tuple[Flag, ...]
    scorecard: ScorecardResult | None
    metrics: CallMetrics
    skipped_analysis: tuple[Skipped, ...]
    model: ModelInfo
    redacted: bool = False

    @property
    def id(self) -> str:
        """The call's id."""
        return self.conversation.id

    @property
    def unscored_because(self) -> tuple[str, ...]:
        """The reason codes of a call that has no score, empty for one that has."""
        codes = (s.reason_code for s in self.skipped_analysis if s.feature == "score")
        return tuple(dict.fromkeys(codes))


# What is to be done about a call that cannot be scored, by its reason.
_REMEDIES = {
    "LANGUAGE_NOT_SUPPORTED": Message("say which language it is, if it was detected wrongly"),
    "ONE_SIDE_ONLY": Message("check that the file holds both sides and says who speaks"),
}


def why_unscored(report: Report, remedies: Mapping[str, str] = _REMEDIES) -> TranscriptError | None:
    """Why a call has no score; `None` if it has one. `remedies` say what to do, by reason code."""
    if report.score is not None:
        return None
    call, language = report.id, report.conversation.language
    if "LANGUAGE_NOT_SUPPORTED" in report.unscored_because:
        code = "LANGUAGE_NOT_SUPPORTED"
        problem = Message(
            "the language %(language)r of call %(call)s is not analysed",
            language=language,
            call=call,
        )
    else:
        code = "ONE_SIDE_ONLY"
        problem = Message("only one side speaks in call %(call)s", call=call)
    return TranscriptError(report.conversation.source or call, problem, remedies[code])


def to_dict(report: Report) -> dict[str, Any]:
    """The report as JSON types; docs/report.md describes every field."""
    conversation = report.conversation
    metrics = asdict(report.metrics)
    del metrics["skipped"]
    return {
        "schema_version": SCHEMA_VERSION,
        "id": conversation.id,
        "source": conversation.source,
        "format": conversation.format,
        "language": conversation.language,
        "started_at": conversation.started_at,
        "customer_id": conversation.customer_id,
        "agent_id": conversation.agent_id,
        "queue": conversation.queue,
        "case_id": conversation.case_id,
        "product": conversation.product,
        "turn_count": len(conversation.turns),
        "duration_s": conversation.duration,
        "redacted": report.redacted,
        "roles": asdict(conversation.roles),
        "evidence": [asdict(item) for item in report.evidence],
        "uncertain": [asdict(item) for item in report.uncertain],
        "counts": report.counts,
        "transfers": report.transfers,
        "outcome": asdict(report.outcome) if report.outcome else None,
        "score": report.score,
        "score_range": report.score_range,
        "band": report.band,
        "flags": [asdict(flag) for flag in report.flags],
        "scorecard": asdict(report.scorecard) if report.scorecard else None,
        "metrics": metrics,
        "skipped_analysis": [asdict(skipped) for skipped in report.skipped_analysis],
        "model": asdict(report.model),
    }


def from_dict(body: Mapping[str, Any], conversation: Conversation) -> Report:
    """The report that `to_dict` made `body` of; `conversation` has the turns, which it lacks."""
    outcome, card = body["outcome"], body["scorecard"]
    answers = tuple(_made(Answer, answer) for answer in card["answers"]) if card else ()
    return Report(
        conversation=conversation,
        evidence=tuple(Evidence(**item) for item in body["evidence"]),
        uncertain=tuple(Evidence(**item) for item in body["uncertain"]),
        counts=body["counts"],
        transfers=body["transfers"],
        outcome=Outcome(**outcome) if outcome else None,
        score=body["score"],
        score_range=tuple(body["score_range"]) if body["score_range"] else None,
        band=body["band"],
        flags=tuple(_made(Flag, flag) for flag in body["flags"]),
        scorecard=ScorecardResult(**{**card, "answers": answers}) if card else None,
        metrics=CallMetrics(**body["metrics"]),
        skipped_analysis=tuple(Skipped(**item) for item in body["skipped_analysis"]),
        model=ModelInfo(**body["model"]),
        redacted=body["redacted"],
    )


def _made(kind: type[_T], item: Mapping[str, Any]) -> _T:
    return kind(**{**item, "turns": tuple(item["turns"])})


def to_json(report: Report) -> str:
    """The report as one line of JSON."""
    return json.dumps(to_dict(report), ensure_ascii=False, separators=(",", ":"))
