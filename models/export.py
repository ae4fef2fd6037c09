"""From trained weights to the folder that `kasper score` runs.

    kasper export                                      # runs/model -> models/kasper-tagger
    kasper export runs/mine --output models/mine --data mine --name mine

The encoder's weights and word vectors become 8-bit integers (the conversation network is small and
stays as it is); then probabilities and thresholds are fitted on the validation calls with the very
files that will run. `--bits 32` leaves the encoder as it is, to measure what the 8 bits cost.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer

from analyzer.classifier import (
    CONFIG,
    CONVERSATION,
    DEFAULT_MODEL,
    ENCODER,
    LINEAR,
    TOKENIZER,
    OnnxClassifier,
)
from analyzer.pieces import rows, stretches
from analyzer.tokens import FEATURES_VERSION, PHRASES, IntArray, tokenise
from analyzer.traits import LABELS, TRAITS_VERSION
from models.calibrate import Calibration, calibrate
from models.dataset import DATA, LabelledCall, load
from models.quantise import in_8_bits
from models.train import ABOUT, RUNS, TAGGER, load_linear, split
from models.train import ENCODER as ENCODER_CONFIG

VERSION = "9"
MODELS = Path(__file__).parent
_OPSET, _IR_VERSION = 18, 10
# Turns on which the scales of the 8-bit products are found.
_EXAMPLES = 500


def linear_model(
    idf: NDArray[np.float64], weights: NDArray[np.float64], bias: NDArray[np.float64]
) -> onnx.ModelProto:
    """The graph for `idf` (buckets), `weights` (labels + 1, buckets) and `bias` (labels + 1).

    One table (buckets, labels + 2) in 16 bits holds idf x weight for each label and the agent, and
    idf squared last. A word sums the rows of its pieces, a turn the rows of its words, divided by
    the root of the summed squares. Inputs and shapes are those of `analyzer.tokens.Encoded`.
    """
    table = np.concatenate([weights.T * idf[:, None], idf[:, None] ** 2], axis=1)
    table[0] = 0
    count = len(LABELS)
    constants: dict[str, NDArray[Any]] = {
        "table": table.astype(np.float16),
        "bias": bias.astype(np.float32),
        "axis_last": np.array([-1]),
        "axis_pieces": np.array([1]),
        "axis_phrases": np.array([2]),
        "axis_words": np.array([1]),
        "floor": np.array(1e-6, dtype=np.float32),
        "zero": np.array([0]),
        "labels": np.array([count]),
        "columns": np.array([count + 1]),
        "end": np.array([count + 2]),
        "agent_column": np.array(count),
    }
    steps: list[tuple[str, list[str], str, dict[str, Any]]] = [
        ("Gather", ["table", "forms"], "form_pieces16", {"axis": 0}),
        ("Cast", ["form_pieces16"], "form_pieces", {"to": TensorProto.FLOAT}),
        ("ReduceSum", ["form_pieces", "axis_pieces"], "form_scores", {"keepdims": 0}),
        ("Gather", ["form_scores", "words"], "word_scores", {"axis": 0}),
        ("Gather", ["table", "phrases"], "phrase_pieces16", {"axis": 0}),
        ("Cast", ["phrase_pieces16"], "phrase_pieces", {"to": TensorProto.FLOAT}),
        ("ReduceSum", ["phrase_pieces", "axis_phrases"], "phrase_scores", {"keepdims": 0}),
        ("Add", ["word_scores", "phrase_scores"], "raw", {}),
        ("Slice", ["raw", "columns", "end", "axis_last"], "squares", {}),
        ("ReduceSum", ["squares", "axis_words"], "energy", {"keepdims": 1}),
        ("Max", ["energy", "floor"], "safe_energy", {}),
        ("Sqrt", ["safe_energy"], "norm", {}),
        ("Slice", ["raw", "zero", "columns", "axis_last"], "unscaled", {}),
        ("Div", ["unscaled", "norm"], "scaled", {}),
        ("Slice", ["scaled", "zero", "labels", "axis_last"], "token_scores", {}),
        ("ReduceSum", ["scaled", "axis_words"], "sums", {"keepdims": 0}),
        ("Add", ["sums", "bias"], "all_logits", {}),
        ("Slice", ["all_logits", "zero", "labels", "axis_last"], "logits", {}),
        ("Gather", ["all_logits", "agent_column"], "agent", {"axis": 1}),
    ]
    graph = helper.make_graph(
        [helper.make_node(kind, inputs, [output], **more) for kind, inputs, output, more in steps],
        "kasper-linear",
        [
            helper.make_tensor_value_info("forms", TensorProto.INT64, ["forms", "ngrams"]),
            helper.make_tensor_value_info("words", TensorProto.INT64, ["turns", "words"]),
            helper.make_tensor_value_info(
                "phrases", TensorProto.INT64, ["turns", "words", PHRASES]
            ),
        ],
        [
            helper.make_tensor_value_info(
                "token_scores", TensorProto.FLOAT, ["turns", "words", count]
            ),
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["turns", count]),
            helper.make_tensor_value_info("agent", TensorProto.FLOAT, ["turns"]),
        ],
        [numpy_helper.from_array(value, key) for key, value in constants.items()],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION
    )
    onnx.checker.check_model(model)
    return model


def export(
    trained: Path, output: Path, calls: Sequence[LabelledCall], name: str, *, bits: int = 8
) -> Calibration:
    """Write the model folder `output` from what `models.train` left in `trained`.

    `calls` are those it was trained from: the validation calls among them are what the
    probabilities and thresholds are fitted on. `bits` is 8 or 32, of the encoder's weights.
    """
    output.mkdir(parents=True, exist_ok=True)
    linear = load_linear(trained)
    graph = linear_model(linear.idf, linear.weights, linear.bias)
    (output / LINEAR).write_bytes(graph.SerializeToString())
    names = [LINEAR]
    encoder: dict[str, Any] = {}
    if (trained / TAGGER).exists():
        _networks(trained, output, calls, bits)
        names += [ENCODER, CONVERSATION, TOKENIZER]
        # what `models.restore` needs to know beside the weights
        encoder = {"encoder": json.loads((trained / ENCODER_CONFIG).read_text("utf-8"))}
    about = json.loads((trained / ABOUT).read_text("utf-8"))
    before = None
    if "calibration" in about:
        before = Calibration(about.pop("calibration"), about.pop("thresholds"))
    config = {
        "name": name,
        "version": VERSION,
        "files": {n: hashlib.sha256((output / n).read_bytes()).hexdigest() for n in names},
        "features_version": FEATURES_VERSION,
        "traits_version": TRAITS_VERSION,
        "labels": list(LABELS),
        "calibration": [[1.0, 0.0]] * len(LABELS),
        "thresholds": [1.0] * len(LABELS),
        "outcome": about.pop("outcome"),
        "trained": about,
        **encoder,
    }
    _write(config, output)
    _, validation = split(calls)
    calibration = calibrate(validation, log_odds(OnnxClassifier(output), validation), before)
    config |= {"calibration": calibration.scaling, "thresholds": calibration.thresholds}
    _write(config, output)
    return calibration


def log_odds(classifier: OnnxClassifier, calls: Sequence[LabelledCall]) -> NDArray[np.float64]:
    """What the classifier says of every turn of the calls before calibration, (turns, labels)."""
    return np.concatenate(
        [
            classifier.log_odds([tokenise(turn.text) for turn in turns], [t.role for t in turns])[0]
            for turns in (call.conversation.turns for call in calls)
        ]
    ).astype(np.float64)


def _write(config: dict[str, Any], output: Path) -> None:
    (output / CONFIG).write_text(json.dumps(config, indent=1) + "\n", "utf-8")


def _networks(trained: Path, output: Path, calls: Sequence[LabelledCall], bits: int) -> None:
    # torch and transformers take seconds to import; the linear model does without
    from models.tagger import as_onnx, load_tagger

    tagger = load_tagger(trained / ENCODER_CONFIG, trained / TAGGER)
    encoder, conversation = as_onnx(tagger)
    onnx.save(conversation, output / CONVERSATION)
    (output / TOKENIZER).write_bytes((trained / TOKENIZER).read_bytes())
    if bits == 8:
        encoder = in_8_bits(encoder, _examples(output / TOKENIZER, calls))
    onnx.save(encoder, output / ENCODER)


def _examples(tokenizer: Path, calls: Sequence[LabelledCall]) -> list[dict[str, IntArray]]:
    """Inputs of the encoder from turns of the calls to learn from, each on its own."""
    training, _ = split(calls)
    texts = [turn.text for call in training for turn in call.conversation.turns]
    chosen = texts[:: max(1, len(texts) // _EXAMPLES)]
    forms = [[token.form for token in tokenise(text)] for text in chosen]
    read = stretches(Tokenizer.from_file(str(tokenizer)), forms)
    return [asdict(rows([stretch])) for turn in read for stretch in turn]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="kasper export", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("trained", nargs="?", type=Path, default=RUNS / "model")
    parser.add_argument("--data", type=Path, default=DATA, help="the calls it was trained from")
    parser.add_argument("--output", type=Path, default=MODELS / DEFAULT_MODEL)
    parser.add_argument("--name", default=DEFAULT_MODEL)
    parser.add_argument("--bits", type=int, choices=[8, 32], default=8)
    options = parser.parse_args(arguments)
    export(options.trained, options.output, load(options.data), options.name, bits=options.bits)
    size = sum(path.stat().st_size for path in options.output.iterdir())
    sys.stdout.write(f"{options.output}: {size / 1e6:.1f} MB\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
