"""Work on scorecards: written as TOML, compared, and tried out on calls that are stored."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tomli_w

from analyzer.errors import ScorecardError
from analyzer.evidence import Evidence
from analyzer.outcome import turns_by_label
from analyzer.scorecard import Findings, Question, Scorecard, apply, loads
from api.problems import Problem, ProblemError
from api.storage.tables import Call

# The line of a scorecard's number, which stands before its first table.
_REVISION = re.compile(r"^(revision\s*=\s*)\d+", re.MULTILINE)
# Fields of a scorecard that are compared as a whole; questions are compared one by one.
_GENERAL = ("title", "start", "reach", "automatic_fail_score", "performance_categories")


def read(toml: str) -> Scorecard:
    """The scorecard in the text; 422 naming the line of each mistake and what should be there."""
    try:
        card = loads(toml)
    except ScorecardError as error:
        mistakes = [ProblemError(detail=own, pointer="/toml") for own in error.mistakes]
        raise Problem(
            422, "This is not a valid scorecard; `errors` names each mistake.", errors=mistakes
        ) from None
    _check_text(card)
    return card


def write(card: Scorecard) -> str:
    """The scorecard as TOML."""
    _check_text(card)
    return tomli_w.dumps(card.model_dump(exclude_defaults=True))


def numbered(toml: str, number: int) -> str:
    """The TOML with that number as its revision, so that a copy of it names its reports rightly."""
    return _REVISION.sub(rf"\g<1>{number}", toml, count=1)


def _check_text(card: Scorecard) -> None:
    if "\\u0000" in card.model_dump_json():
        raise Problem(422, "A scorecard's texts must not hold the character U+0000.")


@dataclass(frozen=True, slots=True)
class Change:
    """What a field was and what it is."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class QuestionChange:
    """A question that both scorecards have and that is not the same in both."""

    question: str
    changes: list[Change]


@dataclass(frozen=True, slots=True)
class Weight:
    """A question's share of all points that can be earned, in per cent; `None` where it is not."""

    question: str
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one scorecard has that another has not."""

    general: list[Change]
    added: list[Question]
    removed: list[Question]
    changed: list[QuestionChange]
    weights: list[Weight]


def compare(before: Scorecard, after: Scorecard) -> Comparison:
    """What changes from one scorecard to the other; questions are known by their ids."""
    old, new = _questions(before), _questions(after)
    changed = [
        QuestionChange(id, _changes(old[id], new[id]))
        for id in new
        if id in old and old[id] != new[id]
    ]
    old_weights, new_weights = _weights(before), _weights(after)
    both = {**old_weights, **new_weights}
    return Comparison(
        general=_changes(_general(before), _general(after)),
        added=[question["question"] for id, question in new.items() if id not in old],
        removed=[question["question"] for id, question in old.items() if id not in new],
        changed=changed,
        weights=[Weight(id, old_weights.get(id), new_weights.get(id)) for id in both],
    )


def _general(card: Scorecard) -> dict[str, Any]:
    return {name: card.model_dump(mode="json")[name] for name in _GENERAL}


def _questions(card: Scorecard) -> dict[str, dict[str, Any]]:
    """Id -> the question itself, its section and its fields."""
    return {
        question.id: {
            "question": question,
            "section": section.title,
            **question.model_dump(mode="json"),
        }
        for section in card.sections
        for question in section.questions
    }


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    names = [name for name in new if name != "question" and old[name] != new[name]]
    return [Change(name, old[name], new[name]) for name in names]


def _weights(card: Scorecard) -> dict[str, float]:
    points = {id: item["question"].potential_score for id, item in _questions(card).items()}
    total = sum(points.values())
    return {id: round(100 * own / total, 1) if total else 0.0 for id, own in points.items()}


@dataclass(frozen=True, slots=True)
class PreviewCall:
    """A call that a scorecard would put into another band or give another score."""

    uid: str
    id: str
    score_before: float
    score_after: float
    band_before: str
    band_after: str


@dataclass(frozen=True, slots=True)
class Preview:
    """How calls would stand under a scorecard; `calls` are those that have a score.

    `examples` are calls that change, those that change their band and most points first.
    """

    calls: int
    not_scored: int
    changed_band: int
    changed_score: int
    before: dict[str, int]
    after: dict[str, int]
    mean_before: float | None
    mean_after: float | None
    examples: list[PreviewCall]


def preview(
    card: Scorecard, reports: Sequence[tuple[Call, Mapping[str, Any]]], examples: int = 10
) -> Preview:
    """Apply the scorecard to what is known of the calls, without the model."""
    found = [_previewed(card, call, body) for call, body in reports if body["outcome"]]
    moved = [own for own in found if own.score_before != own.score_after]
    moved.sort(key=lambda own: (own.band_before == own.band_after, -_distance(own)))
    return Preview(
        calls=len(found),
        not_scored=len(reports) - len(found),
        changed_band=sum(own.band_before != own.band_after for own in found),
        changed_score=len(moved),
        before=_bands(own.band_before for own in found),
        after=_bands(own.band_after for own in found),
        mean_before=_mean([own.score_before for own in found]),
        mean_after=_mean([own.score_after for own in found]),
        examples=moved[:examples],
    )


def _previewed(card: Scorecard, call: Call, body: Mapping[str, Any]) -> PreviewCall:
    result = apply(card, findings_of(body))
    return PreviewCall(
        call.uid, call.external_id, body["score"], result.score, body["band"], result.band
    )


def findings_of(body: Mapping[str, Any]) -> Findings:
    """What a scorecard is applied to, from a stored report of a call that was judged."""
    outcome = body["outcome"]
    call = {
        "transfers": body["transfers"],
        "recovery": outcome["recovery"],
        "resolved": int(outcome["resolved"]),
        "failure": int(outcome["failure"]),
    }
    return Findings(turns_by_label([Evidence(**item) for item in body["evidence"]]), call)


def _distance(call: PreviewCall) -> float:
    return abs(call.score_after - call.score_before)


def _bands(bands: Iterable[str]) -> dict[str, int]:
    counts = Counter(bands)
    return {band: counts[band] for band in ("rasmus", "kasper", "star")}


def _mean(scores: Sequence[float]) -> float | None:
    return round(sum(scores) / len(scores), 1) if scores else None
