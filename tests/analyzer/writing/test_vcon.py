from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analyzer.conversation import Conversation, Turn
from analyzer.errors import UsageError
from analyzer.reading import read
from analyzer.report import Report, to_dict
from analyzer.scoring import score
from analyzer.writing import open_writer
from analyzer.writing.vcon import to_vcon

Scored = Callable[..., Report]

ORIGINAL: dict[str, Any] = {
    "vcon": "0.0.2",
    "uuid": "018e3b5a-0000-8000-8000-000000000001",
    "created_at": "2026-03-02T08:14:00+00:00",
    "subject": "a parcel",
    "parties": [
        {"name": "Mette", "role": "agent", "tel": "+4570102030"},
        {"name": "Bo", "role": "customer"},
    ],
    "dialog": [
        {
            "type": "text",
            "start": "2026-03-02T08:14:00+00:00",
            "parties": [0],
            "body": "Det er ikke mit bord",
        },
        {
            "type": "text",
            "start": "2026-03-02T08:14:05+00:00",
            "parties": [1],
            "body": "Det er altså for dårligt",
        },
    ],
    "analysis": [{"type": "summary", "dialog": [0], "vendor": "other", "body": "a call"}],
    "attachments": [{"purpose": "tags", "body": ["vip"]}],
    "x_own": {"kept": True},
}


def plain(value: object) -> Any:
    return json.loads(json.dumps(value))


@pytest.fixture
def original(tmp_path: Path) -> Conversation:
    path = tmp_path / "in.json"
    path.write_text(json.dumps(ORIGINAL), "utf-8")
    (conversation,) = read(path)
    return conversation


def test_a_vcon_that_was_read_keeps_all_that_it_had(original: Conversation) -> None:
    written = to_vcon(score(original))

    assert written["analysis"][:-1] == ORIGINAL["analysis"]
    assert {**written, "analysis": ORIGINAL["analysis"]} == ORIGINAL


def test_the_report_is_the_last_analysis(original: Conversation) -> None:
    report = score(original)

    analysis = to_vcon(report)["analysis"][-1]

    assert (analysis["type"], analysis["vendor"], analysis["product"]) == (
        "report",
        "kasper",
        "kasper-qa",
    )
    assert (analysis["dialog"], analysis["schema"]) == ([0, 1], "kasper-report-1")
    assert plain(analysis["body"]) == plain(to_dict(report))


def test_an_earlier_report_of_ours_is_replaced_and_other_analyses_stay(
    original: Conversation,
) -> None:
    theirs = [
        {"type": "report", "dialog": [0], "vendor": "other", "body": "another report"},
        {"type": "sentiment", "dialog": [0], "vendor": "kasper", "body": "no report"},
    ]
    first = to_vcon(score(original))
    earlier = {**first, "analysis": [*first["analysis"], *theirs]}

    again = to_vcon(score(replace(original, original=earlier)))

    assert again["analysis"][:-1] == [*ORIGINAL["analysis"], *theirs]
    assert again["analysis"][-1]["schema"] == "kasper-report-1"


def test_what_was_read_is_not_changed_by_writing(original: Conversation) -> None:
    before = deepcopy(original.original)

    to_vcon(score(original))

    assert original.original == before


def test_a_vcon_with_a_report_is_read_as_the_same_call(
    original: Conversation, tmp_path: Path
) -> None:
    path = tmp_path / "out.vcon.json"
    with open_writer(path) as writer:
        writer.write(score(original))

    (again,) = read(path)

    assert again.turns == original.turns and again.id == original.id


def test_a_call_of_another_format_becomes_a_vcon(scored: Scored) -> None:
    written = to_vcon(scored("A: hej", "C: hallo", "S: [hold]", "A2: ja"))

    assert [(party["name"], party["role"]) for party in written["parties"]] == [
        ("A1", "agent"),
        ("C1", "customer"),
        ("system", "system"),
        ("A2", "agent"),
    ]
    assert [dialog["body"] for dialog in written["dialog"]] == ["hej", "hallo", "[hold]", "ja"]
    assert [dialog["originator"] for dialog in written["dialog"]] == [0, 1, 2, 3]


