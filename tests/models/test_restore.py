"""A published model learns on: from the files that score back to weights, and forth again."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analyzer.classifier import OnnxClassifier, published_folder
from analyzer.errors import ModelError, UsageError
from models.collate import prepare
from models.dataset import LabelledCall, load
from models.export import export, log_odds
from models.finetune import predict, tokenizer_of
from models.restore import restored_linear, restored_tagger
from models.train import split, train

PUBLISHED = published_folder()


@pytest.fixture(scope="module")
def calls() -> list[LabelledCall]:
    """Too few to learn a label from; the published weights know them, so they get another voice."""
    known = [call for call in load() if call.conversation.id.startswith("sv-a-t")][:50]
    return [
        replace(
            call,
            conversation=replace(
                call.conversation, id=call.conversation.id.replace("-a-", "-own-")
            ),
        )
        for call in known
    ]


def test_what_is_restored_scores_like_the_files(calls: list[LabelledCall]) -> None:
    expected = log_odds(OnnxClassifier(PUBLISHED), calls)
    said = restored_linear(PUBLISHED).scores(calls)
    prepared = [prepare(call, own) for call, own in zip(calls, said, strict=True)]
    tagger = restored_tagger(PUBLISHED).eval()
    found = np.concatenate(predict(tagger, tokenizer_of(str(PUBLISHED)), prepared))
    # 8 bits here, bfloat16 there: a twentieth of a log-odd in the mean
    assert np.abs(found - expected).mean() < 0.15
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.995


def test_it_learns_on_from_a_few_calls_and_forgets_nothing(
    calls: list[LabelledCall], tmp_path: Path
) -> None:
    train(calls, tmp_path / "run", base=str(PUBLISHED), passes=1)
    export(tmp_path / "run", tmp_path / "mine", calls, "mine")
    before, after = (
        json.loads((folder / "config.json").read_text("utf-8"))
        for folder in (PUBLISHED, tmp_path / "mine")
    )
    # so few calls cannot tell where a label begins; it stays where it was
    assert after["calibration"] == before["calibration"]
    assert after["thresholds"] == before["thresholds"]
    assert after["outcome"] == before["outcome"]
    assert after["trained"]["base"] == PUBLISHED.name
    # the linear model stays as it is, and with it what it has heard
    assert after["trained"]["voices"] == before["trained"]["voices"]
    assert {"da-a", "en-be"} <= {*before["trained"]["voices"]}
    assert "en-c" not in before["trained"]["voices"]

    _, held_out = split(calls)
    truth = np.array(
        [[label in own for label in before["labels"]] for call in held_out for own in call.labels]
    )
    odds = log_odds(OnnxClassifier(tmp_path / "mine"), held_out)
    assert odds[truth].mean() > odds[~truth].mean() + 3


def test_calls_that_a_model_has_learned_from_are_not_given_to_it_again(tmp_path: Path) -> None:
    heard = [call for call in load() if call.conversation.id.startswith("sv-a-t")][:50]
    with pytest.raises(UsageError, match="has learned from sv-a already"):
        train(heard, tmp_path / "run", base=str(PUBLISHED), passes=1)
    assert not (tmp_path / "run").exists()


def test_a_folder_that_does_not_say_what_its_encoder_is_like(tmp_path: Path) -> None:
    shutil.copytree(PUBLISHED, tmp_path / "old")
    config = json.loads((PUBLISHED / "config.json").read_text("utf-8"))
    del config["encoder"]
    (tmp_path / "old" / "config.json").write_text(json.dumps(config), "utf-8")
    with pytest.raises(ModelError, match="export the model again"):
        restored_tagger(tmp_path / "old")
