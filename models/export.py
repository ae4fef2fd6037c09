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
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from analyzer.classifier import (
    CONFIG,
    CONVERSATION,
    DEFAULT_MODEL,
    ENCODER,
    LINEAR,
    TOKENIZER,
    OnnxClassifier,
)
from analyzer.tokens import FEATURES_VERSION, PHRASES, tokenise
from analyzer.traits import LABELS, TRAITS_VERSION
from models.calibrate import Calibration, calibrate
from models.dataset import DATA, LabelledCall, load
from models.train import ABOUT, RUNS, TAGGER, load_linear, split
from models.train import ENCODER as ENCODER_CONFIG

VERSION = "6"
MODELS = Path(__file__).parent
_OPSET, _IR_VERSION = 18, 10
# ONNX Runtime's own operators, and the version of them.
_MICROSOFT = helper.make_opsetid("com.microsoft", 1)
# 8-bit integers: 127 steps either way of the middle; below the smallest scale everything is 0.
_STEPS, _MIDDLE, _SMALLEST = 127, 128, 1e-8
# A table of more numbers than this is stored in 8 bits.
_LARGE = 1_000_000


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
        _networks(trained, output, bits)
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


def _networks(trained: Path, output: Path, bits: int) -> None:
    # torch and transformers take seconds to import; the linear model does without
    from models.tagger import as_onnx, load_tagger

    tagger = load_tagger(trained / ENCODER_CONFIG, trained / TAGGER)
    encoder, conversation = as_onnx(tagger)
    onnx.save(conversation, output / CONVERSATION)
    onnx.save(encoder if bits == 32 else in_8_bits(encoder), output / ENCODER)
    (output / TOKENIZER).write_bytes((trained / TOKENIZER).read_bytes())


def in_8_bits(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph with its large tables and the weights of its products as 8-bit integers.

    Each column of weights and each row that comes in has a scale of its own. The usual dynamic
    quantisation has one scale for a whole batch; then a turn's scores would hang on the turns
    beside it, and the same call could get two reports.
    """
    steps = _Steps()
    tables = {tensor.name: tensor for tensor in model.graph.initializer}
    rows_in: dict[str, str] = {}
    for node in model.graph.node:
        table = tables.get(node.input[-1 if node.op_type == "MatMul" else 0])
        if node.op_type == "MatMul" and table is not None:
            weights = numpy_helper.to_array(tables.pop(table.name))
            source = node.input[0]
            if source not in rows_in:
                rows_in[source] = steps.rows(source, len(weights))
            steps.product(rows_in[source], weights, node.output[0])
        elif node.op_type == "Gather" and table is not None and np.prod(table.dims) > _LARGE:
            tables.pop(table.name)
            steps.lookup(numpy_helper.to_array(table), node.input[1], node.output[0])
        else:
            steps.nodes.append(node)
    graph = helper.make_graph(
        steps.nodes,
        model.graph.name,
        model.graph.input,
        model.graph.output,
        [*tables.values(), *steps.constants],
    )
    opsets = [*model.opset_import, _MICROSOFT]
    small = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)
    onnx.checker.check_model(small)
    return small


class _Steps:
    """The nodes of a graph in 8 bits, and the constants that they need."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._constant("last", np.array([-1]))
        self._constant("steps_of_8_bits", np.array(_STEPS, np.float32))
        self._constant("smallest", np.array(_SMALLEST, np.float32))
        self._constant("middle", np.array(_MIDDLE, np.uint8))
        self._constant("one", np.array(1, np.float32))

    def rows(self, source: str, width: int) -> str:
        """The rows of `source`, `width` wide, as 8-bit integers about 128: `NAME.rows` (rows,
        width), their `NAME.scales` (rows, 1), and `NAME.before`, the sizes before the last of
        `source`."""
        name = f"{source}.8"
        self._constant(f"{name}.flat_shape", np.array([-1, width]))
        self._add("Shape", [source], f"{name}.before", start=0, end=-1)
        self._add("Reshape", [source, f"{name}.flat_shape"], f"{name}.flat")
        self._add("Abs", [f"{name}.flat"], f"{name}.size")
        self._add("ReduceMax", [f"{name}.size", "last"], f"{name}.most", keepdims=0)
        self._add("Div", [f"{name}.most", "steps_of_8_bits"], f"{name}.step")
        self._add("Max", [f"{name}.step", "smallest"], f"{name}.scale")
        self._add("Shape", [f"{name}.scale"], f"{name}.count")
        self._add("Expand", ["middle", f"{name}.count"], f"{name}.middles")
        parts = [f"{name}.flat", f"{name}.scale", f"{name}.middles"]
        self._add("QuantizeLinear", parts, f"{name}.rows", axis=0)
        self._add("Unsqueeze", [f"{name}.scale", "last"], f"{name}.scales")
        return name

    def product(self, rows: str, weights: NDArray[Any], output: str) -> None:
        """The product of rows and weights; the scales of the rows come after it, since the fused
        operator takes one scale for a whole batch."""
        width = weights.shape[1]
        scale = np.maximum(np.abs(weights).max(0), _SMALLEST) / _STEPS
        self._constant(f"{output}.weights", np.round(weights / scale).astype(np.int8))
        self._constant(f"{output}.columns", scale.astype(np.float32))
        self._constant(f"{output}.zeros", np.zeros(width, np.int8))
        self._constant(f"{output}.width", np.array([width]))
        inputs = [f"{rows}.rows", f"{output}.weights", "one", f"{output}.columns"]
        inputs += ["middle", f"{output}.zeros"]
        domain = _MICROSOFT.domain
        self._add("MatMulIntegerToFloat", inputs, f"{output}.half", domain=domain)
        self._add("Mul", [f"{output}.half", f"{rows}.scales"], f"{output}.flat")
        self._add("Concat", [f"{rows}.before", f"{output}.width"], f"{output}.shape", axis=0)
        self._add("Reshape", [f"{output}.flat", f"{output}.shape"], output)

    def lookup(self, table: NDArray[Any], places: str, output: str) -> None:
        """Rows of a table."""
        scale = np.maximum(np.abs(table).max(1, keepdims=True), _SMALLEST) / _STEPS
        self._constant(f"{output}.table", np.round(table / scale).astype(np.int8))
        self._constant(f"{output}.scales", scale.astype(np.float32))
        self._add("Gather", [f"{output}.table", places], f"{output}.found", axis=0)
        self._add("Cast", [f"{output}.found"], f"{output}.float", to=TensorProto.FLOAT)
        self._add("Gather", [f"{output}.scales", places], f"{output}.scale", axis=0)
        self._add("Mul", [f"{output}.float", f"{output}.scale"], output)

    def _add(self, kind: str, inputs: list[str], output: str, **more: Any) -> None:
        self.nodes.append(helper.make_node(kind, inputs, [output], **more))

    def _constant(self, name: str, value: NDArray[Any]) -> None:
        self.constants.append(numpy_helper.from_array(value, name))


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
