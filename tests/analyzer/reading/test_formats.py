from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError, UsageError
from analyzer.reading import read, stream
from analyzer.reading.formats import ALL_FORMATS, JSON_FORMATS, format_named

ErrorOf = Callable[..., TranscriptError]
Write = Callable[[str, Any], str]

NAMES = [known.name for known in ALL_FORMATS]
GOOD = '{"turns": [{"text": "Hej"}]}'


def test_names_are_unique_and_every_format_says_how_it_is_recognised() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert all(known.title and known.recognised_by for known in ALL_FORMATS)
    assert format_named("webvtt").title == "WebVTT (Teams, Zoom, YouTube)"


def test_every_format_has_a_sample(samples: dict[str, bytes]) -> None:
    assert sorted(samples) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "file", ["call", "call.json", "call.txt", "call.csv", "call.vtt", "CALL.XLSX"]
)
def test_a_format_is_known_by_its_content(
    write: Write, samples: dict[str, bytes], name: str, file: str
) -> None:
    (call,) = read(write(file, samples[name]))
    assert call.format == name
    assert len(call.spoken_turns) == 2


@pytest.mark.parametrize("name", NAMES)
def test_a_format_may_be_named(write: Write, samples: dict[str, bytes], name: str) -> None:
    path = write("call", samples[name])
    assert read(path, format=name) == read(path)


@pytest.mark.parametrize("name", NAMES)
def test_every_format_is_unpacked(write: Write, samples: dict[str, bytes], name: str) -> None:
    def zipped(member: str, data: bytes) -> bytes:
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(member, data)
        return target.getvalue()

    plain, small = samples[name], gzip.compress(samples[name])
    (expected,) = read(write("call.bin", plain))
    packed = [
        *read(write("call.bin.gz", small)),
        *read(write("call.zip", zipped("calls/one.bin", plain))),
        *read(write("call.zip", zipped("calls/one.bin.gz", small))),
        *read(write("call.zip.gz", gzip.compress(zipped("calls/one.bin", plain)))),
    ]
    assert [call.turns for call in packed] == [expected.turns] * 4
    assert {call.format for call in packed} == {name}


@pytest.mark.parametrize("name", [known.name for known in JSON_FORMATS])
def test_json_formats_stand_in_lists_and_lines(
    write: Write, samples: dict[str, bytes], name: str
) -> None:
    value = json.loads(samples[name])
    if name == "azure-conversation":
        (value,) = value["analysisInput"]["conversations"]
    line = json.dumps(value)
    listed = read(write("list.json", f"[\n{line},\n{line}\n]"))
    lines = read(write("lines.json", f"{line}\r\n{line}\r\n"))
    assert [call.format for call in listed + lines] == [name] * 4
    assert len({call.turns for call in listed + lines}) == 1


@pytest.mark.parametrize(
    "lines",
    [
        ["{bad}", GOOD, GOOD],
        [GOOD, "oops", GOOD],
        [GOOD, GOOD, '{"turns": [{"text": "He'],
        ['{"turns": [{"text": "He', GOOD, GOOD],
        ["# exported today", GOOD, GOOD],
        [GOOD, '{"turns": NaN}', GOOD],
        [GOOD, "[" * 100_000, GOOD],
        [GOOD, '{"turns": ' + "1" * 5000 + "}", GOOD],
        [GOOD, "[1]", GOOD],
        [GOOD, '{"a": 1}', GOOD],
        [GOOD, '{"turns": 1}', GOOD],
    ],
)
def test_a_bad_line_among_good_ones_is_one_error(write: Write, lines: list[str]) -> None:
    found = list(stream([write("calls.jsonl", "\n\n".join(lines) + "\n")]))
    assert sorted(type(each).__name__ for each in found) == [
        "Conversation",
        "Conversation",
        "TranscriptError",
    ]
    (error,) = (each for each in found if isinstance(each, TranscriptError))
    bad = next(number for number, line in enumerate(lines) if line != GOOD)
    assert error.place.startswith(f"line {2 * bad + 1}")
    ids = [each.id for each in found if isinstance(each, Conversation)]
    assert ids == [f"calls-{2 * i + 1}" for i, line in enumerate(lines) if line == GOOD]


