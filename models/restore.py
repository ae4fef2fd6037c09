"""From a model folder, as `kasper export` wrote it, back to weights that go on learning.

A published folder holds each matrix once, transposed or in 8-bit integers, under a name that the
exporter made up; beside it stands the bias that is added to its product, under its own name. What
scoring does not need was left out of the folder (who speaks, the call's fields): that starts anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import GraphProto, NodeProto, numpy_helper

from analyzer.classifier import CONFIG, CONVERSATION, ENCODER, LINEAR
from analyzer.errors import ModelError
from models.linear import LinearModel

if TYPE_CHECKING:
    from models.tagger import Tagger

# A graph is exported from a wrapper around the tagger.
_WRAPPER = "tagger."
_WORDS = "encoder.embeddings.word_embeddings.weight"
_LEFT_OUT = ("agent.", "call.", "encoder.pooler.")

Floats = NDArray[np.float32]


def is_model(folder: Path) -> bool:
    """Whether it is a folder with a tagger that `kasper export` wrote."""
    return (folder / ENCODER).exists() and (folder / CONVERSATION).exists()


def restored_tagger(folder: Path) -> Tagger:
    """The tagger in a model folder, near enough to learn on from: an 8-bit weight is off by at most
    a 254th of the largest of its column.

    Raises `ModelError` if the folder does not say what its encoder is like, or holds another one.
    """
    # torch and transformers take seconds to import; the linear model does without
    import torch
    from transformers import AutoConfig, AutoModel

    from models.tagger import Tagger

    config = json.loads((folder / CONFIG).read_text("utf-8")).get("encoder")
    if config is None:
        raise ModelError(f"{folder / CONFIG} has no `encoder`; export the model again.")
    encoder = AutoModel.from_config(  # type: ignore[no-untyped-call]
        AutoConfig.for_model(**config), attn_implementation="eager"
    )
    tagger = Tagger(encoder)
    weights = [_weights(onnx.load(folder / name).graph) for name in (ENCODER, CONVERSATION)]
    state = {name: torch.from_numpy(value.copy()) for own in weights for name, value in own.items()}
    lacking, unknown = tagger.load_state_dict(state, strict=False)
    lacking = [name for name in lacking if not name.startswith(_LEFT_OUT)]
    if lacking or unknown:
        raise ModelError(f"{folder} holds another network: {[*lacking, *unknown][0]} does not fit.")
    return tagger


def restored_linear(folder: Path) -> LinearModel:
    """The linear model in a model folder, whose table `models.export.linear_model` explains."""
    constants = _constants(onnx.load(folder / LINEAR).graph)
    table = constants["table"].astype(np.float64)
    idf = np.sqrt(table[:, -1])
    weights = table[:, :-1].T / np.where(idf > 0, idf, 1.0)
    return LinearModel(idf, weights, constants["bias"].astype(np.float64))


def _weights(graph: GraphProto) -> dict[str, Floats]:
    """The weights in a graph by their names in the tagger."""
    constants = _constants(graph)
    found = {
        name.removeprefix(_WRAPPER): value
        for name, value in constants.items()
        if name.startswith(_WRAPPER) and value.dtype == np.float32
    }
    made_by = {node.output[0]: node for node in graph.node}
    for node in graph.node:
        names = [name for name in node.input if name.startswith(_WRAPPER)]
        bias = next((name for name in names if name.endswith(".bias")), None)
        if bias is None or node.op_type not in ("Add", "MatMulIntegerToFloat"):
            continue
        product = node
        if node.op_type == "Add":
            product = made_by[next(name for name in node.input if name != bias)]
        matrix = _matrix(product, constants)
        found[f"{bias.removeprefix(_WRAPPER).removesuffix('bias')}weight"] = matrix.T
    for name in constants:
        if name.endswith(".table"):
            stem = name.removesuffix(".table")
            found[_WORDS] = constants[name] * constants[f"{stem}.scales"]
    return found


def _matrix(product: NodeProto, constants: dict[str, NDArray[Any]]) -> Floats:
    """What a product multiplies with, in 32 bits: (in, out). `models.quantise` says how it is
    kept."""
    if product.op_type == "MatMul":
        return np.asarray(constants[product.input[1]], np.float32)
    source, matrix, _, columns, *_ = product.input
    shares = constants[f"{source.removesuffix('.counts')}.shares"]
    return np.asarray(constants[matrix] * constants[columns] * shares[:, None], np.float32)


def _constants(graph: GraphProto) -> dict[str, NDArray[Any]]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
