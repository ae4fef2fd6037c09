"""From a conversation to its report, step by step: the file to read first.

file -> read -> Conversation -> roles -> redact -> classify -> Evidence -> metrics -> Scorecard
    -> Report
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from analyzer.classifier import Classifier, TurnScores, default_classifier
from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError
from analyzer.events import transfers
from analyzer.evidence import Evidence, find_evidence
from analyzer.flags import Facts, Flag, raise_flags
from analyzer.language import LANGUAGES, language_of, normalise
from analyzer.messages import Message
from analyzer.metrics import Skipped, measure
from analyzer.outcome import Outcome, judge_outcome, turns_by_label
from analyzer.report import Report
from analyzer.roles import with_roles
from analyzer.scorecard import (
    AnswerValue,
    Findings,
    Scorecard,
    ScorecardResult,
    apply,
    default_scorecard,
)
from analyzer.tokens import MAX_WORDS
from analyzer.traits import LABELS, TRAIT

# Evidence below this probability may well be wrong; the score is also given without it.
DOUBTFUL = 0.6


def score(
    conversation: Conversation,
    *,
    classifier: Classifier | None = None,
    scorecard: Scorecard | None = None,
    language: str | None = None,
    agent_speaker: str | None = None,
    redact: bool = False,
) -> Report:
    """The report on a call: what happened, the words that prove it, a score and a band.

    What could not be judged is `None` with its reason in `skipped_analysis`. `language` and
    `agent_speaker` override what is detected. With `redact`, personal data in the turns is replaced
    before anything is judged, and the report holds the redacted call (docs/redaction.md).
    """
    (result,) = score_many(
        [conversation],
        classifier=classifier,
        scorecard=scorecard,
        language=language,
        agent_speaker=agent_speaker,
        redact=redact,
    )
    if isinstance(result, TranscriptError):
        raise result
    return result


def score_many(
    conversations: Sequence[Conversation],
    *,
    classifier: Classifier | None = None,
    scorecard: Scorecard | None = None,
    language: str | None = None,
    agent_speaker: str | None = None,
    redact: bool = False,
) -> list[Report | TranscriptError]:
    """The same reports as `score`, in order, sooner: the model reads the turns of all calls at
    once. A call that has no `agent_speaker` of that name is an error in its place."""
    classifier = classifier or default_classifier()
    card = scorecard or default_scorecard()
    prepared = [
        _prepared(conversation, classifier, language, agent_speaker, redact=redact)
        for conversation in conversations
    ]
    fit = [call for call in prepared if isinstance(call, Conversation) and not _unfit(call)]
    scores = iter(classifier.classify_many(fit))
    results: list[Report | TranscriptError] = []
    for call in prepared:
        if isinstance(call, TranscriptError):
            results.append(call)
        elif reason_code := _unfit(call):
            results.append(_unscored(call, classifier, reason_code, redacted=redact))
        else:
            results.append(_judged(call, next(scores), classifier, card, redacted=redact))
    return results


def _prepared(
    conversation: Conversation,
    classifier: Classifier,
    language: str | None,
    agent_speaker: str | None,
    *,
    redact: bool,
) -> Conversation | TranscriptError:
    """The call as it is judged: with a language, a role for every turn, perhaps redacted."""
    spoken = replace(conversation, language=_language(conversation, language))
    try:
        if redact:
            return _redacted(spoken, classifier, agent_speaker)
        return with_roles(spoken, classifier, agent_speaker)
    except TranscriptError as error:
        return error


def _judged(
    conversation: Conversation,
    scores: Sequence[TurnScores],
    classifier: Classifier,
    card: Scorecard,
    *,
    redacted: bool,
) -> Report:
    evidence, uncertain = find_evidence(conversation, scores, classifier.thresholds)
    outcome = judge_outcome(conversation, evidence, classifier)
    end = conclude(conversation, evidence, outcome, card)
    metrics = measure(conversation, evidence, end.transfers)
    return Report(
        conversation=conversation,
        evidence=tuple(evidence),
        uncertain=tuple(uncertain),
        counts=end.counts,
        transfers=end.transfers,
        outcome=outcome,
        score=end.scorecard.score,
        score_range=end.score_range,
        band=end.scorecard.band,
        flags=end.flags,
        scorecard=end.scorecard,
        metrics=metrics,
        skipped_analysis=(
            *metrics.skipped,
            *_without_language(conversation),
            *_cut_short(scores),
        ),
        model=classifier.info,
        redacted=redacted,
    )


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What follows from the evidence and the outcome of a call, under a scorecard."""

    counts: dict[str, int]
    transfers: int
    scorecard: ScorecardResult
    score_range: tuple[float, float]
    flags: tuple[Flag, ...]


