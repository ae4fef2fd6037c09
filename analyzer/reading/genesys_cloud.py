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
    text: str
    decoratedText: str | None = None
    startTimeMs: int | None = None
    duration: int | None = None
    participantPurpose: str = ""


class _Transcript(Shape):
    transcriptId: str | None = None
    phrases: list[_Phrase] = []


class _Participant(Shape):
    participantPurpose: str = ""
    userId: str | None = None
    startTimeMs: int | None = None
    endTimeMs: int | None = None


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


def _zero(file: _File) -> int:
    """The call's start: times count from it, or in production from 1970."""
    times = [p.startTimeMs for t in file.transcripts for p in t.phrases if p.startTimeMs is not None]
    times += [p.startTimeMs for p in file.participants if p.startTimeMs is not None]
    first = min(times, default=0)
    return first if first > 10**12 else 0


def _spoken(file: _File, zero: int) -> Iterator[Turn]:
    for transcript in file.transcripts:
        for phrase in transcript.phrases:
            role = _ROLES.get(phrase.participantPurpose.lower(), "unknown")
            start = _seconds(phrase.startTimeMs, zero)
            end = None
            if start is not None and phrase.duration is not None:
                end = start + phrase.duration / 1000
            text = phrase.decoratedText or phrase.text
            speaker = _agent_at(file, phrase.startTimeMs) if role == "agent" else None
            yield Turn(text, role, speaker or phrase.participantPurpose, start, end)


def _agent_at(file: _File, time: int | None) -> str | None:
    """Which of several agents was on the call at that time."""
    for participant in file.participants:
        if participant.participantPurpose.lower() not in ("agent", "user", "internal"):
            continue
        start, end = participant.startTimeMs, participant.endTimeMs
        if time is not None and start is not None and start <= time <= (end or time):
            return participant.userId
    return None


def _waits(file: _File, zero: int) -> Iterator[Turn]:
    for participant in file.participants:
        start, end = _seconds(participant.startTimeMs, zero), _seconds(participant.endTimeMs, zero)
        if participant.participantPurpose.lower() == "acd" and start is not None:
            yield Turn("[queue]", "system", None, start, end)


def _seconds(time: int | None, zero: int) -> float | None:
    return None if time is None else (time - zero) / 1000


FORMAT = JsonFormat(
    "genesys-cloud",
    "Genesys Cloud",
    "an object with `transcripts`, each with `phrases`",
    _matches,
    _parse,
)
