"""From labelled calls to weights that run, on a small part of the real data and a tiny encoder."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from analyzer.classifier import OnnxClassifier
from analyzer.conversation import Conversation, Turn
from analyzer.errors import UsageError
from analyzer.evidence import find_evidence
from analyzer.tokens import tokenise
from analyzer.traits import LABELS
from models.calibrate import best_threshold
from models.collate import collate, prepare, silent_turns
from models.dataset import LabelledCall, load
from models.export import export
from models.finetune import forward, tokenizer_of
from models.linear import fit, fit_outcome, folds_of, out_of_fold, turn_examples
from models.tagger import load_tagger
from models.tokenizer import train as train_tokenizer
from models.train import ENCODER, TAGGER, load_linear, main, split, train


@pytest.fixture(scope="module")
def calls() -> list[LabelledCall]:
    """English calls and fragments of one voice: enough to learn from, few enough to be quick."""
    return [call for call in load() if call.conversation.id.startswith("en-a-")]


@pytest.fixture(scope="module")
def few(calls: list[LabelledCall]) -> list[LabelledCall]:
    """Whole calls that end well and badly, and fragments: enough to train at all."""
    whole = [call for call in calls if not call.is_fragment]
    return whole[:14] + [call for call in calls if call.is_fragment][:50]


@pytest.fixture(scope="module")
def more(calls: list[LabelledCall], few: list[LabelledCall]) -> list[LabelledCall]:
    """Those, and calls that are new."""
    return few + [call for call in calls if call.is_fragment][50:60]


@pytest.fixture(scope="module")
def base(calls: list[LabelledCall], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder too small to be good, in the format of any other."""
    folder = tmp_path_factory.mktemp("base")
    texts = (turn.text for call in calls for turn in call.conversation.turns)
    tokenizer = train_tokenizer(texts, 1500)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture(scope="module")