def test_many_bad_lines_do_not_lose_the_good_one(write: Write) -> None:
    lines = ['{"turns": [{"text": "a"}', '{"turns": [{"text": "b"}', "c", GOOD]
    found = list(stream([write("calls.jsonl", "\n".join(lines))]))
    assert [isinstance(each, Conversation) for each in found] == [False, False, False, True]


@pytest.mark.parametrize(
    "text",
    [
        '{\n  "turns": [\n    {"text": "a"},\n    {"text": "b"}\n',
        '{"turns": [\n{"text": "a"},\n{"text": "b"}\n',
        '{"turns": [\n{"text": NaN},\n{"text": "b"}\n]}',
        '[\n{"turns": [{"text": "a"}]},\n{"turns": [{"text": "b"}]},\n',
    ],
)
def test_damaged_json_over_several_lines_is_one_error(error_of: ErrorOf, text: str) -> None:
    assert error_of(text).place.startswith("line ")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        # empty
        (b"", "the file is empty"),
        (b" \n\t\r\n ", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        ("\ufeff \n".encode("utf-16-le"), "the file is empty"),
        ("\ufeff\n".encode("utf-32-le"), "the file is empty"),
        (b"\0" * 100, "the file is empty"),
        # binary
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1", "found binary data"),
        (
            b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\nstream\n\x02\x10\xffendstream",
            "found binary data",
        ),
        (b"RIFF\x24\0\0\0WAVEfmt ", "found binary data"),
        (bytes(range(256)) * 10, "found binary data"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "found binary data"),
        ("Agent: Hej".encode("utf-16-le"), "found binary data"),
        # text of another kind
        ("Hej med dig", "not a transcript in a format that is read"),
        ("<html><body>Hej</body></html>", "not a transcript in a format that is read"),
        ("a,b\n1,2\n", "not a transcript in a format that is read"),
        ("null", "not a transcript in a format that is read"),
        ("x" * 10_000_000, "not a transcript in a format that is read"),
        # JSON of another kind
        ({}, "JSON of no format that is read (its fields: –)"),
        ({"a": 1, "b\n\x1b": 2}, "JSON of no format that is read (its fields: a, b)"),
        ({"x" * 1000: 1}, "JSON of no format that is read (its fields: xxx"),
        ([], "the list has no calls"),
        ([1], "expected a JSON object that holds a call"),
        ([[GOOD]], "expected a JSON object that holds a call"),
        ([{"text": "Hej"}] * 1000, "JSON of no format that is read (its fields: text)"),
        (list(range(300_000)), "expected a JSON object that holds a call"),
        ('{"turns": [{"text": "' + "a" * 10_000_000, "the JSON ends in the middle"),
        ("[" * 100_000, "nested too deeply"),
        ('{"turns":' * 100_000, "nested too deeply"),
        ('{"turns": ' + "[" * 900 + "]" * 900 + "}", "must be a JSON object"),
    ],
)
def test_what_is_no_transcript_is_one_sentence(
    error_of: ErrorOf, content: Any, expected: str
) -> None:
    assert expected in error_of(content).expected


def test_ten_megabytes_on_one_line(write: Write) -> None:
    (call,) = read(write("call.json", {"turns": [{"text": "a" * 10_000_000}]}))
    assert len(call.turns[0].text) == 10_000_000


@pytest.mark.parametrize("wanted", [known.name for known in JSON_FORMATS])
@pytest.mark.parametrize("content", [5, "Hej", [5], {}, [[]], {"turns": 5}, None])
def test_a_named_format_that_it_is_not(error_of: ErrorOf, wanted: str, content: Any) -> None:
    assert error_of(json.dumps(content), format=wanted)


def test_a_format_that_does_not_exist(write: Write) -> None:
    with pytest.raises(UsageError, match="There is no format 'docx'; use auto or one of: kasper, "):
        read(write("call.json", GOOD), format="docx")
