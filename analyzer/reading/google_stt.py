"""Google Speech-to-Text: results with words, diarised or by channel, in version 1 and 2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import AliasChoices, Field

from analyzer.conversation import Conversation, Turn
from analyzer.reading.clock import seconds
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

_NONE = (None, "", "0")  # tags count from 1


class _Word(Shape):
    word: str
    # seconds and nanos, or text such as `1.200s`
    start: Any = Field(default=None, validation_alias=AliasChoices("startTime", "startOffset"))
    end: Any = Field(default=None, validation_alias=AliasChoices("endTime", "endOffset"))
    speaker: str | None = Field(
        default=None, validation_alias=AliasChoices("speakerLabel", "speakerTag")
    )


class _Alternative(Shape):
    transcript: str = ""
    words: list[_Word] = []


class _Result(Shape):
    alternatives: list[_Alternative] = []
    channelTag: str | None = None
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
    if len(results) > 1 and _repeats(results[-1], results[0]):
        results = results[-1:]
    languages = {result.languageCode for result in file.results if result.languageCode}
    return conversation(
        origin,
        FORMAT.name,
        merge_segments(by_time(_turns(results))),
        language=languages.pop() if len(languages) == 1 else None,
    )


def _repeats(last: _Result, first: _Result) -> bool:
    """Whether the last result begins anew, with speakers: version 1 diarises all words there."""
    again, words = last.alternatives[0].words, first.alternatives[0].words
    return bool(words) and any(map(_speaker, again)) and _start(again) == _start(words)


def _start(words: list[_Word]) -> tuple[str, float | None]:
    return words[0].word, _seconds(words[0].start)


def _turns(results: list[_Result]) -> Iterator[Turn]:
    for result in results:
        best = result.alternatives[0]
        channel = None if result.channelTag in _NONE else f"channel {result.channelTag}"
        if not best.words:
            yield Turn(best.transcript, "unknown", channel)
        yield from turns_from_words(
            Word(
                word.word,
                _seconds(word.start),
                _seconds(word.end),
                _speaker(word) or channel,
            )
            for word in best.words
        )


def _speaker(word: _Word) -> str | None:
    return None if word.speaker in _NONE else f"speaker {word.speaker}"


def _seconds(time: Any) -> float | None:
    if isinstance(time, dict):
        whole, nanos = (seconds(str(time.get(part, 0))) for part in ("seconds", "nanos"))
        return None if whole is None or nanos is None else whole + nanos / 1e9
    return seconds(time.removesuffix("s")) if isinstance(time, str) else None


FORMAT = JsonFormat(
    "google-stt",
    "Google Speech-to-Text",
    "an object with a list `results` of `alternatives`",
    _matches,
    _parse,
)
