"""Genesys Cloud transcripts: phrases by purpose of participant, queue and robot as events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.conversation import Conversation, Role, Turn
from analyzer.reading.format import (
    JsonFormat,
    Origin,
    Shape,
    by_time,
    conversation,
    merge_segments,
    shaped,
)

_DAY_MS = 86_400_000
_ROLES: dict[str, Role] = {
    "internal": "agent",
    "agent": "agent",
    "user": "agent",
    "external": "customer",
    "customer": "customer",
    "ivr": "system",
    "acd": "system",
    "bot": "system",
    "workflow": "system",
}


class _Phrase(Shape):
    text: str = ""
    decoratedText: str | None = None
    startTimeMs: float | None = None
    duration: Any = None  # milliseconds, or an object that holds them
    participantPurpose: str = ""


class _Transcript(Shape):
    transcriptId: str | None = None
    phrases: list[_Phrase] = []


class _Participant(Shape):
    participantPurpose: str = ""
    userId: str | None = None
    startTimeMs: float | None = None
    endTimeMs: float | None = None


class _File(Shape):
    conversationId: str | None = None
    transcripts: list[_Transcript]
    participants: list[_Participant] = []


def _matches(value: Mapping[str, Any]) -> bool:
    transcripts = value.get("transcripts")
    return isinstance(transcripts, list) and any(
        isinstance(transcript, dict) and "phrases" in transcript for transcript in transcripts[:3]
    )


def _parse(value: Mapping[str, Any], origin: Origin) -> Conversation:
    file = shaped(_File, value, origin)
    zero = _zero(file)
    turns = merge_segments(by_time(_spoken(file, zero)))
    return conversation(
        origin, FORMAT.name, by_time([*turns, *_waits(file, zero)]), id=file.conversationId
    )


def _zero(file: _File) -> float:
    """The call's start: times count from it, or in production from 1970."""
    times = [
        p.startTimeMs for t in file.transcripts for p in t.phrases if p.startTimeMs is not None
    ]
    times += [p.startTimeMs for p in file.participants if p.startTimeMs is not None]
    first = min(times, default=0.0)
    return first if first > 10**12 else 0.0


def _spoken(file: _File, zero: float) -> Iterator[Turn]:
    agents = [p for p in file.participants if _ROLES.get(p.participantPurpose.lower()) == "agent"]
    for transcript in file.transcripts:
        for phrase in transcript.phrases:
            role = _ROLES.get(phrase.participantPurpose.lower(), "unknown")
            start = _seconds(phrase.startTimeMs, zero)
            length = _milliseconds(phrase.duration)
            end = None if start is None or length is None else start + length / 1000
            text = phrase.decoratedText or phrase.text
            speaker = _agent_at(agents, phrase.startTimeMs or 0.0) if role == "agent" else None
            yield Turn(text, role, speaker or phrase.participantPurpose or None, start, end)


def _agent_at(agents: list[_Participant], time: float) -> str | None:
    """Which of several agents spoke then: who came last of those on the call, or before it."""
    known = [(a.startTimeMs, a.endTimeMs, a.userId) for a in agents if a.startTimeMs is not None]
    before = [agent for agent in known if agent[0] <= time] or known[:1]
    there = [agent for agent in before if agent[1] is None or time <= agent[1]] or before
    return max(there, key=lambda agent: agent[0])[2] if there else None


def _waits(file: _File, zero: float) -> Iterator[Turn]:
    for participant in file.participants:
        start, end = _seconds(participant.startTimeMs, zero), _seconds(participant.endTimeMs, zero)
        if participant.participantPurpose.lower() == "acd" and start is not None:
            yield Turn("[queue]", "system", None, start, end)


def _milliseconds(duration: Any) -> float | None:
    value = duration.get("milliseconds") if isinstance(duration, dict) else duration
    return float(value) if isinstance(value, int | float) and value < _DAY_MS else None


def _seconds(time: float | None, zero: float) -> float | None:
    return None if time is None else (time - zero) / 1000


FORMAT = JsonFormat(
    "genesys-cloud",
    "Genesys Cloud",
    "an object with `transcripts`, each with `phrases`",
    _matches,
    _parse,
)
