"""Turns per second of the published model, beside other ways to run a model of its kind.

    python -m benchmarks.model [--turns 3000]

All rows read the same turns, drawn from the whole calls in `data/training`. A pipeline of
`transformers` classifies them with an encoder of the published shape and with one of the shape of
XLM-R base (12 layers of 768, 250,002 pieces); weights drawn by lot run as fast as learned ones.
TF-IDF, fastText and spaCy are those of `models/baselines.py`, trained on one voice. The share of
the peak compares the operations that the encoder needs for the pieces it really sees, on all cores,
with what this machine reaches in one large product of 8-bit matrices; the profile says which
operators of ONNX Runtime take the encoder's time on one core.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from tokenizers import Tokenizer

from analyzer.classifier import DEFAULT_MODEL, ENCODER, TOKENIZER, OnnxClassifier
from analyzer.pieces import batches, rows, stretches
from analyzer.tagger import BATCH_PIECES
from analyzer.tokens import tokenise
from benchmarks.machine import describe
from benchmarks.results import encoder_told, record, times_as_fast
from models.baselines import fasttext, rows_of, textcat, tfidf
from models.dataset import LabelledCall, load
from models.export import MODELS

_WIDTH, _LAYERS, _INNER = 384, 6, 1536
# Everything is timed so often, and the best time counts.
RUNS = 2


def sample(turns: int) -> list[LabelledCall]:
    """Whole calls in all four languages, of so many turns together."""
    calls = [call for call in load() if not call.is_fragment]
    random.Random(0).shuffle(calls)
    chosen: list[LabelledCall] = []
    while sum(len(call.spans) for call in chosen) < turns:
        chosen.append(calls[len(chosen)])
    return chosen


def seconds(work: Callable[[], Any]) -> float:
    """How long it takes, the best of `RUNS`."""
    times = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return min(times)


def ours(calls: Iterable[LabelledCall]) -> Callable[[], Any]:
    """The published model on all cores, as whole call logs are read; each run has a model of its
    own, so that nothing is remembered from the last one."""
    conversations = [call.conversation for call in calls]
    fresh = [OnnxClassifier(MODELS / DEFAULT_MODEL) for _ in range(RUNS)]
    return lambda: fresh.pop().classify_many(conversations)


def pipeline(texts: list[str], *, large: bool) -> Callable[[], Any]:
    """`transformers.pipeline` as its documentation shows it, on an encoder of either shape."""
    import torch
    import transformers

    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    torch.set_num_threads(os.cpu_count() or 1)
    size: dict[str, Any] = {"vocab_size": 32_000, "hidden_size": _WIDTH}
    size |= {"num_hidden_layers": _LAYERS, "intermediate_size": _INNER}
    if large:
        size = {"vocab_size": 250_002}
    config = transformers.BertConfig(**size)
    config.num_labels = 23
    model = transformers.BertForSequenceClassification(config).eval()  # type: ignore[no-untyped-call]
    tokenizer = transformers.PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=Tokenizer.from_file(str(MODELS / DEFAULT_MODEL / TOKENIZER)),
        pad_token="[PAD]",
        model_max_length=512,
    )
    classify = transformers.pipeline("text-classification", model, tokenizer=tokenizer, top_k=None)
    return lambda: classify(texts, function_to_apply="sigmoid", truncation=True)


def int8_peak() -> float:
    """Operations per second (a multiplication and an addition are two) of 8-bit products."""
    size = 1024
    node = helper.make_node("MatMulInteger", ["a", "b"], ["c"])
    values = [
        helper.make_tensor_value_info(name, kind, [size, size])
        for name, kind in (
            ("a", TensorProto.UINT8),
            ("b", TensorProto.INT8),
            ("c", TensorProto.INT32),
        )
    ]
    b = helper.make_tensor("b", TensorProto.INT8, [size, size], np.ones(size * size, np.int8))
    graph = helper.make_graph([node], "peak", [values[0]], [values[2]], [b])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    a, times = np.ones((size, size), np.uint8), 40
    cores = os.cpu_count() or 1

    def work() -> None:
        with ThreadPoolExecutor(cores) as threads:
            list(threads.map(lambda _: session.run(None, {"a": a}), range(times * cores)))

    return 2 * size**3 * times * cores / seconds(work)


def encoder_batches(texts: list[str]) -> tuple[list[dict[str, Any]], float]:
    """The encoder's inputs for these turns, equal ones once, batched as in scoring; and the
    operations that its products need for them, padding left out."""
    tokenizer = Tokenizer.from_file(str(MODELS / DEFAULT_MODEL / TOKENIZER))
    forms = {tuple(token.form for token in tokenise(text)) for text in texts}
    parts = [part for own in stretches(tokenizer, sorted(forms)) for part in own]
    lengths = [len(part.ids) for part in parts]
    dense = _LAYERS * (4 * _WIDTH * _WIDTH + 2 * _WIDTH * _INNER)
    operations = sum(2.0 * n * (dense + _LAYERS * 2 * n * _WIDTH) for n in lengths)
    chosen = batches(lengths, BATCH_PIECES)
    return [asdict(rows([parts[i] for i in chunk])) for chunk in chosen], operations


def encoder_seconds(inputs: list[dict[str, Any]]) -> float:
    """How long the encoder alone takes over its inputs, on all cores."""
    encoder = _encoder()
    with ThreadPoolExecutor(os.cpu_count() or 1) as threads:
        return seconds(lambda: list(threads.map(lambda own: encoder.run(None, own), inputs)))


def encoder_profile(inputs: list[dict[str, Any]]) -> dict[str, float]:
    """By kind of operator, its share of the encoder's time on one core; the largest first."""
    with TemporaryDirectory() as folder:
        encoder = _encoder(f"{folder}/profile")
        for own in inputs:
            encoder.run(None, own)
        events = json.loads(Path(encoder.end_profiling()).read_text("utf-8"))
    taken: Counter[str] = Counter()
    for event in events:
        if event["name"].endswith("_kernel_time"):
            taken[event["args"]["op_name"]] += event["dur"]
    return {kind: own / taken.total() for kind, own in taken.most_common()}


