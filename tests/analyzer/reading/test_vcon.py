from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError

ReadOne = Callable[..., Conversation]
Rows = Callable[[Conversation], list[tuple[Any, ...]]]
ErrorOf = Callable[..., TranscriptError]


def vcon(**more: Any) -> dict[str, Any]:
    return {
        "vcon": "0.0.2",
        "uuid": "0190-uuid",
        "created_at": "2026-03-02T10:00:00Z",
        "subject": None,
        "parties": [
            {"tel": "+4500000000", "name": "", "meta": {"role": "customer"}},
            {"name": "Mette", "role": "agent"},
        ],
        "dialog": [],
        "analysis": [],
        "attachments": [],
        **more,
    }


def text(party: Any, body: Any, second: int, **more: Any) -> dict[str, Any]:
    start = f"2026-03-02T09:14:{second:02d}+01:00"
    return {"type": "text", "start": start, "parties": party, "body": body, **more}


def recording(second: int = 0) -> dict[str, Any]:
    start = f"2026-03-02T09:14:{second:02d}+01:00"
    return {"type": "recording", "start": start, "duration": 20, "parties": [0, 1], "url": "x.wav"}


def transcript(dialog: Any, *segments: Any, kind: str = "transcript") -> dict[str, Any]:
    return {"type": kind, "dialog": dialog, "vendor": "x", "body": {"segments": list(segments)}}


def test_text_dialogs_and_a_transfer(read_one: ReadOne, rows: Rows) -> None:
    file = vcon(
        dialog=[
            text(1, "Goddag.", 1, mimetype="text/plain", duration=2.5),
            text([0, 1], "Hej.", 4),
            {"type": "transfer", "start": "2026-03-02T08:14:06Z", "transfer-target": 1},
            text([0, 1], "Nå, Mette.", 9, originator=1),
            text(None, "Hvem?", 10),
        ]
    )
    call = read_one(file)
    assert (call.format, call.id) == ("vcon", "0190-uuid")
    assert call.started_at == "2026-03-02T09:14:01+01:00"
    assert call.original == file  # the result can be written back
    assert rows(call) == [
        ("agent", "A1", "Goddag.", 0.0, 2.5),
        ("customer", "C1", "Hej.", 3.0, None),
        ("system", None, "[transfer]", 5.0, None),
        ("agent", "A1", "Nå, Mette.", 8.0, None),
        ("unknown", None, "Hvem?", 9.0, None),
    ]


def test_a_recording_with_its_transcript(read_one: ReadOne, rows: Rows) -> None:
    segments = (
        {"party": 1, "text": "Goddag.", "start": 0.5, "end": 1.0},
        {"party": 0, "text": "Hej.", "start": 1.5, "end": 2.0},
    )
    summary = {"type": "summary", "dialog": 0, "body": "A greeting."}
    file = vcon(dialog=[recording()], analysis=[summary, transcript(0, *segments)])
    assert rows(read_one(file)) == [
        ("agent", "A1", "Goddag.", 0.5, 1.0),
        ("customer", "C1", "Hej.", 1.5, 2.0),
    ]


def test_every_recording_of_a_call_is_read_once(read_one: ReadOne, rows: Rows) -> None:
    def said(text: str) -> dict[str, Any]:
        return {"party": 0, "text": text, "start": 0.5, "end": 1.0}

    file = vcon(
        dialog=[
            recording(),
            {"type": "transfer", "start": "2026-03-02T09:14:25+01:00"},
            recording(30),
        ],
        analysis=[
            transcript(0, kind="diarized"),
            transcript(0, said("Første del.")),
            transcript(0, said("Første del igen."), kind="diarized"),
            transcript([2], said("Anden del.")),
        ],
    )
    assert rows(read_one(file)) == [
        ("customer", "C1", "Første del.", 0.5, 1.0),
        ("system", None, "[transfer]", 25.0, None),
        ("customer", "C1", "Anden del.", 30.5, 31.0),
    ]


