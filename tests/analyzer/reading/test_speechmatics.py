from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError

ReadOne = Callable[..., Conversation]
Rows = Callable[[Conversation], list[tuple[Any, ...]]]


def word(content: str, start: float, speaker: str | None = None, **more: Any) -> dict[str, Any]:
    best = {"content": content, "confidence": 0.9, "language": "da"}
    if speaker:
        best["speaker"] = speaker
    return {
        "type": "word",
        "start_time": start,
        "end_time": start + 0.4,
        "alternatives": [best],
        **more,
    }


def mark(content: str, start: float, speaker: str | None = None) -> dict[str, Any]:
    return word(content, start, speaker, type="punctuation", attaches_to="previous", end_time=start)


def file(*results: Any) -> dict[str, Any]:
    return {
        "format": "2.9",
        "job": {"id": "job-1", "created_at": "2026-03-02T09:00:00Z", "duration": 9},
        "metadata": {
            "created_at": "2026-03-02T09:14:00Z",
            "type": "transcription",
            "transcription_config": {"language": "da", "diarization": "speaker"},
        },
        "results": list(results),
    }


def test_words_are_grouped_by_speaker(read_one: ReadOne, rows: Rows) -> None:
    call = read_one(
        file(
            word("Goddag", 0.5, "S1"),
            mark(".", 0.9, "S1"),
            word("Hej", 1.5, "S2"),
            mark(",", 1.9, "UU"),
            word("Jens", 2.0, "S2"),
            {"type": "speaker_change", "start_time": 2.4, "end_time": 2.4, "score": 0.8},
            word("Hm", 3.0, "UU"),
        )
    )
    assert (call.format, call.id, call.language, call.started_at) == (
        "speechmatics",
        "job-1",
        "da",
        "2026-03-02T09:14:00Z",
    )
    assert rows(call) == [
        ("unknown", "S1", "Goddag.", 0.5, 0.9),
        ("unknown", "S2", "Hej, Jens", 1.5, 2.4),
        ("unknown", None, "Hm", 3.0, 3.4),
    ]


def test_channels_are_merged_by_time(read_one: ReadOne, rows: Rows) -> None:
    call = read_one(
        file(
            word("Goddag", 0.5, channel="agent"),
            word("Farvel", 6.0, channel="agent"),
            word("Mhm", 0.7, channel="kunde"),
        )
    )
    assert rows(call) == [
        ("unknown", "agent", "Goddag", 0.5, 0.9),
        ("unknown", "kunde", "Mhm", 0.7, 1.1),
        ("unknown", "agent", "Farvel", 6.0, 6.4),
    ]


@pytest.mark.parametrize(
    ("results", "place"),
    [
        ([word("", 1.0)], ""),
        ([word("a", 1.0), 5], "results.1"),
        ([word("a", 1.0), {"start_time": 1}], "results.1.type"),
        ([word("a", 1.0, start_time="soon")], "results.0.start_time"),
        ([word("a", 1.0, alternatives=[{}])], "results.0.alternatives.0.content"),
        ([word("a", 1.0, channel={})], "results.0.channel"),
    ],
)
def test_a_wrong_type_is_named(
    error_of: Callable[..., TranscriptError], results: Any, place: str
) -> None:
    assert error_of(file(*results)).place == (place and f"field {place}")
