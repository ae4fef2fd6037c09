"""Amazon Transcribe Call Analytics and Amazon Connect Contact Lens: `Transcript` by segments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.conversation import Conversation, Turn
from analyzer.reading.format import (
    JsonFormat,
    Origin,
    Shape,
    by_time,
    conversation,
    merge_segments,
    shaped,
)
from analyzer.reading.speaker_names import role_of

# Both products call these silences non-talk time; from this length on, one is shown as an event.
_LONG_SILENCE_S = 15.0


class _Participant(Shape):
    ParticipantId: str | None = None
    ParticipantRole: str


class _Segment(Shape):
    Content: str = ""  # the events of a chat have none
    ParticipantRole: str | None = None
    ParticipantId: str | None = None
    BeginOffsetMillis: float | None = None
    EndOffsetMillis: float | None = None


class _Silence(Shape):
    BeginOffsetMillis: float
    EndOffsetMillis: float


class _NonTalkTime(Shape):
    Instances: list[_Silence] = []


class _Characteristics(Shape):
    NonTalkTime: _NonTalkTime = _NonTalkTime()


class _Metadata(Shape):
    ContactId: str | None = None


class _File(Shape):
    LanguageCode: str | None = None
    Participants: list[_Participant] = []
    Transcript: list[_Segment]
    ConversationCharacteristics: _Characteristics = _Characteristics()
    CustomerMetadata: _Metadata = _Metadata()


def _matches(value: Mapping[str, Any]) -> bool:
    transcript = value.get("Transcript")
    return isinstance(transcript, list) and ("Participants" in value or "JobStatus" in value)


def _parse(value: Mapping[str, Any], origin: Origin) -> Conversation:
    file = shaped(_File, value, origin)
    return conversation(
        origin,
        FORMAT.name,
        by_time([*merge_segments(by_time(_spoken(file))), *_silences(file)]),
        id=file.CustomerMetadata.ContactId,
        language=file.LanguageCode,
    )


def _spoken(file: _File) -> Iterator[Turn]:
    roles = {p.ParticipantId: p.ParticipantRole for p in file.Participants}
    for segment in file.Transcript:
        participant = segment.ParticipantId or segment.ParticipantRole
        role = segment.ParticipantRole or roles.get(participant) or ""
        start, end = segment.BeginOffsetMillis, segment.EndOffsetMillis
        yield Turn(
            segment.Content,
            role_of(role),
            participant,
            None if start is None else start / 1000,
            None if end is None else end / 1000,
        )


def _silences(file: _File) -> Iterator[Turn]:
    for silence in file.ConversationCharacteristics.NonTalkTime.Instances:
        start, end = silence.BeginOffsetMillis / 1000, silence.EndOffsetMillis / 1000
        if end - start >= _LONG_SILENCE_S:
            yield Turn(f"[silence {end - start:.0f} s]", "system", None, start, end)


FORMAT = JsonFormat(
    "aws-call-analytics",
    "Amazon Transcribe Call Analytics, Amazon Connect Contact Lens",
    "an object with `Transcript` and `Participants` or `JobStatus`",
    _matches,
    _parse,
)
