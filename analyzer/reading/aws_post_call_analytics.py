"""Amazon Transcribe Post Call Analytics (PCA): `SpeechSegments` and their speaker labels."""

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


class _Label(Shape):
    Speaker: str
    DisplayText: str = ""


class _Analytics(Shape):
    GUID: str | None = None
    LanguageCode: str | None = None
    ConversationTime: str | None = None
    SpeakerLabels: list[_Label] = []


class _Segment(Shape):
    SegmentStartTime: float | None = None
    SegmentEndTime: float | None = None
    SegmentSpeaker: str | None = None
    OriginalText: str | None = None
    DisplayText: str = ""


class _File(Shape):
    ConversationAnalytics: _Analytics = _Analytics()
    SpeechSegments: list[_Segment]


def _matches(value: Mapping[str, Any]) -> bool:
    return "SpeechSegments" in value


def _parse(value: Mapping[str, Any], origin: Origin) -> Conversation:
    file = shaped(_File, value, origin)
    analytics = file.ConversationAnalytics
    return conversation(
        origin,
        FORMAT.name,
        merge_segments(by_time(_turns(file))),
        id=analytics.GUID or None,
        language=analytics.LanguageCode,
        started_at=analytics.ConversationTime or None,
    )


def _turns(file: _File) -> Iterator[Turn]:
    names = {label.Speaker: label.DisplayText for label in file.ConversationAnalytics.SpeakerLabels}
    for segment in file.SpeechSegments:
        speaker = segment.SegmentSpeaker
        yield Turn(
            segment.OriginalText or segment.DisplayText,
            role_of(names.get(speaker or "") or speaker or ""),
            speaker,
            segment.SegmentStartTime,
            segment.SegmentEndTime,
        )


FORMAT = JsonFormat(
    "aws-post-call-analytics",
    "Amazon Transcribe Post Call Analytics",
    "an object with `SpeechSegments`",
    _matches,
    _parse,
)
