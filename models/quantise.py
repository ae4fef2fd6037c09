"""The turn encoder's graph with its large tables, its weights and its products in 8-bit integers.

All scales are fixed beforehand. Each column of weights has its own. What comes into a product is
first divided, column by column, by a factor that shares its outliers between input and weights
(SmoothQuant, Xiao et al. 2023); then all of it has one step and one middle, found on examples.

The usual dynamic quantisation has one scale for whatever is in the batch; then a turn's scores
would hang on the turns beside it, and the same call could get two reports.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from analyzer.tokens import IntArray

# ONNX Runtime's own operators, and the version of them.
_MICROSOFT = helper.make_opsetid("com.microsoft", 1)
# Weights take so many steps either way of 0, what they are multiplied with so many in all.
_EITHER_WAY, _IN_ALL = 127, 255
_SMALLEST = 1e-8
# A table of more numbers than this is stored in 8 bits.
_LARGE = 1_000_000
# How much of a column's outliers moves to the weights; of 0 to 1.1, the exponent with the least
# error in the published encoder's scores.
_SHARED = 0.9
# The range is sought between these shares of the lowest and of the highest number, on so many rows:
# cutting a few numbers off costs less than coarse steps for all.
_CUTS, _TRIED = np.linspace(0.25, 1.0, 6), 2_000

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Scale:
    """What comes into a product, times `shares` (columns), is counted in `step` from `middle`."""

    shares: Floats
    step: np.float32
    middle: np.uint8

    def rounded(self, rows: Floats) -> Floats:
        """The rows as they are once counted."""
        middle = float(self.middle)
        counts = np.clip(np.round(rows * self.shares / self.step) + middle, 0, _IN_ALL)
        return np.asarray((counts - middle) * self.step / self.shares, np.float32)


def in_8_bits(
    model: onnx.ModelProto, examples: Sequence[Mapping[str, IntArray]]
) -> onnx.ModelProto:
    """The same graph in 8 bits; `examples` are inputs of it, without padding."""
    nodes = model.graph.node
    tables = {tensor.name: tensor for tensor in model.graph.initializer}
    products = {
        node.output[0]: node
        for node in nodes
        if node.op_type == "MatMul" and node.input[1] in tables
    }
    # by product, the sum with its bias, and the bias
    sums: dict[str, tuple[str, str]] = {}
    for node in nodes:
        product = next((name for name in node.input if name in products), None)
        bias = next((name for name in node.input if name in tables), None)
        if node.op_type == "Add" and product and bias:
            sums[product] = node.output[0], bias
    joined = {total for total, _ in sums.values()}
    inputs = {node.input[0] for node in products.values()}
    seen = _seen(model, sorted(inputs), examples)
    steps = _Steps()
    for node in nodes:
        output, source = node.output[0], node.input[0] if node.input else ""
        if output in products:
            if source in seen:
                same = [own.input[1] for own in products.values() if own.input[0] == source]
                together = [numpy_helper.to_array(tables[name]) for name in same]
                steps.scale(source, _scale(seen.pop(source), np.concatenate(together, 1)))
            weights = numpy_helper.to_array(tables[node.input[1]])
            steps.product(source, weights, *sums.get(output, (output, "")))
        elif (
            node.op_type == "Gather" and source in tables and np.prod(tables[source].dims) > _LARGE
        ):
            steps.lookup(numpy_helper.to_array(tables[source]), node.input[1], output)
        elif node.op_type == "Gelu":
            # by the hyperbolic tangent: sooner done, and off by less than the 8 bits are
            steps.add("FastGelu", [source], output, domain=_MICROSOFT.domain)
        elif output not in joined:
            steps.nodes.append(node)
    used = {name for node in steps.nodes for name in node.input}
    graph = helper.make_graph(
        steps.nodes,
        model.graph.name,
        model.graph.input,
        model.graph.output,
        [*(table for name, table in tables.items() if name in used), *steps.constants],
    )
    small = helper.make_model(
        graph, opset_imports=[*model.opset_import, _MICROSOFT], ir_version=model.ir_version
    )
    onnx.checker.check_model(small)
    return small


def _seen(
    model: onnx.ModelProto, names: Sequence[str], examples: Sequence[Mapping[str, IntArray]]
) -> dict[str, Floats]:
    """What comes into products under those names: (rows, columns) by name."""
    told = onnx.ModelProto()
    told.CopyFrom(model)
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names]
    told.graph.output.extend(outputs)
    session = onnxruntime.InferenceSession(told.SerializeToString())
    found: dict[str, list[Floats]] = {name: [] for name in names}
    for example in examples:
        for name, value in zip(names, session.run(names, dict(example)), strict=True):
            found[name].append(value.reshape(-1, value.shape[-1]))
    return {name: np.concatenate(rows) for name, rows in found.items()}


def _scale(rows: Floats, weights: Floats) -> _Scale:
    """The scale of `rows` (rows, in) with the least error in their product with `weights` (in,
    out)."""
    size = np.sqrt((rows**2).mean(0)) + _SMALLEST
    most = np.abs(weights).max(1) + _SMALLEST
    shares = (most ** (1 - _SHARED) / size**_SHARED).astype(np.float32)
    low, high = min(float((rows * shares).min()), 0.0), max(float((rows * shares).max()), 0.0)
    tried = rows[:: max(1, len(rows) // _TRIED)]
    candidates = []
    for below, above in itertools.product(_CUTS, _CUTS):
        step = max((above * high - below * low) / _IN_ALL, _SMALLEST)
        candidates.append(_Scale(shares, np.float32(step), np.uint8(round(-below * low / step))))
    return min(
        candidates, key=lambda own: float((((own.rounded(tried) - tried) @ weights) ** 2).mean())
    )


class _Steps:
    """The nodes of a graph in 8 bits, and the constants that they need."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self._scales: dict[str, _Scale] = {}

    def scale(self, source: str, scale: _Scale) -> None:
        """Count what comes from `source` once, for all its products."""
        self._scales[source] = scale
        self._constant(f"{source}.shares", scale.shares)
        self._constant(f"{source}.step", np.array(scale.step))
        self._constant(f"{source}.middle", np.array(scale.middle))
        self.add("Mul", [source, f"{source}.shares"], f"{source}.shared")
        parts = [f"{source}.shared", f"{source}.step", f"{source}.middle"]
        self.add("QuantizeLinear", parts, f"{source}.counts")

    def product(self, source: str, weights: Floats, output: str, bias: str) -> None:
        """`output`: the product of `source` with weights, plus the bias of that name, if any."""
        shared = weights / self._scales[source].shares[:, None]
        columns = np.maximum(np.abs(shared).max(0), _SMALLEST) / _EITHER_WAY
        self._constant(f"{output}.weights", np.round(shared / columns).astype(np.int8))
        self._constant(f"{output}.columns", columns.astype(np.float32))
        self._constant(f"{output}.zeros", np.zeros(len(columns), np.int8))
        inputs = [f"{source}.counts", f"{output}.weights", f"{source}.step", f"{output}.columns"]
        inputs += [f"{source}.middle", f"{output}.zeros", bias]
        self.add("MatMulIntegerToFloat", inputs, output, domain=_MICROSOFT.domain)

    def lookup(self, table: NDArray[Any], places: str, output: str) -> None:
        """Rows of a table."""
        scale = np.maximum(np.abs(table).max(1, keepdims=True), _SMALLEST) / _EITHER_WAY
        self._constant(f"{output}.table", np.round(table / scale).astype(np.int8))
        self._constant(f"{output}.scales", scale.astype(np.float32))
        self.add("Gather", [f"{output}.table", places], f"{output}.found", axis=0)
        self.add("Cast", [f"{output}.found"], f"{output}.float", to=TensorProto.FLOAT)
        self.add("Gather", [f"{output}.scales", places], f"{output}.scale", axis=0)
        self.add("Mul", [f"{output}.float", f"{output}.scale"], output)

    def add(self, kind: str, inputs: Sequence[str], output: str, **more: Any) -> None:
        """A node."""
        self.nodes.append(helper.make_node(kind, inputs, [output], **more))

    def _constant(self, name: str, value: NDArray[Any]) -> None:
        self.constants.append(numpy_helper.from_array(value, name))
