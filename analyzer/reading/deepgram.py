"""Deepgram pre-recorded results, with `utterances` or with words alone, one or several channels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.conversation import Conversation, Turn
from analyzer.reading.format import (
    JsonFormat,
    Origin,
    Shape,
    Word,
    by_time,
    conversation,
    merge_segments,
    shaped,
    turns_from_words,
)


class _Word(Shape):
    word: str
    punctuated_word: str | None = None
    start: float
    end: float
    speaker: int | None = None


class _Alternative(Shape):
    transcript: str = ""
    words: list[_Word] = []


class _Channel(Shape):
    alternatives: list[_Alternative] = []
    detected_language: str | None = None


class _Utterance(Shape):
    start: float
    end: float
    transcript: str
    speaker: int | None = None
    channel: int | None = None


class _Results(Shape):
    channels: list[_Channel]
    utterances: list[_Utterance] = []


class _Metadata(Shape):
    request_id: str | None = None
    created: str | None = None


class _File(Shape):
    metadata: _Metadata = _Metadata()
    results: _Results


def _matches(value: Mapping[str, Any]) -> bool:
    results = value.get("results")
    return isinstance(results, dict) and "channels" in results


def _parse(value: Mapping[str, Any], origin: Origin) -> Conversation:
    file = shaped(_File, value, origin)
    results = file.results
    turns = _from_utterances(results) if results.utterances else _from_words(results)
    languages = {c.detected_language for c in results.channels if c.detected_language}
    return conversation(
        origin,
        FORMAT.name,
        merge_segments(by_time(turns)),
        id=file.metadata.request_id,
        language=languages.pop() if len(languages) == 1 else None,
        started_at=file.metadata.created,
    )


def _from_utterances(results: _Results) -> Iterator[Turn]:
    for said in results.utterances:
        speaker = _speaker(said.channel, said.speaker, len(results.channels))
        yield Turn(said.transcript, "unknown", speaker, said.start, said.end)


def _from_words(results: _Results) -> Iterator[Turn]:
    for index, channel in enumerate(results.channels):
        for alternative in channel.alternatives[:1]:
            yield from turns_from_words(
                Word(
                    word.punctuated_word or word.word,
                    word.start,
                    word.end,
                    _speaker(index, word.speaker, len(results.channels)),
                )
                for word in alternative.words
            )


def _speaker(channel: int | None, speaker: int | None, channels: int) -> str | None:
    if channels > 1:
        return f"channel {channel or 0}" + ("" if not speaker else f" speaker {speaker}")
    return None if speaker is None else f"speaker {speaker}"


FORMAT = JsonFormat(
    "deepgram", "Deepgram", "an object with `results.channels`", _matches, _parse
)
