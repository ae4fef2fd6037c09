from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

from analyzer.report import Report, from_dict, to_dict, to_json
from analyzer.scorecard import default_scorecard
from analyzer.traits import LABELS

Scored = Callable[..., Report]


@pytest.fixture(scope="module")
def report(scored: Scored) -> Report:
    return scored(
        "A: Kundeservice, goddag.",
        "C: Det er tredje gang 🙃, jeg ringer. Det er simpelthen for dårligt.",
        "A: [suk] Det er ikke mit bord.",
        "A: Det er ikke mit bord.",
        "A: Det er stadig ikke mit bord.",
        language="da",
        started_at="2026-03-02T09:14:00+01:00",
        customer_id="k-77",
        agent_id="a-12",
        queue="support",
        source="calls/c-1.json",
        times=[(0, 2), (2, 6.5), (7, 9), (9, 10), (10, 12)],
    )


@pytest.fixture(scope="module")
def plain(report: Report) -> dict[str, Any]:
    """The report as whoever reads the JSON gets it."""
    loaded: dict[str, Any] = json.loads(to_json(report))
    return loaded


def test_a_report_is_one_line_of_json(report: Report) -> None:
    assert "\n" not in to_json(report)


def test_nothing_is_lost_on_the_way_through_json(report: Report) -> None:
    plain = json.loads(to_json(report))

    assert plain == json.loads(json.dumps(to_dict(report)))


def test_a_report_comes_back_from_its_json(report: Report) -> None:
    again = from_dict(json.loads(to_json(report)), report.conversation)

    assert to_json(again) == to_json(report)
    assert again.flags == report.flags and again.scorecard == report.scorecard


def test_a_call_without_a_score_comes_back_from_its_json(scored: Scored) -> None:
    report = scored("A: Goddag.", "A: Hallo?", language="da")

    again = from_dict(json.loads(to_json(report)), report.conversation)

    assert to_json(again) == to_json(report)
    assert again.flags == report.flags and again.scorecard == report.scorecard


def test_letters_are_written_as_themselves(report: Report) -> None:
    assert "dårligt" in to_json(report)


CONTRACT: list[tuple[str, object]] = [
    ("schema_version", "1"),
    ("id", "c-1"),
    ("language", "da"),
    ("turn_count", 5),
    ("duration_s", 12),
    ("started_at", "2026-03-02T09:14:00+01:00"),
    ("customer_id", "k-77"),
    ("agent_id", "a-12"),
    ("queue", "support"),
    ("source", "calls/c-1.json"),
    ("format", "kasper"),
    ("roles", {"method": "given", "probability": None}),
    ("transfers", 0),
]


@pytest.mark.parametrize(("field", "value"), CONTRACT, ids=[field for field, _ in CONTRACT])
def test_a_field_of_the_contract_holds_what_is_known(
    plain: dict[str, Any], field: str, value: object
) -> None:
    assert plain[field] == value


TYPES: list[tuple[str, dict[str, type | tuple[type, ...]]]] = [
    (
        "evidence.0",
        {
            "label": str,
            "turn": int,
            "start": int,
            "end": int,
            "text": str,
            "probability": float,
            "role": str,
            "source": str,
        },
    ),
    ("outcome", {"resolved": bool, "failure": bool, "recovery": int}),
    ("flags.0", {"name": str, "reason": str, "turns": list}),
    ("scorecard", {"name": str, "revision": int, "answers": list, "arithmetic": str}),
    (
        "scorecard.answers.0",
        {
            "question": str,
            "section": str,
            "answer": str,
            "source": str,
            "score": float,
            "potential_score": float,
            "turns": list,
        },
    ),
    ("model", {"name": str, "version": str, "sha256": str}),
    ("", {"counts": dict, "score": float, "band": str, "score_range": list, "metrics": dict}),
]


@pytest.mark.parametrize(
    ("path", "field", "kind"),
    [(path, field, kind) for path, fields in TYPES for field, kind in fields.items()],
)
def test_a_field_of_the_contract_has_its_type(
    plain: dict[str, Any], path: str, field: str, kind: type
) -> None:
    value: Any = plain
    for step in filter(None, path.split(".")):
        value = value[int(step)] if step.isdigit() else value[step]

    assert type(value[field]) is kind


def test_the_metrics_are_those_of_the_contract(plain: dict[str, Any]) -> None:
    assert set(plain["metrics"]) == {
        "total_conversation_duration",
        "talk_time",
        "non_talk_time",
        "interruptions",
        "talk_speed",
        "talk_ratio",
        "longest_monologue",
        "patience",
        "question_rate",
        "hold_time",
        "waiting_time",
        "transfers",
        "words",
        "repeats",
        "repeated_questions",
    }


def test_counts_name_every_label(plain: dict[str, Any]) -> None:
    assert list(plain["counts"]) == list(LABELS)


def test_counts_are_turns_and_not_pieces_of_evidence(plain: dict[str, Any]) -> None:
    assert (plain["counts"]["deflection"], plain["counts"]["sigh"]) == (3, 1)


def test_every_question_of_the_scorecard_is_answered(plain: dict[str, Any]) -> None:
    questions = [q.id for section in default_scorecard().sections for q in section.questions]

    assert [answer["question"] for answer in plain["scorecard"]["answers"]] == questions


def test_evidence_is_the_slice_of_its_turn_by_characters(
    report: Report, plain: dict[str, Any]
) -> None:
    texts = [turn.text for turn in report.conversation.turns]

    assert [item["text"] for item in plain["evidence"]] == [
        texts[item["turn"]][item["start"] : item["end"]] for item in plain["evidence"]
    ]


def test_what_is_skipped_names_feature_and_reason(scored: Scored) -> None:
    plain = to_dict(scored())

    assert {"feature": "talk_speed", "reason_code": "NO_TIMESTAMPS"} in plain["skipped_analysis"]


def test_a_figure_that_is_not_known_is_null_and_never_zero(scored: Scored) -> None:
    assert to_dict(scored())["metrics"]["talk_time"] is None


def test_every_null_of_the_metrics_has_its_reason(scored: Scored) -> None:
    plain = to_dict(scored())

    nulls = {name for name, value in plain["metrics"].items() if value is None}
    assert nulls <= {skipped["feature"] for skipped in plain["skipped_analysis"]}


def test_a_call_that_cannot_be_judged_has_every_field_all_the_same(
    scored: Scored, plain: dict[str, Any]
) -> None:
    unscored = to_dict(scored("A: hallo"))

    assert list(unscored) == list(plain)
    nulls = {"score", "score_range", "band", "outcome", "counts", "scorecard"}
    assert all(unscored[name] is None for name in nulls)
    assert nulls <= {skipped["feature"] for skipped in unscored["skipped_analysis"]}


def test_the_id_of_a_report_is_that_of_its_call(scored: Scored) -> None:
    assert scored(id="c-42").id == "c-42"


def test_writing_a_report_does_not_change_it(report: Report) -> None:
    before = asdict(report)

    to_dict(report)["metrics"].clear()

    assert asdict(report) == before
