from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError

ReadOne = Callable[..., Conversation]
Rows = Callable[[Conversation], list[tuple[Any, ...]]]


def v1(word: str, start: float, speaker: int | None = None) -> dict[str, Any]:
    nanos = round(start % 1 * 1e9)
    found: dict[str, Any] = {
        "word": word,
        "startTime": {"seconds": str(int(start)), "nanos": nanos},
        "endTime": f"{start + 0.4:.3f}s",
    }
    return found if speaker is None else found | {"speakerTag": speaker}


def v2(word: str, start: float, speaker: str) -> dict[str, Any]:
    return {
        "word": word,
        "startOffset": f"{start:.3f}s",
        "endOffset": f"{start + 0.4:.3f}s",
        "speakerLabel": speaker,
    }


def result(*words: Any, **more: Any) -> dict[str, Any]:
    text = " ".join(word["word"] for word in words)
    return {"alternatives": [{"transcript": text, "confidence": 0.9, "words": words}], **more}


def test_the_last_result_of_version_1_repeats_all_words(read_one: ReadOne, rows: Rows) -> None:
    file = {
        "results": [
            result(v1("Goddag.", 0.5), v1("Hej.", 1.5), languageCode="da-dk"),
            result(v1("Farvel.", 9.0)),
            {"alternatives": []},
            result(v1("Goddag.", 0.5, 1), v1("Hej.", 1.5, 2), v1("Farvel.", 9.0, 2)),
        ]
    }
    call = read_one(file)
    assert (call.format, call.language) == ("google-stt", "da-dk")
    assert rows(call) == [
        ("unknown", "speaker 1", "Goddag.", 0.5, 0.9),
        ("unknown", "speaker 2", "Hej.", 1.5, 1.9),
        ("unknown", "speaker 2", "Farvel.", 9.0, 9.4),
    ]


def test_every_result_of_version_2_has_words_of_its_own(read_one: ReadOne, rows: Rows) -> None:
    file = {
        "results": [
            result(v2("Goddag.", 0.5, "1"), v2("Hej.", 1.2, "2"), resultEndOffset="1.600s"),
            result(v2("Det", 1.7, "2"), v2("er", 2.1, "2"), v2("Jens.", 2.5, "2")),
        ],
        "metadata": {"totalBilledDuration": "3s"},
    }
    assert rows(read_one(file)) == [
        ("unknown", "speaker 1", "Goddag.", 0.5, 0.9),
        ("unknown", "speaker 2", "Hej. Det er Jens.", 1.2, 2.9),
    ]


def test_a_long_running_operation_and_channels(read_one: ReadOne, rows: Rows) -> None:
    results = [
        result(v1("Goddag.", 0.0), channelTag=1, languageCode="da-dk"),
        result(v1("Det", 0.5), v1("er", 0.9), channelTag=1, languageCode="en-us"),
        result(v1("Mhm.", 0.3), channelTag=2),
    ]
    call = read_one({"name": "123", "done": True, "response": {"results": results}})
    assert call.language is None  # two are named
    assert rows(call) == [
        ("unknown", "channel 1", "Goddag.", 0.0, 0.4),
        ("unknown", "channel 2", "Mhm.", 0.3, 0.7),
        ("unknown", "channel 1", "Det er", 0.5, 1.3),
    ]


def test_a_first_word_without_a_start_and_results_without_words(
    read_one: ReadOne, rows: Rows
) -> None:
    # a start of 0 s is left out by the service
    words = [{"word": "Ja", "endOffset": "0.300s"}, v2("tak", 0.4, "")]
    assert rows(read_one({"results": [result(*words)]})) == [("unknown", None, "Ja tak", 0.4, 0.8)]
    plain = {"results": [{"alternatives": [{"transcript": " Goddag."}]}]}
    assert rows(read_one(plain)) == [("unknown", None, "Goddag.", None, None)]


@pytest.mark.parametrize(
    "time", [12, [], {"seconds": []}, {"nanos": "x"}, "soon", "", "-1s", {"seconds": "1" * 400}]
)
def test_a_time_that_cannot_be_read_is_unknown(read_one: ReadOne, rows: Rows, time: Any) -> None:
    file = {"results": [result({"word": "Ja", "startTime": time})]}
    assert rows(read_one(file)) == [("unknown", None, "Ja", None, None)]


@pytest.mark.parametrize(
    ("results", "place"),
    [
        ([{"alternatives": []}], ""),
        ([{"alternatives": ["a"]}], "results.0.alternatives.0"),
        ([{"alternatives": [{"words": [{"word": {}}]}]}], "results.0.alternatives.0.words.0.word"),
        ([{"alternatives": [{"words": [{}]}]}], "results.0.alternatives.0.words.0.word"),
        ([{"alternatives": []}, 5], "results.1"),
    ],
)
def test_a_wrong_type_is_named(
    error_of: Callable[..., TranscriptError], results: Any, place: str
) -> None:
    assert error_of({"results": results}).place == (place and f"field {place}")
