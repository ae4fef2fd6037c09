"""Amazon Transcribe standard output: words, perhaps with speaker labels or channels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.conversation import Conversation
from analyzer.reading.format import (
    JsonFormat,
    Origin,
    Shape,
    Word,
    by_time,
    conversation,
    shaped,
    turns_from_words,
)


class _Alternative(Shape):
    content: str


class _Item(Shape):
    type: str
    alternatives: list[_Alternative]
    start_time: float | None = None
    end_time: float | None = None
    speaker_label: str | None = None


class _Segment(Shape):
    speaker_label: str
    start_time: float
    end_time: float


class _SpeakerLabels(Shape):
    segments: list[_Segment] = []


class _Channel(Shape):
    channel_label: str
    items: list[_Item] = []


class _Channels(Shape):
    channels: list[_Channel] = []


class _Results(Shape):
    items: list[_Item] = []
    language_code: str | None = None
    speaker_labels: _SpeakerLabels | None = None
    channel_labels: _Channels | None = None


class _File(Shape):
    jobName: str | None = None
    results: _Results


def _matches(value: Mapping[str, Any]) -> bool:
    results = value.get("results")
    return isinstance(results, dict) and "items" in results and "transcripts" in results


def _parse(value: Mapping[str, Any], origin: Origin) -> Conversation:
    file = shaped(_File, value, origin)
    results = file.results
    if results.channel_labels:
        turns = [
            turn
            for channel in results.channel_labels.channels
            for turn in turns_from_words(_words(channel.items, {}, channel.channel_label))
        ]
    else:
        turns = list(turns_from_words(_words(results.items, _labels(results), None)))
    return conversation(
        origin, FORMAT.name, by_time(turns), id=file.jobName, language=results.language_code
    )


def _labels(results: _Results) -> dict[float, str]:
    """Start time of a speaker's segment -> its label, the last segment first."""
    segments = results.speaker_labels.segments if results.speaker_labels else []
    ordered = sorted(segments, key=lambda segment: segment.start_time, reverse=True)
    return {segment.start_time: segment.speaker_label for segment in ordered}


def _words(items: list[_Item], labels: dict[float, str], speaker: str | None) -> Iterator[Word]:
    starts = list(labels)
    for item in items:
        if not item.alternatives:
            continue
        start = item.start_time
        while start is not None and starts and starts[-1] <= start:
            speaker = labels[starts.pop()]
        yield Word(
            item.alternatives[0].content,
            start,
            item.end_time,
            item.speaker_label or speaker,
            glued=item.type == "punctuation",
        )


FORMAT = JsonFormat(
    "aws-transcribe",
    "Amazon Transcribe",
    "an object with `results.items` and `results.transcripts`",
    _matches,
    _parse,
)
