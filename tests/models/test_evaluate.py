"""The figures that the model card reports, against figures worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from analyzer.classifier import DEFAULT_MODEL, TurnScores, manifest_sha256
from analyzer.cli import app
from analyzer.evidence import Evidence
from analyzer.traits import LABELS
from models.baselines import PLAIN, finder
from models.card import as_markdown, write_card
from models.dataset import load, parse
from models.evaluate import (
    Counts,
    calibration,
    confusions,
    evaluate,
    false_alarms,
    interval,
    label_counts,
    slices,
    span_overlap,
    summary,
    truth,
)
from models.export import MODELS

CALL = """
# en-z-001 | domain: bank | style: clean | band: kasper | resolved: yes | failure: no | {rest}
A: {{{{greeting|Harbour Bank, this is Joan, how can I help}}}}?
C: My card is blocked.
A: {{{{resolution|I have unblocked it}}}}, there you go.
""".format(rest="recovery: 0 | transfers: 0")


def found(*labels: str) -> frozenset[str]:
    return frozenset(labels)


def test_counts_hits_false_alarms_and_misses() -> None:
    gold = [[found("sigh"), found(), found("sigh", "blame")]]
    predicted = [[found("sigh"), found("sigh"), found("blame")]]
    counts = label_counts(gold, predicted)
    assert counts["sigh"] == Counts(hits=1, false_alarms=1, misses=1)
    assert counts["blame"] == Counts(hits=1)
    assert counts["sigh"].f1 == pytest.approx(0.5)


def test_macro_f1_leaves_out_labels_that_hardly_occur() -> None:
    gold = [[found("sigh")] * 5 + [found("blame")]]
    predicted = [[found("sigh")] * 5 + [found()]]
    assert summary(gold, predicted)["macro_f1"] == 1.0
    assert summary(gold, predicted)["micro_f1"] == pytest.approx(10 / 11, abs=1e-3)


def test_evaluation_reports_own_weights_beside_the_plain_model(tmp_path: Path) -> None:
    path = tmp_path / "en-z.calls.txt"
    path.write_text(CALL, "utf-8")
    nothing = {"nothing": lambda calls: [[frozenset()] * len(call.spans) for call in calls]}
    figures = evaluate(parse(path), MODELS / DEFAULT_MODEL, nothing)
    greeting = figures["labels"]["greeting"]
    assert (greeting["precision"], greeting["recall"], greeting["support"]) == (1.0, 1.0, 1)
    assert figures["calls"]["calls"] == 1
    assert figures["groups"]["en"]["beside"]["nothing"]["micro_f1"] == 0
    assert 0 < figures["span_overlap"] <= 1
    assert "| greeting | 1.00 | 1.00 | 1.00 | 1 | 1.00 |" in as_markdown(figures)


def test_a_label_where_nothing_is_to_be_found_is_a_false_alarm_of_the_role_that_says_it() -> None:
    sentences = ["I am so sorry for the trouble we have caused you.", "Seven, two, four."]
    found = false_alarms(sentences, MODELS / DEFAULT_MODEL)
    assert found["agent"] == {"turns": 2, "labelled": 1, "labels": {"apology": 1}}
    assert found["customer"]["labels"].get("apology") is None
    empty: dict[str, Any] = {name: {} for name in ("groups", "languages", "labels", "slices")}
    shown = as_markdown(
        empty | {"calls": {"calls": 0}, "span_overlap": 0.0, "confusions": [], "silent": found}
    )
    assert "said by the agent alone: labelled all the same 1 (50.0%): apology (1)." in shown


@pytest.mark.parametrize("content", [None, b"", b"\n \n", b"gr\xf8n"])
def test_sentences_that_cannot_be_read_are_told_before_anything_is_measured(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "sentences.txt"
    if content is not None:
        path.write_bytes(content)
    told = CliRunner().invoke(app, ["evaluate", "--silent", str(path)])
    assert told.exit_code == 2
    assert "sentences.txt" in told.stderr and not told.stdout


@pytest.mark.parametrize("content", [b"gr\xf8n", b"A: hello\n"])
def test_labelled_calls_that_cannot_be_read_end_in_a_sentence(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "en-z.calls.txt"
    path.write_bytes(content)
    told = CliRunner().invoke(app, ["evaluate", str(path)])
    assert told.exit_code == 2
    assert "en-z.calls.txt" in told.stderr and not told.stdout


def test_interval_holds_the_figure_and_narrows_with_more_calls() -> None:
    right, wrong = [found("sigh")] * 3, [found()] * 3
    gold = [right] * 12
    guess = [right] * 8 + [wrong] * 4
    low, high = interval(gold, guess)
    assert low < summary(gold, guess)["macro_f1"] < high
    wider = high - low
    low, high = interval(gold * 10, guess * 10)
    assert high - low < wider


def test_calibration_of_a_classifier_that_is_sure_and_right_or_wrong(tmp_path: Path) -> None:
    path = tmp_path / "en-z.calls.txt"
    path.write_text(CALL, "utf-8")
    call = parse(path)[0]

    def sure(label: str, value: float) -> dict[str, float]:
        chances = np.zeros((3, len(LABELS)), np.float32)
        chances[[0, 2], LABELS.index("greeting")] = (value, 0)
        empty = np.zeros((0, len(LABELS)), np.float32)
        return calibration([call], [[TurnScores([], own, empty) for own in chances]])[label]

    assert sure("greeting", 1.0) == {"brier": 0.0, "ece": 0.0}
    assert sure("greeting", 0.0) == {"brier": 0.5, "ece": 0.5}


def test_a_label_found_in_place_of_another_is_a_confusion() -> None:
    gold = [[found("blame"), found("blame", "sigh"), found("apology")]]
    guess = [[found("deflection"), found("deflection", "sigh"), found("apology")]]
    assert confusions(gold, guess) == [("blame", "deflection", 2)]


def test_slices_tell_long_turns_from_short_and_men_from_women(tmp_path: Path) -> None:
    path = tmp_path / "en-z.calls.txt"
    path.write_text(CALL, "utf-8")
    calls = parse(path)
    empty = [[frozenset[str]()] * 3]
    table = slices(calls, truth(calls), empty)
    assert table["agent's name: a woman's"]["turns"] == 2
    assert table["turns of 6 to 15 words"]["micro_f1"] == 0
    assert table["turns of 1 to 5 words"]["turns"] == 1
    assert [name for name in table if name.startswith("turns")] == [
        "turns of 1 to 5 words", "turns of 6 to 15 words",
    ]  # fmt: skip


def test_a_slice_says_how_far_chance_between_calls_may_move_its_false_alarms(
    tmp_path: Path,
) -> None:
    path = tmp_path / "en-z.calls.txt"
    path.write_text(CALL + CALL.replace("en-z-001", "en-z-002"), "utf-8")
    calls = parse(path)
    alarm = [frozenset[str](), found("frustration"), frozenset[str]()]
    (row,) = [
        own for name, own in slices(calls, truth(calls), [alarm, list(calls[1].labels)]).items()
        if name == "turns of 1 to 5 words"
    ]  # fmt: skip
    assert row["false_alarms_per_100_turns"] == 50
    assert row["interval"] == (0, 100)


def test_span_overlap_counts_shared_characters(tmp_path: Path) -> None:
    path = tmp_path / "en-z.calls.txt"
    path.write_text(CALL, "utf-8")
    call = parse(path)[0]
    # "I have unblocked it" holds 19 characters, of which the report finds the last 12 and one more
    resolution = Evidence("resolution", 2, 7, 20, "unblocked it,", 0.9, "agent")
    assert span_overlap([call], [[resolution]]) == 0.6


@pytest.mark.parametrize("name", PLAIN)
def test_plain_models_learn_and_never_put_a_label_on_the_wrong_side(name: str) -> None:
    training = [call for call in load() if call.conversation.id.startswith("en-a-0")][:16]
    find = finder(PLAIN[name], training * 8, training)  # so few calls take many passes
    gold, guess = truth(training), find(training)
    assert summary(gold, guess)["micro_f1"] > 0.3
    for call, own in zip(training, guess, strict=True):
        for turn, labels in zip(call.conversation.turns, own, strict=True):
            if turn.role == "customer":
                assert not labels & {"greeting", "empathy", "deflection"}


def test_card_keeps_its_words_and_gets_the_figures(tmp_path: Path) -> None:
    begin, end = "<!-- figures: kasper evaluate --write -->", "<!-- end of figures -->"
    (tmp_path / "MODEL_CARD.md").write_text(f"before\n{begin}\nold\n{end}\nafter\n", "utf-8")
    figures = {
        "labels": {}, "languages": {}, "groups": {}, "calls": {"calls": 0}, "span_overlap": 0.5,
        "slices": {}, "confusions": [],
    }  # fmt: skip
    write_card(figures, tmp_path)
    card = (tmp_path / "MODEL_CARD.md").read_text("utf-8")
    assert card.startswith("before\n") and card.endswith("after\n")
    assert "old" not in card and "0.50" in card


def test_published_figures_belong_to_the_published_weights() -> None:
    folder = MODELS / DEFAULT_MODEL
    metrics = json.loads((folder / "metrics.json").read_text("utf-8"))
    config = json.loads((folder / "config.json").read_text("utf-8"))
    assert metrics["model"]["sha256"] == manifest_sha256(config["files"])
