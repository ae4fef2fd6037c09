"""The linear model as an ONNX graph: bucket numbers in, scores per word and turn out."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from analyzer.tokens import PHRASES
from analyzer.traits import LABELS

_OPSET, _IR_VERSION = 18, 10


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
