"""How the call went in time and words, in the terms of Contact Lens; `None` where not known.

Times are seconds, speeds words per minute, ratios and rates shares from 0 to 1. `docs/metrics.md`
defines each figure.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from analyzer.conversation import Conversation, Role, Turn
from analyzer.events import directions, kind_of, stated_length
from analyzer.evidence import Evidence

# Contact Lens counts silences of more than three seconds as non-talk time.
NON_TALK_S = 3.0
# Talk over the end of somebody's turn for longer than this interrupts; less is a back-channel.
_INTERRUPTION_S = 0.5
# Two questions that share this much of their words are the same question.
_SAME_QUESTION = 0.8
_QUESTION_WORDS = 4
_WORD = re.compile(r"\w+")
_HOLDS = ("hold", "music")


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that could not be judged, and why: a constant such as `NO_TIMESTAMPS`."""

    feature: str
    reason_code: str


@dataclass(frozen=True, slots=True)
class CallMetrics:
    """The figures of one call; those that need times are `None` when the file has none."""

    total_conversation_duration: float | None
    talk_time: dict[str, float] | None
    non_talk_time: float | None
    interruptions: dict[str, int] | None
    talk_speed: dict[str, float] | None
    talk_ratio: float | None
    longest_monologue: float | None
    patience: float | None
    question_rate: float | None
    hold_time: float | None
    waiting_time: float | None
    transfers: int
    words: dict[str, int]
    repeats: dict[str, list[int]]
    repeated_questions: list[list[int]]
    skipped: list[Skipped] = field(default_factory=list)


_TIMED = (
    "total_conversation_duration",
    "talk_time",
    "non_talk_time",
    "interruptions",
    "talk_speed",
    "talk_ratio",
    "longest_monologue",
    "patience",
    "waiting_time",
)
_FIGURES = (*_TIMED, "hold_time", "question_rate")


def measure(
    conversation: Conversation, evidence: Sequence[Evidence], transfers: int
) -> CallMetrics:
    """All figures of a call."""
    spoken = conversation.spoken_turns
    timed = conversation.has_times
    talk = _talk_time(spoken) if timed else None
    words: dict[str, int] = {
        role: sum(len(_WORD.findall(t.text)) for t in spoken if t.role == role) for role in _SIDES
    }
    hold = _hold_time(conversation.turns)
    agent = [turn for turn in spoken if turn.role == "agent"]
    metrics = CallMetrics(
        total_conversation_duration=_rounded(conversation.duration) if timed else None,
        talk_time=talk,
        non_talk_time=_non_talk_time(spoken) if timed else None,
        interruptions=_interruptions(spoken) if timed else None,
        talk_speed=_talk_speed(words, talk) if talk else None,
        talk_ratio=_ratio(talk["agent"], talk["total"]) if talk else None,
        longest_monologue=max((_length(t) for t in agent), default=None) if timed else None,
        patience=_patience(spoken) if timed else None,
        question_rate=_ratio(sum("?" in turn.text for turn in agent), len(agent)),
        hold_time=hold,
        waiting_time=_waiting_time(spoken) if timed else None,
        transfers=transfers,
        words=words,
        repeats=_repeats(evidence),
        repeated_questions=_repeated_questions(conversation.turns),
    )
    for name in _FIGURES:
        if getattr(metrics, name) is None:
            metrics.skipped.append(Skipped(name, _reason(name, timed=timed, agent=bool(agent))))
    return metrics


def _reason(name: str, *, timed: bool, agent: bool) -> str:
    """Why a figure is not known, as a constant."""
    if name == "hold_time":
        return "NO_HOLD_LENGTH"
    if name in _TIMED and not timed:
        return "NO_TIMESTAMPS"
    if name == "talk_ratio":
        return "NO_TALK_TIME"
    return "NO_ANSWERS" if agent else "NO_AGENT_TURNS"


_SIDES: tuple[Role, ...] = ("agent", "customer")


