"""The figures that the model card reports, against figures worked out by hand."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from analyzer.evidence import Evidence
from models.dataset import load, parse
from models.evaluate import (
    Counts,
    as_markdown,
    baseline,
    evaluate,
    label_counts,
    span_overlap,
    summary,
    write_card,
)
from models.train import MODELS

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
    training = [call for call in load() if call.conversation.id.startswith("en-a-")][:80]
    figures = evaluate(parse(path), training, MODELS / "kasper-linear")
    assert figures["labels"]["greeting"] == {
        "precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 1,
    }  # fmt: skip
    assert figures["calls"]["calls"] == 1
    assert {"kasper", "tfidf"} == set(figures["groups"]["en"])
    assert 0 < figures["span_overlap"] <= 1
    assert "| greeting | 1.00 | 1.00 | 1.00 | 1 |" in as_markdown(figures)


def test_span_overlap_counts_shared_characters(tmp_path: Path) -> None:
    path = tmp_path / "en-z.calls.txt"
    path.write_text(CALL, "utf-8")
    call = parse(path)[0]
    # "I have unblocked it" holds 19 characters, of which the report finds the last 12 and one more
    resolution = Evidence("resolution", 2, 7, 20, "unblocked it,", 0.9, "agent")
    assert span_overlap([call], [[resolution]]) == 0.6


def test_plain_model_never_puts_a_label_on_the_wrong_side() -> None:
    training = [call for call in load() if call.conversation.id.startswith("en-a-")][:80]
    for labels, turn in zip(
        baseline(training)(training)[0], training[0].conversation.turns, strict=True
    ):
        if turn.role == "customer":
            assert not labels & {"greeting", "empathy", "deflection"}


def test_card_keeps_its_words_and_gets_the_figures(tmp_path: Path) -> None:
    begin, end = "<!-- figures: python -m models.evaluate --write -->", "<!-- end of figures -->"
    (tmp_path / "MODEL_CARD.md").write_text(f"before\n{begin}\nold\n{end}\nafter\n", "utf-8")
    figures = {"labels": {}, "groups": {}, "calls": {"calls": 0}, "span_overlap": 0.5}
    write_card(figures, tmp_path)
    card = (tmp_path / "MODEL_CARD.md").read_text("utf-8")
    assert card.startswith("before\n") and card.endswith("after\n")
    assert "old" not in card and "0.50" in card


def test_published_figures_belong_to_the_published_weights() -> None:
    folder = MODELS / "kasper-linear"
    metrics = json.loads((folder / "metrics.json").read_text("utf-8"))
    weights = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    assert metrics["model"]["sha256"] == weights
