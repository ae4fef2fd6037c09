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
    start: float | None = None
    end: float | None = None
    speaker: str | None = None


class _Alternative(Shape):
    transcript: str = ""
    words: list[_Word] = []


class _Channel(Shape):
    alternatives: list[_Alternative] = []
    detected_language: str | None = None


class _Utterance(Shape):
    start: float | None = None
    end: float | None = None
    transcript: str
    speaker: str | None = None
    channel: str = "0"


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
                    _speaker(str(index), word.speaker, len(results.channels)),
                )
                for word in alternative.words
            )


def _speaker(channel: str, speaker: str | None, channels: int) -> str | None:
    labels = [f"channel {channel}"] if channels > 1 else []
    if speaker is not None and (speaker != "0" or not labels):
        labels.append(f"speaker {speaker}")  # the first speaker on a channel is the channel's
    return " ".join(labels) or None


FORMAT = JsonFormat("deepgram", "Deepgram", "an object with `results.channels`", _matches, _parse)