def _encoder(profile: str = "") -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.enable_profiling = bool(profile)
    options.profile_file_prefix = profile
    return onnxruntime.InferenceSession(str(MODELS / DEFAULT_MODEL / ENCODER), options)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.model", description=__doc__)
    parser.add_argument("--turns", type=int, default=3000)
    options = parser.parse_args()
    calls = sample(options.turns)
    texts = [text for text, _ in rows_of(calls)]
    few = texts[: max(40, len(texts) // 50)]
    voice = [call for call in load() if call.voice == "a"]
    learned = {
        "TF-IDF + LR": tfidf(voice),
        "fastText": fasttext(voice),
        "spaCy textcat": textcat(voice, passes=1),
    }
    # what is loaded to measure with is not part of what is measured
    gc.collect()
    gc.freeze()
    print(describe())
    print(
        f"{len(texts)} turns of {len(calls)} calls\n\n"
        "| run by | turns/s | ours is |\n| --- | ---: | ---: |"
    )
    own = seconds(ours(calls))
    others: list[tuple[str, int, Callable[[], Any]]] = [
        ("transformers pipeline, same shape", len(texts), pipeline(texts, large=False)),
        ("transformers pipeline, XLM-R base", len(few), pipeline(few, large=True)),
    ]
    for name, scorer in learned.items():
        others.append((name, len(texts), lambda scorer=scorer: scorer(rows_of(calls))))  # type: ignore[misc]
    rates = {"Kasper": len(texts) / own}
    print(f"| Kasper | {rates['Kasper']:,.0f} | |")
    for name, count, work in others:
        rates[name] = count / seconds(work)
        print(f"| {name} | {rates[name]:,.0f} | {times_as_fast(rates, name)} |")
    inputs, operations = encoder_batches(texts)
    # the machine at its best: other work on it would make the share look larger
    peak = max(int8_peak() for _ in range(3))
    figures = {
        "turns": len(texts),
        "turns_per_second": rates,
        "share_of_peak": operations / own / peak,
        "encoder_share_of_peak": operations / encoder_seconds(inputs) / peak,
        "encoder_profile": encoder_profile(inputs),
    }
    record("model", figures)
    print("\n" + encoder_told(figures))


if __name__ == "__main__":
    main()