def test_a_written_vcon_is_read_as_the_same_turns(scored: Scored, tmp_path: Path) -> None:
    report = scored(
        "A: hej med dig",
        "C: hallo",
        "A2: ja",
        times=[(0, 1), (1.5, 3), (4, 9.25)],
        started_at="2026-03-02T09:14:00+01:00",
    )
    path = tmp_path / "out.vcon.json"
    with open_writer(path) as writer:
        writer.write(report)

    (again,) = read(path)

    assert again.turns == report.conversation.turns


def test_turns_without_times_keep_their_order(scored: Scored, tmp_path: Path) -> None:
    report = scored("A: et", "C: to", "S: [hold]", "A: tre", times=[(3, 4), (5, 6), None, (7, 8)])
    path = tmp_path / "out.vcon.json"
    with open_writer(path) as writer:
        writer.write(report)

    (again,) = read(path)

    assert [turn.text for turn in again.turns] == ["et", "to", "[hold]", "tre"]


@pytest.mark.parametrize(
    ("started_at", "first"),
    [
        ("2026-03-02T09:14:00+01:00", "2026-03-02T09:14:02.000+01:00"),
        ("2026-03-02T09:14:00", "2026-03-02T09:14:02.000+00:00"),
        ("yesterday", "1970-01-01T00:00:02.000+00:00"),
        (None, "1970-01-01T00:00:02.000+00:00"),
    ],
)
def test_dialogs_have_times_of_day(scored: Scored, started_at: str | None, first: str) -> None:
    written = to_vcon(scored("A: hej", "C: hej", times=[(2, 3), (3, 4)], started_at=started_at))

    assert (written["dialog"][0]["start"], written["dialog"][0]["duration"]) == (first, 1)


def test_the_same_call_has_the_same_uuid_each_time(scored: Scored) -> None:
    first, again, other = (to_vcon(scored(id=id))["uuid"] for id in ("c-1", "c-1", "c-2"))

    assert first == again != other and uuid.UUID(first).version == 5


def test_a_file_with_one_vcon_takes_one_call(tmp_path: Path, scored: Scored) -> None:
    path = tmp_path / "out.vcon.json"
    path.write_text("last week's", "utf-8")

    with pytest.raises(UsageError, match=r"one call; name the output \.vcon\.jsonl for several"):
        with open_writer(path) as writer:
            writer.write(scored())
            writer.write(scored(id="c-2"))

    assert path.read_text("utf-8") == "last week's"


def test_lines_of_vcons_take_many_calls(tmp_path: Path, scored: Scored) -> None:
    path = tmp_path / "out.vcon.jsonl"

    with open_writer(path) as writer:
        writer.write(scored())
        writer.write(scored(id="c-2"))

    lines = path.read_text("utf-8").splitlines()
    assert [json.loads(line)["analysis"][-1]["body"]["id"] for line in lines] == ["c-1", "c-2"]


def test_a_call_without_a_score_is_written_with_its_reason(scored: Scored) -> None:
    body = to_vcon(scored("A: hallo"))["analysis"][-1]["body"]

    assert body["score"] is None
    assert {"feature": "score", "reason_code": "ONE_SIDE_ONLY"} in body["skipped_analysis"]


def test_a_speaker_without_a_name_is_called_by_the_role() -> None:
    conversation = Conversation("c-1", (Turn("hej", "agent"), Turn("hallo", "customer")))

    assert [party["name"] for party in to_vcon(score(conversation))["parties"]] == [
        "agent",
        "customer",
    ]


def test_a_redacted_call_is_written_without_the_document_that_was_read(
    original: Conversation,
) -> None:
    named = [replace(turn, text=f"{turn.text}, Mette") for turn in original.turns]
    conversation = replace(original, turns=tuple(named))

    written = to_vcon(score(conversation, redact=True))

    assert [dialog["body"] for dialog in written["dialog"]] == [
        "Det er ikke mit bord, [PERSON_1]",
        "Det er altså for dårligt, [PERSON_1]",
    ]
    assert not any(secret in json.dumps(written) for secret in ("Mette", 'Bo"', "70102030", "vip"))
    assert [party["name"] for party in written["parties"]] == ["A1", "C1"]