def test_a_chat_before_the_call_is_kept_with_it(read_one: ReadOne, rows: Rows) -> None:
    said = {"party": 1, "text": "Goddag.", "start": 1.0, "end": 2.0}
    file = vcon(dialog=[text(0, "Ring mig op.", 0), recording(30)], analysis=[transcript(1, said)])
    assert rows(read_one(file)) == [
        ("customer", "C1", "Ring mig op.", 0.0, None),
        ("agent", "A1", "Goddag.", 31.0, 32.0),
    ]


def test_a_body_may_be_a_string_of_json(read_one: ReadOne, rows: Rows) -> None:
    body = json.dumps([{"speaker": "Agent", "text": "Goddag."}, {"speaker": 1, "text": "Hej."}])
    analysis = {"type": "transcript", "dialog": 0, "encoding": "json", "body": body}
    assert rows(read_one(vcon(dialog=[recording()], analysis=[analysis]))) == [
        ("agent", "A1", "Goddag.", None, None),
        ("unknown", "speaker 1", "Hej.", None, None),
    ]


def test_a_body_in_base64url(read_one: ReadOne, rows: Rows) -> None:
    body = base64.urlsafe_b64encode("Øh, hej?".encode()).decode().rstrip("=")
    file = vcon(dialog=[text(0, body, 0, encoding="base64url")])
    assert rows(read_one(file)) == [("customer", "C1", "Øh, hej?", 0.0, None)]


def test_without_version_uuid_and_times(read_one: ReadOne, rows: Rows) -> None:
    file = vcon(dialog=[{"type": "text", "parties": 0, "body": "Hej.", "start": "yesterday"}])
    del file["vcon"], file["uuid"]
    call = read_one(file, name="chat.json")
    assert (call.id, call.started_at) == ("chat", "2026-03-02T10:00:00Z")
    assert rows(call) == [("customer", "C1", "Hej.", None, None)]


@pytest.mark.parametrize(
    "start", ["0001-01-01T00:00:00", "9999-12-31T23:59:59-23:59", "2026-03-02"]
)
def test_the_ends_of_time(read_one: ReadOne, start: str) -> None:
    file = vcon(dialog=[text(0, "Hej.", 0), {"type": "text", "start": start, "body": "Dav."}])
    assert len(read_one(file).turns) == 2


@pytest.mark.parametrize(
    ("change", "place", "expected"),
    [
        ({}, "dialog", "no dialog"),
        ({"dialog": None, "analysis": None}, "dialog", "no dialog"),
        ({"dialog": [recording()]}, "", "no text, only references"),
        (
            {"dialog": [recording() | {"parties": [0, 99]}]},
            "dialog.0.parties",
            "party 99 does not exist, the vCon has 2",
        ),
        ({"dialog": [recording() | {"parties": -1}]}, "dialog.0.parties", "party -1"),
        ({"dialog": [text(0, "", 0)]}, "", "no text"),
        ({"dialog": [{"type": "transfer"}]}, "", "no speech"),
        ({"dialog": [text(0, "#", 0, encoding="base64url")]}, "dialog.0.body", "base64url"),
        ({"dialog": [text(0, "_w==", 0, encoding="base64url")]}, "dialog.0.body", "base64url"),
        ({"dialog": [5]}, "dialog.0", "a JSON object"),
        ({"dialog": [{"start": "x"}]}, "dialog.0.type", "is missing"),
        ({"dialog": [text(0, "a", 0, duration="long")]}, "dialog.0.duration", "number"),
        ({"parties": "none", "dialog": [recording()]}, "parties", "list"),
        ({"analysis": [{"body": 1}]}, "analysis.0.type", "is missing"),
        ({"analysis": [transcript(0, "a")]}, "analysis.0.body, segments.0", "a JSON object"),
        (
            {"analysis": [transcript(-7, {"text": {}})]},
            "analysis.0.body, segments.0.text",
            "must be text",
        ),
    ],
)
def test_what_does_not_fit_is_named(
    error_of: ErrorOf, change: dict[str, Any], place: str, expected: str
) -> None:
    error = error_of(vcon(**change))
    assert error.place == (place and "field ") + place.replace(", ", ", field ")
    assert expected in error.expected
