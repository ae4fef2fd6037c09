"""The figures that the model card reports, against figures worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from analyzer.classifier import DEFAULT_MODEL, manifest_sha256
from analyzer.cli import app
from models.baselines import PLAIN, finder
from models.card import CARD, as_markdown, write_card
from models.dataset import load, parse
from models.evaluate import evaluate, false_alarms
from models.export import MODELS
from models.figures import summary, truth


def test_evaluation_reports_own_weights_beside_the_plain_model(call_file: Path) -> None:
    nothing = {"nothing": lambda calls: [[frozenset()] * len(call.spans) for call in calls]}
    figures = evaluate(parse(call_file), MODELS / DEFAULT_MODEL, nothing)
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
    tables = ("groups", "languages", "labels", "slices", "names")
    empty: dict[str, Any] = {name: {} for name in tables}
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


@pytest.mark.parametrize("more", [[], ["--beside"]])
def test_a_file_without_calls_is_told_and_nothing_else_is_measured(
    tmp_path: Path, more: list[str]
) -> None:
    path = tmp_path / "en-z.calls.txt"
    path.write_text("\n", "utf-8")
    told = CliRunner().invoke(app, ["evaluate", str(path), *more])
    assert told.exit_code == 2
    assert "en-z.calls.txt: no labelled calls" in told.stderr and not told.stdout


def test_a_model_without_a_card_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["evaluate", "--write", "--model", str(tmp_path)])
    assert told.exit_code == 2
    assert "has no MODEL_CARD.md" in told.stderr


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
        "slices": {}, "names": {}, "confusions": [],
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
    assert as_markdown(metrics) in (folder / CARD).read_text("utf-8")