def linear_run(calls: list[LabelledCall], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("linear")
    train(calls, folder)
    return folder


@pytest.fixture(scope="module")
def tagger_run(
    few: list[LabelledCall], base: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("tagger")
    train(few, folder, base=str(base), passes=2)
    return folder


@pytest.fixture(scope="module")
def linear(
    calls: list[LabelledCall], linear_run: Path, tmp_path_factory: pytest.TempPathFactory
) -> OnnxClassifier:
    folder = tmp_path_factory.mktemp("weights")
    export(linear_run, folder, calls, "small")
    return OnnxClassifier(folder)


def test_trained_weights_find_the_words_of_a_clear_case(linear: OnnxClassifier) -> None:
    text = "Right, two things. I'm so sorry about the mix-up with your order."
    conversation = Conversation("c", (Turn(text, "agent", "A1"),))
    scores = linear.classify(conversation)
    likely = np.full(len(LABELS), 0.2, np.float32)
    found = {e.label: e for e in find_evidence(conversation, scores, likely)[0]}
    assert "sorry" in found["apology"].text
    assert "two things" not in found["apology"].text


def test_exported_linear_model_scores_like_the_one_it_was_made_from(
    calls: list[LabelledCall], linear_run: Path, linear: OnnxClassifier
) -> None:
    call = max(calls, key=lambda c: len(c.conversation.turns))
    (expected,) = load_linear(linear_run).scores([call])
    turns = call.conversation.turns
    found, _ = linear.log_odds([tokenise(turn.text) for turn in turns], [t.role for t in turns])
    spoken = [turn.role != "system" for turn in turns]
    # 16-bit weights: the sums agree to a hundredth of a log-odd
    np.testing.assert_allclose(found[spoken], expected[spoken], atol=0.02)


def test_the_words_of_a_turn_add_up_to_what_the_linear_model_says(
    linear_run: Path, linear: OnnxClassifier
) -> None:
    turns = [tokenise("I'm so sorry, that was our mistake."), tokenise("yes"), tokenise("")]
    logits, words = linear.log_odds(turns, ["agent"] * 3)
    bias = load_linear(linear_run).bias[: len(LABELS)]
    np.testing.assert_allclose(logits, np.stack([own.sum(0) for own in words]) + bias, atol=1e-3)


def test_trained_weights_tell_agents_from_customers(linear: OnnxClassifier) -> None:
    agent, customer = linear.agent_log_odds(
        ["Thank you for calling, how can I help you today?", "My order never came and I'm fed up."]
    )
    assert agent > 0 > customer


@pytest.mark.parametrize(("bits", "near"), [(32, 1e-3), (8, 0.5)])
def test_exported_tagger_scores_like_the_one_in_torch(
    few: list[LabelledCall], tagger_run: Path, tmp_path: Path, bits: int, near: float
) -> None:
    export(tagger_run, tmp_path, few, "tiny", bits=bits)
    classifier = OnnxClassifier(tmp_path)
    tagger = load_tagger(tagger_run / ENCODER, tagger_run / TAGGER)
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    call = max(few, key=lambda c: len(c.conversation.turns))
    (scores,) = load_linear(tagger_run).scores([call])
    with torch.inference_mode():
        batch = collate([prepare(call, scores.astype(np.float32))], tokenizer)
        expected = forward(tagger, batch, "cpu", exact=True)
    turns = call.conversation.turns
    found, words = classifier.log_odds(
        [tokenise(turn.text) for turn in turns], [turn.role for turn in turns]
    )
    np.testing.assert_allclose(found, expected.turns[0].numpy(), atol=near + 0.02)
    assert [len(own) for own in words] == [len(tokenise(turn.text)) for turn in turns]


def test_a_tagger_learns_from_the_calls(
    few: list[LabelledCall], tagger_run: Path, tmp_path: Path
) -> None:
    state = torch.load(tagger_run / "state.pt", weights_only=True)
    assert state["pass"] == 2
    export(tagger_run, tmp_path, few, "tiny")
    config = json.loads((tmp_path / "config.json").read_text("utf-8"))
    assert set(config["files"]) == {
        "linear.onnx", "encoder.onnx", "conversation.onnx", "tokenizer.json",
    }  # fmt: skip
    assert config["trained"]["base"] and config["trained"]["passes"] == 2


def test_turns_of_whole_calls_that_carry_nothing_are_shown_alone(
    calls: list[LabelledCall], base: Path
) -> None:
    prepared = [prepare(call, np.zeros((len(call.spans), len(LABELS)))) for call in calls]
    expected = [
        [token.form for token in tokenise(turn.text)]
        for call in calls
        for turn, labels in zip(call.conversation.turns, call.labels, strict=True)
        if not call.is_fragment and turn.role != "system" and not labels
    ]
    alone = silent_turns(prepared)
    assert [[form for form, _ in own.words[0]] for own in alone] == expected
    batch = collate(alone[:9], tokenizer_of(str(base)))
    assert batch.filled.shape == (9, 1) and not batch.turns.any() and not batch.whole.any()


def test_a_stopped_training_goes_on_where_it_was(
    more: list[LabelledCall],
    base: Path,
    tagger_run: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(tagger_run, tmp_path / "run")
    before = torch.load(tmp_path / "run" / "state.pt", weights_only=True)
    train(more, tmp_path / "run", base=str(base), passes=3)
    after = torch.load(tmp_path / "run" / "state.pt", weights_only=True)
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith('{"pass"')]
    assert [json.loads(line)["pass"] for line in told] == [3]
    assert (before["pass"], after["pass"]) == (2, 3)
    assert after["step"] > before["step"]


def test_weights_kept_so_far_are_measured_again_on_the_calls_to_choose_by_now(
    more: list[LabelledCall], base: Path, tagger_run: Path, tmp_path: Path
) -> None:
    shutil.copytree(tagger_run, tmp_path / "run")
    state = torch.load(tmp_path / "run" / "state.pt", weights_only=True)
    torch.save(state | {"best": 1.0}, tmp_path / "run" / "state.pt")  # as of easier calls
    train(more, tmp_path / "run", base=str(base), passes=3)
    assert torch.load(tmp_path / "run" / "state.pt", weights_only=True)["best"] < 1.0


@pytest.mark.parametrize("change", ["base", "seed"])
def test_a_folder_with_another_training_in_it_is_refused(
    few: list[LabelledCall], base: Path, tagger_run: Path, tmp_path: Path, change: str
) -> None:
    shutil.copytree(tagger_run, tmp_path / "run")
    other = None if change == "base" else str(base)
    with pytest.raises(UsageError, match="another --base or --seed"):
        train(few, tmp_path / "run", base=other, seed=1 if change == "seed" else 0)


def test_what_was_said_of_a_call_is_not_said_of_it_after_its_words_have_changed(
    few: list[LabelledCall], base: Path, tagger_run: Path, tmp_path: Path
) -> None:
    shutil.copytree(tagger_run, tmp_path / "run")
    training, _ = split(few)
    long = next(call for call in training if len(call.spans) > 3)
    cut = replace(
        long,
        conversation=replace(long.conversation, turns=long.conversation.turns[:2]),
        spans=long.spans[:2],
    )
    edited = [cut if call is long else call for call in few]
    train(edited, tmp_path / "run", base=str(base), passes=3)
    assert torch.load(tmp_path / "run" / "state.pt", weights_only=True)["pass"] == 3


def test_command_trains_from_a_folder_of_calls(base: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    source = Path(__file__).parents[2] / "data" / "training" / "en-a.calls.txt"
    some = source.read_text("utf-8").split("\n\n")[:14]
    (data / "en-a.calls.txt").write_text("\n\n".join(some), "utf-8")
    options = ["--data", str(data), "--output", str(tmp_path / "run"), "--passes", "1"]
    assert main([*options, "--base", str(base)]) == 0
    assert (tmp_path / "run" / TAGGER).exists()


def test_the_test_voice_is_never_trained_on(calls: list[LabelledCall]) -> None:
    unseen = [call for call in load() if call.split == "test"]
    training, validation = split([*calls, *unseen])
    assert not {call.voice for call in [*training, *validation]} & {"c", "j"}


def test_calls_of_ones_own_are_held_out_for_validation_when_none_is_named(
    calls: list[LabelledCall],
) -> None:
    training, validation = split(calls)
    assert 0.05 < len(validation) / len(calls) < 0.25
    ids = [call.conversation.id for call in (*training, *validation)]
    assert sorted(ids) == sorted(call.conversation.id for call in calls)


def test_of_few_calls_one_is_held_out_and_of_one_alone_nothing_can_be_learned(
    calls: list[LabelledCall],
) -> None:
    for start in range(20):
        training, validation = split(calls[start : start + 2])
        assert (len(training), len(validation)) == (1, 1)
    with pytest.raises(UsageError, match="0 calls to learn from and 1 to choose thresholds by"):
        split(calls[:1])
    test = [call for call in load() if call.split == "test"]
    with pytest.raises(UsageError, match="0 calls to learn from and 0 "):
        split(test)


def test_rewritings_of_a_call_are_on_one_side_with_it() -> None:
    own = [call for call in load() if call.split == "train" and call.parallel_id]
    training, validation = split(own)
    assert validation
    assert not {call.parallel_id for call in training} & {call.parallel_id for call in validation}


def test_a_voice_is_scored_by_a_model_that_never_heard_it() -> None:
    calls = [
        call for call in load() if call.conversation.id.startswith("en-") and call.split == "train"
    ]
    folds = folds_of(calls)
    of_voice: dict[str, set[int]] = {}
    for call, fold in zip(calls, folds, strict=True):
        if call.parallel_id is None:
            of_voice.setdefault(call.voice, set()).add(fold)
    assert all(len(own) == 1 for own in of_voice.values())
    assert len(set(folds)) == 5


def test_scores_out_of_fold_differ_from_those_of_a_model_that_saw_the_call(
    few: list[LabelledCall],
) -> None:
    model = fit(few)
    apart = np.concatenate(out_of_fold(few))
    seen = model.logits(turn_examples(few))
    truth = np.concatenate(
        [[[label in own for label in LABELS] for own in call.labels] for call in few]
    )
    spoken = [turn.role != "system" for call in few for turn in call.conversation.turns]
    assert seen[:, : len(LABELS)][truth[spoken]].mean() > apart[spoken][truth[spoken]].mean()


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
    with pytest.raises(UsageError, match="nothing can be learned"):
        fit_outcome([call for call in calls if call.resolved])
