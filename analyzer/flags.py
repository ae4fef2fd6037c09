"""What makes a call worth a coach's time, each with its reason and the turns to look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from analyzer.conversation import Conversation
from analyzer.outcome import Outcome
from analyzer.scorecard import ScorecardResult

FlagKind = Literal["concern", "doubt", "praise"]
# The most pressing first.
FLAG_KINDS: tuple[FlagKind, ...] = get_args(FlagKind)

# One slip is human; from here on it is a pattern.
_REPEATED = 3
_PASSED_AROUND = 2
# A call of fewer words than this tells too little for its score to mean much.
_TOO_FEW_WORDS = 40


@dataclass(frozen=True, slots=True)
class Flag:
    """A reason to listen to a call, of one of `FLAG_KINDS`."""

    name: str
    reason: str
    turns: tuple[int, ...]
    kind: FlagKind = "concern"


@dataclass(frozen=True, slots=True)
class Facts:
    """What flags are raised from: `turns` per label, `handovers` the turns of transfers."""

    conversation: Conversation
    turns: Mapping[str, Sequence[int]]
    handovers: Sequence[int]
    outcome: Outcome
    card: ScorecardResult
    score_range: tuple[float, float]
    bands: tuple[str, str]


def raise_flags(facts: Facts) -> list[Flag]:
    """The flags of a call, the most pressing first."""
    return [*_conduct(facts), *_failures(facts), *_ends(facts), *_doubts(facts)]


def _conduct(facts: Facts) -> Iterator[Flag]:
    for label, what in (
        ("deflection", "pushed the matter away"),
        ("blame", "blamed the customer"),
        ("dismissal", "brushed the customer's account aside"),
        ("reluctance", "was grudging"),
    ):
        turns = facts.turns.get(label, ())
        if len(turns) >= _REPEATED:
            yield Flag(f"repeated_{label}", f"The agent {what} {len(turns)} times.", tuple(turns))
    if len(facts.handovers) >= _PASSED_AROUND:
        reason = f"The customer was passed on {len(facts.handovers)} times."
        yield Flag("passed_around", reason, tuple(facts.handovers))


def _failures(facts: Facts) -> Iterator[Flag]:
    if promises := facts.turns.get("overpromise"):
        reason = "The agent promised what they do not control; the next call may be about it."
        yield Flag("overpromise", reason, tuple(promises))
    if broken := facts.turns.get("broken_promise"):
        yield Flag("broken_promise", "The customer tells of a promise not kept.", tuple(broken))
    if facts.outcome.failure and facts.outcome.recovery == 0:
        told = ("broken_promise", "basic_error", "repeat_contact", "frustration")
        complaints = [turn for label in told for turn in facts.turns.get(label, ())]
        reason = "Something had gone wrong and nobody made up for it, not even with an apology."
        yield Flag("no_recovery", reason, tuple(sorted(set(complaints))))


def _ends(facts: Facts) -> Iterator[Flag]:
    last_third = 2 * len(facts.conversation.turns) // 3
    angry = [turn for turn in facts.turns.get("frustration", ()) if turn >= last_third]
    if angry and facts.outcome.resolved is False:
        yield Flag("left_angry", "The customer ends the call unsolved and angry.", tuple(angry))
    if facts.card.band == "star":
        praised = tuple(facts.turns.get("satisfaction", ()))
        yield Flag("worth_praising", "A call to praise, and to learn from.", praised, "praise")


def _doubts(facts: Facts) -> Iterator[Flag]:
    words = sum(len(turn.text.split()) for turn in facts.conversation.spoken_turns)
    if words < _TOO_FEW_WORDS:
        yield Flag(
            "too_short", f"Only {words} words were said: too little to judge by.", (), "doubt"
        )
    if facts.bands[0] != facts.bands[1]:
        low, high = facts.score_range
        reason = (
            f"The band is uncertain: without the doubtful findings the score lies between "
            f"{low:g} and {high:g}."
        )
        yield Flag("uncertain_band", reason, (), "doubt")
    decision = facts.conversation.roles
    if decision.method == "detected" and (decision.probability or 0) < 0.8:
        reason = "Who is the agent was guessed from the words and is not sure."
        yield Flag("uncertain_roles", reason, (), "doubt")
