"""Google Speech-to-Text: results with words, diarised or by channel, in version 1 and 2."""

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
    shaped,
    turns_from_words,
)
from analyzer.reading.clock import seconds


class _Duration(Shape):
    seconds: int = 0
    nanos: int = 0


class _Word(Shape):
    word: str
    startTime: _Duration | str | None = None
    endTime: _Duration | str | None = None
    startOffset: _Duration | str | None = None
    endOffset: _Duration | str | None = None
    speakerTag: int | None = None
    speakerLabel: str | None = None


class _Alternative(Shape):
    transcript: str = ""
    words: list[_Word] = []


class _Result(Shape):
    alternatives: list[_Alternative] = []
    channelTag: int | None = None
    languageCode: str | None = None


class _File(Shape):
    results: list[_Result]


def _matches(value: Mapping[str, Any]) -> bool:
    results = _unwrapped(value).get("results")
    return isinstance(results, list) and any(
        isinstance(result, dict) and "alternatives" in result and "type" not in result
        for result in results[:3]
    )


def _unwrapped(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """A long-running operation keeps the results in `response`."""
    response = value.get("response")
    return response if isinstance(response, dict) else value


def _parse(value: Mapping[str, Any], origin: Origin) -> Conversation:
    file = shaped(_File, _unwrapped(value), origin)
    results = [result for result in file.results if result.alternatives]
    # With diarisation, the last result repeats all words of the others with their speakers.
    if len(results) > 1 and any(_speaker(word) for word in results[-1].alternatives[0].words):
        results = results[-1:]
    languages = {result.languageCode for result in file.results if result.languageCode}
    return conversation(
        origin,
        FORMAT.name,
        by_time(_turns(results)),
        language=languages.pop() if len(languages) == 1 else None,
    )


def _turns(results: list[_Result]) -> Iterator[Turn]:
    for result in results:
        best = result.alternatives[0]
        channel = f"channel {result.channelTag}" if result.channelTag else None
        if not best.words:
            yield Turn(best.transcript, "unknown", channel)
        yield from turns_from_words(
            Word(
                word.word,
                _seconds(word.startTime or word.startOffset),
                _seconds(word.endTime or word.endOffset),
                _speaker(word) or channel,
            )
            for word in best.words
        )


def _speaker(word: _Word) -> str | None:
    if word.speakerLabel:
        return f"speaker {word.speakerLabel}"
    return f"speaker {word.speakerTag}" if word.speakerTag else None


def _seconds(time: _Duration | str | None) -> float | None:
    if isinstance(time, _Duration):
        return time.seconds + time.nanos / 1e9
    return seconds(time.removesuffix("s")) if time else None


FORMAT = JsonFormat(
    "google-stt",
    "Google Speech-to-Text",
    "an object with a list `results` of `alternatives`",
    _matches,
    _parse,
)