def conclude(
    conversation: Conversation,
    evidence: Sequence[Evidence],
    outcome: Outcome,
    card: Scorecard,
    *,
    said: Mapping[str, AnswerValue] | None = None,
    score: float | None = None,
    band: str | None = None,
) -> Conclusion:
    """The sum, its range and the flags.

    `said` holds what a person answered, by question; a `score` or a `band` that a person set
    leaves nothing uncertain, and flags follow it.
    """
    turns = turns_by_label(evidence)
    handovers = transfers(conversation, turns.get("transfer", ()))
    apply_to = partial(_apply, card, handovers=len(handovers), outcome=outcome, said=said)
    result = apply_to(evidence)
    score_range, bands = _doubt(evidence, result, apply_to)
    decided = result
    if score is not None:
        score_range, band = (score, score), card.band_of(score)
    if band is not None:
        decided, bands = replace(result, band=band), (band, band)
    facts = Facts(conversation, turns, handovers, outcome, decided, score_range, bands)
    return Conclusion(
        counts={label: len(turns.get(label, ())) for label in LABELS},
        transfers=len(handovers),
        scorecard=result,
        score_range=score_range,
        flags=tuple(raise_flags(facts)),
    )


def _redacted(
    conversation: Conversation, classifier: Classifier, agent_speaker: str | None
) -> Conversation:
    """The call with roles and without personal data; nor does an error name its speakers."""
    from analyzer.redaction import redact  # takes a while to import, and most runs go without

    try:
        with_sides = with_roles(conversation, classifier, agent_speaker)
    except TranscriptError as error:
        raise TranscriptError(
            error.source,
            Message(
                "nobody in call %(call)s has the name that was given for the agent",
                call=conversation.id,
            ),
            Message("run it without redaction to see who speaks"),
        ) from None
    speakers = {turn.speaker for turn in conversation.turns if turn.speaker}
    return redact(with_sides, names=speakers).conversation


def _cut_short(scores: Sequence[TurnScores]) -> list[Skipped]:
    cut = any(len(turn.tokens) >= MAX_WORDS for turn in scores)
    return [Skipped("evidence", "TURN_TOO_LONG")] if cut else []


def _language(conversation: Conversation, wanted: str | None) -> str | None:
    return normalise(wanted) or wanted if wanted else language_of(conversation)


def _without_language(conversation: Conversation) -> list[Skipped]:
    return [Skipped("language", "TOO_LITTLE_TEXT")] if conversation.language is None else []


def _unfit(conversation: Conversation) -> str | None:
    """Why this call cannot be judged at all, `None` if it can."""
    if conversation.language is not None and conversation.language not in LANGUAGES:
        return "LANGUAGE_NOT_SUPPORTED"
    roles = {turn.role for turn in conversation.spoken_turns if turn.text.strip()}
    return None if {"agent", "customer"} <= roles else "ONE_SIDE_ONLY"


def _unscored(
    conversation: Conversation, classifier: Classifier, reason_code: str, *, redacted: bool
) -> Report:
    handovers = transfers(conversation)
    metrics = measure(conversation, (), len(handovers))
    judged = ("evidence", "counts", "outcome", "score", "score_range", "band", "scorecard")
    skipped = [Skipped(feature, reason_code) for feature in judged]
    return Report(
        conversation=conversation,
        evidence=(),
        uncertain=(),
        counts=None,
        transfers=len(handovers),
        outcome=None,
        score=None,
        score_range=None,
        band=None,
        flags=(),
        scorecard=None,
        metrics=metrics,
        skipped_analysis=(*skipped, *metrics.skipped, *_without_language(conversation)),
        model=classifier.info,
        redacted=redacted,
    )


def _apply(
    card: Scorecard,
    evidence: Sequence[Evidence],
    handovers: int,
    outcome: Outcome,
    said: Mapping[str, AnswerValue] | None,
) -> ScorecardResult:
    call = {
        "transfers": handovers,
        "recovery": outcome.recovery,
        "resolved": int(outcome.resolved),
        "failure": int(outcome.failure),
    }
    return apply(card, Findings(turns_by_label(evidence), call), said)


def _doubt(
    evidence: Sequence[Evidence],
    result: ScorecardResult,
    apply_to: Callable[[Sequence[Evidence]], ScorecardResult],
) -> tuple[tuple[float, float], tuple[str, str]]:
    """The lowest and highest score, and their bands, if doubtful findings were wrong.

    The lowest leaves out doubtful findings that speak for the agent, the highest those against.
    """
    ends = [result]
    for good in (True, False):
        sure = [item for item in evidence if not _is_doubtful(item, good)]
        if len(sure) < len(evidence):
            ends.append(apply_to(sure))
    low, high = min(ends, key=lambda e: e.score), max(ends, key=lambda e: e.score)
    return (low.score, high.score), (low.band, high.band)


def _is_doubtful(item: Evidence, good: bool) -> bool:
    speaks_well = TRAIT[item.label].polarity == "star" or item.label == "satisfaction"
    return item.probability < DOUBTFUL and speaks_well == good
