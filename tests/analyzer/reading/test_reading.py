"""The package as a whole: `read` and `stream`, and that no damaged file stops either."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.conversation import Conversation, RoleDecision
from analyzer.errors import TranscriptError
from analyzer.reading import read, read_location, stream
from analyzer.reading.formats import ALL_FORMATS, JSON_FORMATS

Write = Callable[[str, Any], str]
NAMES = [known.name for known in ALL_FORMATS]
CALL = "Agent: Goddag.\nKunde: Hej.\n"


def test_read_gives_the_calls_and_raises_the_first_error(write: Write, tmp_path: Path) -> None:
    write("a.txt", CALL)
    write("b.txt", "Hej")
    write("c.txt", CALL)
    assert [call.id for call in read(tmp_path / "a.txt")] == ["a"]
    with pytest.raises(TranscriptError, match="b.txt: not a transcript"):
        read(tmp_path)


def test_stream_puts_an_error_in_the_place_of_a_call(write: Write, tmp_path: Path) -> None:
    write("a.txt", CALL)
    write("b.txt", "Hej")
    write("c.txt", CALL)
    assert [type(each).__name__ for each in stream([str(tmp_path)])] == [
        "Conversation",
        "TranscriptError",
        "Conversation",
    ]


def test_stream_reads_one_document_at_a_time(write: Write, tmp_path: Path) -> None:
    first, second = write("a.txt", CALL), write("b.txt", CALL)
    calls = stream([first, second])
    assert isinstance(next(calls), Conversation)
    Path(second).unlink()
    assert isinstance(next(calls), TranscriptError)


def test_an_error_of_locating_passes_through() -> None:
    error = TranscriptError("x", "no such file", "check the path")
    assert list(read_location(error)) == [error]


def test_what_the_file_says_of_the_roles_is_given(write: Write) -> None:
    (call,) = read(write("a.txt", CALL))
    assert call.roles == RoleDecision("given")


def mutations(data: bytes, others: list[bytes]) -> st.SearchStrategy[bytes]:
    """The file cut, with bytes changed or removed, or with a piece of another file in it."""
    places = st.integers(0, len(data))
    pieces = st.one_of(
        st.binary(max_size=8),
        st.sampled_from(_TOKENS),
        st.tuples(st.sampled_from(others), st.integers(0, 400)).map(lambda p: p[0][p[1] :][:120]),
    )

    @st.composite
    def mutated(draw: st.DrawFn) -> bytes:
        found = data
        for _ in range(draw(st.integers(1, 3))):
            start = draw(places)
            end = draw(st.one_of(st.integers(start, start + 12), st.just(len(found))))
            found = found[:start] + draw(pieces) + found[end:]
        return found

    return mutated()


_TOKENS = [
    *(b"null", b"-1", b"1e999", b"NaN", b"[]", b"{}", b'""', b"true", b"99999999999999999999"),
    *(b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\r", b"\n\n", b'"', b"\\ud800", b"\xc3", b"[" * 2000),
    *(b";", b",", b"\t", b":", b"-->", b"<v ", b"PAR1", b"PK\x03\x04", b"\x1f\x8b", b"00:99:99"),
]


def assert_answered(path: str, format: str) -> None:
    """Every call is sound and every error is one sentence; `read` raises nothing else."""
    answers = list(stream([path], format=format))
    assert answers
    for answer in answers:
        if isinstance(answer, TranscriptError):
            assert "\n" not in str(answer) and str(answer).startswith(path)
            continue
        assert any(turn.text.strip() for turn in answer.spoken_turns)
        json.dumps([answer.id, answer.language, answer.original], ensure_ascii=False).encode()
        for turn in answer.turns:
            f"{turn.text}{turn.speaker}".encode()
            times = [time for time in (turn.start, turn.end) if time is not None]
            assert all(math.isfinite(time) and time >= 0 for time in times)
            assert times == sorted(times)
    try:
        assert read(path, format=format) == answers
    except TranscriptError as error:
        assert isinstance(error, TranscriptError) and error in map(_same(error), answers)


def _same(error: TranscriptError) -> Callable[[Any], Any]:
    return lambda answer: error if str(answer) == str(error) else answer


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_damage_to_a_file_stops_the_reading(
    name: str, data: st.DataObject, samples: dict[str, bytes], tmp_path: Path
) -> None:
    path = tmp_path / "call"
    path.write_bytes(data.draw(mutations(samples[name], list(samples.values()))))
    assert_answered(str(path), data.draw(st.sampled_from(["auto", name])))


junk = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.just(10**400),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=5),
        st.sampled_from(["\ud800", "-1", "1e999", "P9D", "0001-01-01T00:00:00+23:59", "9" * 5000]),
    ),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=4,
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to everything inside a JSON value."""
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return [path, *(found for key, item in inner for found in paths(item, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    changed = value.copy()
    changed[path[0]] = replaced(value[path[0]], path[1:], new)
    return changed


@pytest.mark.parametrize("name", [known.name for known in JSON_FORMATS])
@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_value_in_a_field_stops_the_reading(
    name: str, data: st.DataObject, samples: dict[str, bytes], tmp_path: Path
) -> None:
    value = json.loads(samples[name])
    for _ in range(data.draw(st.integers(1, 2))):
        value = replaced(value, data.draw(st.sampled_from(paths(value))), data.draw(junk))
    path = tmp_path / "call"
    path.write_text(json.dumps(value))
    assert_answered(str(path), data.draw(st.sampled_from(["auto", name])))
