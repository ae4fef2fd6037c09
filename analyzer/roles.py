"""Who is the agent, when the file does not say: decided per speaker, with how sure that is."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from analyzer.classifier import Classifier
from analyzer.conversation import Conversation, Role, RoleDecision, Turn, number_speakers
from analyzer.errors import TranscriptError
from analyzer.messages import Message

# The turns of one speaker are not independent witnesses: their summed log-odds are tempered.
_TEMPER = 0.5


def with_roles(
    conversation: Conversation, classifier: Classifier, agent_speaker: str | None = None
) -> Conversation:
    """The conversation with a role for every speaker.

    Roles that the file gives stay, `agent_speaker` (a speaker's label or name) overrides them; the
    others are decided from what each speaker says. `TranscriptError` if nobody bears that name.
    """
    if agent_speaker is not None:
        return _set_agent(conversation, agent_speaker)
    if all(turn.role != "unknown" for turn in conversation.turns):
        return conversation
    evidence = _log_odds(conversation, classifier)
    roles, probability = _decide(evidence, conversation.turns)
    turns = [
        turn if turn.role != "unknown" else replace(turn, role=roles[_key(i, turn)])
        for i, turn in enumerate(conversation.turns)
    ]
    decision = RoleDecision("detected", probability)
    return replace(conversation, turns=number_speakers(turns), roles=decision)


def _set_agent(conversation: Conversation, agent_speaker: str) -> Conversation:
    wanted = agent_speaker.strip().lower()
    speakers = {turn.speaker for turn in conversation.spoken_turns if turn.speaker}
    if wanted not in {speaker.lower() for speaker in speakers}:
        names = ", ".join(sorted(speakers)) or "none is named"
        raise TranscriptError(
            conversation.source or conversation.id,
            Message(
                "nobody in call %(call)s is called %(name)r",
                call=conversation.id,
                name=agent_speaker,
            ),
            Message("name one of its speakers: %(names)s", names=names),
        )
    chosen = [t for t in conversation.turns if (t.speaker or "").lower() == wanted]
    # who is already known stays known, unless the file had the sides the wrong way round
    kept = ("agent", "customer") if chosen[0].role != "customer" else ()
    turns = [
        turn
        if turn.role == "system" or (turn.role in kept and turn not in chosen)
        else replace(turn, role="agent" if turn in chosen else "customer")
        for turn in conversation.turns
    ]
    return replace(conversation, turns=number_speakers(turns), roles=RoleDecision("set"))


def _key(index: int, turn: Turn) -> str:
    """What a decision is about: a speaker, or the turn alone where no speaker is known."""
    return turn.speaker if turn.speaker is not None else f"turn {index}"


def _log_odds(conversation: Conversation, classifier: Classifier) -> dict[str, float]:
    unknown = [(i, turn) for i, turn in enumerate(conversation.turns) if turn.role == "unknown"]
    each = classifier.agent_log_odds([turn.text for _, turn in unknown])
    summed: dict[str, float] = defaultdict(float)
    for (index, turn), log_odds in zip(unknown, each, strict=True):
        summed[_key(index, turn)] += _TEMPER * float(log_odds)
    return summed


def _decide(evidence: dict[str, float], turns: Iterable[Turn]) -> tuple[dict[str, Role], float]:
    """A role for each key and the probability that the least certain of them is right."""
    known = {turn.role for turn in turns} - {"unknown", "system"}
    roles: dict[str, Role] = {
        key: "agent" if odds > 0 else "customer" for key, odds in evidence.items()
    }
    margins = {key: abs(odds) for key, odds in evidence.items()}
    ranked = sorted(evidence, key=evidence.__getitem__)
    if len(ranked) > 1 and not known:
        # a call has both sides: the extremes take one each, and are told apart by their distance
        first, last = ranked[0], ranked[-1]
        roles[first], roles[last] = "customer", "agent"
        margins[first] = margins[last] = evidence[last] - evidence[first]
    elif len(known) == 1 and len(ranked) == 1:
        roles[ranked[0]] = "customer" if "agent" in known else "agent"
    return roles, 1 / (1 + math.exp(-min(margins.values())))
