from __future__ import annotations

import copy
import pickle

import pytest

from analyzer.errors import KasperError, ModelError, ScorecardError, TranscriptError, UsageError


@pytest.mark.parametrize("kind", [ModelError, ScorecardError, TranscriptError, UsageError])
def test_every_error_on_purpose_is_a_kasper_error(kind: type[Exception]) -> None:
    assert issubclass(kind, KasperError)


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("line 7", "a.vtt, line 7: expected a time; export it again."),
        ("", "a.vtt: expected a time; export it again."),
    ],
)
def test_a_transcript_error_says_where_what_and_what_to_do(place: str, message: str) -> None:
    error = TranscriptError("a.vtt", "expected a time", "export it again", place=place)

    assert str(error) == message


def test_a_transcript_error_keeps_its_parts() -> None:
    error = TranscriptError("a.vtt", "expected a time", "export it again", place="line 7")

    assert (error.source, error.place, error.expected, error.remedy) == (
        "a.vtt",
        "line 7",
        "expected a time",
        "export it again",
    )


@pytest.mark.parametrize("clone", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_a_transcript_error_survives_the_way_between_processes(clone: object) -> None:
    error = TranscriptError("a.vtt", "expected a time", "export it again", place="line 7")

    other = clone(error)  # type: ignore[operator]

    assert (type(other), str(other), other.place) == (TranscriptError, str(error), "line 7")
