from __future__ import annotations

import json

import pytest

from analyzer.errors import TranscriptError
from analyzer.reading.document import Document, JsonError, parse_json, shown


def document(data: bytes) -> Document:
    return Document("call.json", data, "call")


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_every_line_end_is_read(ends: str) -> None:
    assert document(f"a{ends}b{ends}{ends}c".encode()).text == "a\nb\n\nc"


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b' {"a": 1}', True), (b"\xef\xbb\xbf\n[", True), (b"Agent:", False), (b"", False)],
)
def test_starts_like_json(data: bytes, expected: bool) -> None:
    assert document(data).starts_like_json is expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, 2.5, "å", null, true]}', {"a": [1, 2.5, "å", None, True]}),
        (r'"\ud83d\ude00"', "😀"),
        (r'"\ud83d"', "\ufffd"),
        (r'"\ude00\ud83d"', "\ufffd\ufffd"),
        (r'"\\ud83d \\\ud83d"', "\\ud83d \\\ufffd"),
        (r'"\uD83D\u0041"', "\ufffdA"),
    ],
)
def test_json(text: str, value: object) -> None:
    assert parse_json(text) == value
    json.dumps(parse_json(text), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ('{"a": 1', "line 1, column 8", "the JSON ends in the middle"),
        ('{"a":\n [1,\n', "line 3, column 1", "the JSON ends in the middle"),
        ('{"a":\n "b', "line 2, column 2", "the JSON ends in the middle"),
        ('{"a": 1} x', "line 1, column 10", "not valid JSON: something stands after its end"),
        ('{"a": 1}\n}', "line 2, column 1", "not valid JSON: something stands after its end"),
        ("{'a': 1}", "line 1, column 2", "not valid JSON: a name in double quotes is missing"),
        ('{"a": "b\nc"}', "line 1, column 9", "not valid JSON: a line breaks off inside a text"),
        ('["NaN", "\\"NaN",\n NaN]', "line 2, column 2", "NaN is no number there"),
        ("[Infinity]", "line 1, column 2", "Infinity is no number there"),
        ("[1, -Infinity]", "line 1, column 5", "-Infinity is no number there"),
        ('{"n": ' + "1" * 5000 + "}", "line 1, column 7", "a number with too many digits"),
        ("[" * 100_000, "", "nested too deeply"),
        ('{"a":' * 100_000, "", "nested too deeply"),
    ],
)
def test_what_is_no_json_is_named(text: str, place: str, expected: str) -> None:
    with pytest.raises(TranscriptError) as raised:
        _ = document(text.encode()).json
    assert raised.value.place == place
    assert expected in raised.value.expected
    with pytest.raises(JsonError, match=";"):
        parse_json(text)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("plain", "plain"),
        ("two\nlines\tand \x1b[31mcolour\x1b[0m", "two lines and [31mcolour [0m"),
        ("x" * 61, "x" * 59 + "…"),
        ("x" * 60, "x" * 60),
        (12, "12"),
    ],
)
def test_shown(said: object, expected: str) -> None:
    assert shown(said) == expected