def _length(turn: Turn) -> float:
    return max(_rounded((turn.end or 0.0) - (turn.start or 0.0)) or 0.0, 0.0)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _ratio(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


def _talk_time(spoken: Sequence[Turn]) -> dict[str, float]:
    sides: dict[str, float] = {
        role: round(sum(_length(t) for t in spoken if t.role == role), 3) for role in _SIDES
    }
    return {**sides, "total": round(sum(sides.values()), 3)}


def _talk_speed(words: dict[str, int], talk: dict[str, float]) -> dict[str, float]:
    return {side: round(60 * words[side] / talk[side], 1) for side in _SIDES if talk[side]}


def silences(spoken: Sequence[Turn]) -> list[tuple[float, float]]:
    """Start and end of each silence that counts as non-talk time, in turns that have times."""
    found, latest = [], 0.0
    for turn in sorted(spoken, key=lambda turn: turn.start or 0.0):
        start = turn.start or 0.0
        if latest and start - latest > NON_TALK_S:
            found.append((latest, start))
        latest = max(latest, turn.end or 0.0)
    return found


def _non_talk_time(spoken: Sequence[Turn]) -> float:
    return round(sum((end - start for start, end in silences(spoken)), 0.0), 3)


def interruptions(spoken: Sequence[Turn]) -> list[tuple[Role, float, float]]:
    """Who began while the other side went on, and from when until when both spoke."""
    found = []
    for before, turn in zip(spoken, spoken[1:], strict=False):
        start, end = turn.start or 0.0, before.end or 0.0
        if turn.role != before.role and turn.role in _SIDES and end - start > _INTERRUPTION_S:
            found.append((turn.role, start, end))
    return found


def _interruptions(spoken: Sequence[Turn]) -> dict[str, int]:
    counts = Counter(role for role, _, _ in interruptions(spoken))
    return {side: counts[side] for side in _SIDES}


def _patience(spoken: Sequence[Turn]) -> float | None:
    """The mean pause before the agent answers the customer."""
    pauses = [
        max((turn.start or 0.0) - (before.end or 0.0), 0.0)
        for before, turn in zip(spoken, spoken[1:], strict=False)
        if (before.role, turn.role) == ("customer", "agent")
    ]
    return round(sum(pauses) / len(pauses), 3) if pauses else None


def _waiting_time(spoken: Sequence[Turn]) -> float | None:
    """From the start of the call to the agent's first words."""
    return next((_rounded(turn.start) for turn in spoken if turn.role == "agent"), None)


def _hold_time(turns: Sequence[Turn]) -> float | None:
    """Seconds on hold as the transcript reports them, `None` without a report of their length."""
    lengths: list[float | None] = []
    for turn in turns:
        if turn.role != "system":
            holds = [d for d in directions(turn.text) if d.kind in _HOLDS]
            lengths += [stated_length(turn.text[d.start : d.end]) for d in holds]
        elif kind_of(turn.text) in _HOLDS:
            timed = turn.start is not None and turn.end is not None
            lengths.append(_length(turn) if timed else stated_length(turn.text))
    known = [length for length in lengths if length is not None]
    return round(sum(known), 3) if known and len(known) == len(lengths) else None


def _repeats(evidence: Sequence[Evidence]) -> dict[str, list[int]]:
    """The labels found in more than one turn, with those turns."""
    turns: dict[str, list[int]] = defaultdict(list)
    for found in evidence:
        if found.turn not in turns[found.label]:
            turns[found.label].append(found.turn)
    return {label: where for label, where in turns.items() if len(where) > 1}


def _repeated_questions(turns: Sequence[Turn]) -> list[list[int]]:
    """Pairs of turns in which an agent asks the customer the same thing again."""
    asked: list[tuple[int, set[str]]] = []
    pairs = []
    for index, turn in enumerate(turns):
        words = set(_WORD.findall(turn.text.lower()))
        if turn.role != "agent" or "?" not in turn.text or len(words) < _QUESTION_WORDS:
            continue
        for earlier, other in asked:
            if len(words & other) / len(words | other) >= _SAME_QUESTION:
                pairs.append([earlier, index])
                break
        asked.append((index, words))
    return pairs
