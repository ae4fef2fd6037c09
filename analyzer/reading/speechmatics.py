"""Speechmatics json-v2: a list of words and punctuation marks with speakers or channels."""

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

_NOBODY = "UU"  # Speechmatics' label for an unidentified speaker


class _Alternative(Shape):
    content: str
    speaker: str | None = None


class _Result(Shape):
    type: str
    start_time: float | None = None
    end_time: float | None = None
    alternatives: list[_Alternative] = []
    channel: str | None = None
    attaches_to: str | None = None


class _Config(Shape):
    language: str | None = None


class _Metadata(Shape):
    created_at: str | None = None
    transcription_config: _Config = _Config()


class _Job(Shape):
    id: str | None = None


class _File(Shape):
    job: _Job = _Job()
    metadata: _Metadata = _Metadata()
    results: list[_Result]


def _matches(value: Mapping[str, Any]) -> bool:
    results = value.get("results")
    return isinstance(results, list) and any(
        isinstance(result, dict) and {"type", "start_time", "alternatives"} <= set(result)
        for result in results[:3]
    )


def _parse(value: Mapping[str, Any], origin: Origin) -> Conversation:
    file = shaped(_File, value, origin)
    channels = list(dict.fromkeys(result.channel for result in file.results))
    turns = [turn for channel in channels for turn in turns_from_words(_words(file, channel))]
    return conversation(
        origin,
        FORMAT.name,
        by_time(turns),
        id=file.job.id,
        language=file.metadata.transcription_config.language,
        started_at=file.metadata.created_at,
    )


def _words(file: _File, channel: str | None) -> Iterator[Word]:
    for result in file.results:
        if result.channel != channel or not result.alternatives:
            continue
        best = result.alternatives[0]
        speaker = channel or (None if best.speaker == _NOBODY else best.speaker)
        glued = result.attaches_to == "previous" or result.type == "punctuation"
        yield Word(best.content, result.start_time, result.end_time, speaker, glued)


FORMAT = JsonFormat(
    "speechmatics",
    "Speechmatics",
    "an object with a list `results` of `type`, `start_time` and `alternatives`",
    _matches,
    _parse,
)
