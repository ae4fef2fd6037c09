"""The tagger's networks, run by ONNX Runtime on the CPU: turns one by one, then the whole call.

`models/tagger.py` is the same network in torch, with what each tensor means.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyzer.conversation import Role
from analyzer.pieces import Stretch, batches, rows, stretches
from analyzer.tokens import Token

FloatArray = NDArray[np.float32]

ROLES: tuple[Role, ...] = ("unknown", "agent", "customer", "system")
# Pieces in a batch, padding included: enough for the products, and a batch for every core.
BATCH_PIECES = 512
# Turns that attend to one another. A longer conversation is read in parts of this many.
_MAX_TURNS = 512


@dataclass(frozen=True, slots=True)
class EncodedTurn:
    """A turn on its own: `vector` (hidden), `words` (words, labels), `pooled` (labels)."""

    vector: FloatArray
    words: FloatArray
    pooled: FloatArray


class Networks:
    """Both networks of a tagger as ONNX Runtime sessions, and its word pieces as JSON."""

    def __init__(
        self, encoder: Any, conversation: Any, tokenizer: bytes, threads: int | None = None
    ) -> None:
        from tokenizers import Tokenizer

        self._encoder, self._conversation = encoder, conversation
        self._tokenizer = Tokenizer.from_buffer(tokenizer)
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._threads = ThreadPoolExecutor(threads or os.cpu_count() or 1)

    def begin(self, turns: Sequence[Sequence[Token]]) -> Callable[[], list[EncodedTurn]]:
        """Set the threads to encode every turn on its own; what is returned waits for them."""
        forms = [[token.form for token in tokens] for tokens in turns]
        split = stretches(self._tokenizer, forms)
        flat = [stretch for turn in split for stretch in turn]
        chunks = list(batches([len(stretch.ids) for stretch in flat], BATCH_PIECES))

        def encode(chunk: list[int]) -> dict[int, EncodedTurn]:
            batch = rows([flat[i] for i in chunk])
            inputs = {
                "ids": batch.ids, "mask": batch.mask, "first": batch.first, "words": batch.words,
            }  # fmt: skip
            vector, words, pooled = self._encoder.run(None, inputs)
            return {
                i: EncodedTurn(vector[row], words[row, : len(flat[i].first)], pooled[row])
                for row, i in enumerate(chunk)
            }

        parts = self._threads.map(encode, chunks)

        def ended() -> list[EncodedTurn]:
            found = {i: own for part in parts for i, own in part.items()}
            order = iter(range(len(flat)))
            return [_join([found[next(order)] for _ in turn], turn) for turn in split]

        return ended

    def converse(
        self, encoded: Sequence[EncodedTurn], linear: FloatArray, roles: Sequence[Role]
    ) -> FloatArray:
        """What the call adds to each turn's labels (turns, labels)."""
        parts = []
        for start in range(0, len(encoded), _MAX_TURNS):
            own = slice(start, start + _MAX_TURNS)
            role = np.array([ROLES.index(role) for role in roles[own]], np.int64)
            inputs = {
                "vector": np.stack([turn.vector for turn in encoded[own]])[None],
                "pooled": np.stack([turn.pooled for turn in encoded[own]])[None],
                "linear": linear[None, own],
                "role": role[None],
                "filled": np.ones((1, len(role)), np.int64),
            }
            (added,) = self._conversation.run(["added"], inputs)
            parts.append(added[0])
        return np.concatenate(parts)


def _join(parts: Sequence[EncodedTurn], turn: Sequence[Stretch]) -> EncodedTurn:
    if len(parts) == 1:
        return parts[0]
    weights = np.array([len(stretch.ids) for stretch in turn], np.float32)
    vector = np.average([part.vector for part in parts], axis=0, weights=weights)
    words = np.concatenate([part.words for part in parts])
    peak = words.max(0)
    pooled = peak + np.log(np.exp(words - peak).sum(0)) - 0.5 * np.log1p(np.float32(len(words)))
    return EncodedTurn(vector.astype(np.float32), words, pooled)
