"""From labelled calls to weights that run, on a small part of the real data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from analyzer.classifier import OnnxClassifier
from analyzer.conversation import Conversation, Turn
from analyzer.evidence import find_evidence
from analyzer.traits import LABELS
from models.dataset import LabelledCall, load
from models.train import best_threshold, fit, fit_outcome, train, turn_examples


@pytest.fixture(scope="module")
def calls() -> list[LabelledCall]:
    """English calls and fragments of one voice: enough to learn from, few enough to be quick."""
    return [call for call in load() if call.conversation.id.startswith("en-a-")]


@pytest.fixture(scope="module")
def trained(calls: list[LabelledCall], tmp_path_factory: pytest.TempPathFactory) -> OnnxClassifier:
    folder = tmp_path_factory.mktemp("weights")
    train(calls, folder, name="small")
    return OnnxClassifier(folder)


def test_trained_weights_find_the_words_of_a_clear_case(trained: OnnxClassifier) -> None:
    text = "Right, two things. I'm so sorry about the mix-up with your order."
    conversation = Conversation("c", (Turn(text, "agent", "A1"),))
    scores = trained.classify(conversation)
    found = {e.label: e for e in find_evidence(conversation, scores, trained.thresholds)}
    assert "sorry" in found["apology"].text
    assert "two things" not in found["apology"].text


def test_exported_weights_score_like_the_model_they_were_made_from(
    calls: list[LabelledCall], trained: OnnxClassifier
) -> None:
    model = fit([call for call in calls if call.split == "train"])
    call = max(calls, key=lambda c: len(c.conversation.turns))
    expected = model.logits(turn_examples([call]))[:, : len(LABELS)]
    by_turn = trained.classify(call.conversation)
    spoken = [
        s for s, t in zip(by_turn, call.conversation.turns, strict=True) if t.role != "system"
    ]
    sums = np.stack([score.token_scores.sum(0) for score in spoken])
    # 16-bit weights: the sums agree to a hundredth of a log-odd
    np.testing.assert_allclose(sums + model.bias[: len(LABELS)], expected, atol=0.02)


def test_trained_weights_tell_agents_from_customers(trained: OnnxClassifier) -> None:
    agent, customer = trained.agent_log_odds(
        ["Thank you for calling, how can I help you today?", "My order never came and I'm fed up."]
    )
    assert agent > 0 > customer


def test_config_describes_the_weights(calls: list[LabelledCall], tmp_path: Path) -> None:
    train(calls[:60], tmp_path, name="tiny")
    config = json.loads((tmp_path / "config.json").read_text("utf-8"))
    assert config["labels"] == list(LABELS)
    assert len(config["thresholds"]) == len(config["calibration"]) == len(LABELS)
    assert OnnxClassifier(tmp_path).info.sha256 == config["sha256"]


def test_the_test_voice_is_never_trained_on(calls: list[LabelledCall], tmp_path: Path) -> None:
    unseen = [call for call in load() if call.conversation.id.startswith("en-c-")]
    for name, data in (("without", calls[:60]), ("with", [*calls[:60], *unseen])):
        train(data, tmp_path / name, name="tiny")
    without, with_unseen = (tmp_path / n / "model.onnx" for n in ("without", "with"))
    assert without.read_bytes() == with_unseen.read_bytes()


def test_threshold_with_the_best_f1_separates_the_classes() -> None:
    probabilities = np.array([0.1, 0.2, 0.6, 0.8])
    threshold = best_threshold(probabilities, np.array([False, False, True, True]))
    assert 0.2 < threshold <= 0.6


def test_outcome_learns_that_a_late_resolution_speaks_for_resolved(
    calls: list[LabelledCall],
) -> None:
    weights = fit_outcome(calls)["resolved"]["weights"]
    assert weights["resolution"] + weights["late:resolution"] > 0
    assert weights["frustration"] + weights["late:frustration"] < 0


def test_outcome_cannot_be_learned_from_calls_that_all_end_alike(
    calls: list[LabelledCall],
) -> None:
    with pytest.raises(ValueError, match="nothing can be learned"):
        fit_outcome([call for call in calls if call.resolved])
