"""Labelled calls as the batches that the tagger learns from.

With a random generator, speech-recognition noise is added, roles are hidden and pieces of words
too, anew at every call; without one the calls stand as they are.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor

from analyzer.pieces import batches, rows, stretches
from analyzer.tagger import ROLES
from analyzer.tokens import tokenise
from analyzer.traits import LABELS
from models.augment import noisy
from models.dataset import LabelledCall

# Pieces in a batch of the encoder, with padding.
BATCH_PIECES = 4_096
# Shares of calls in a pass: with speech-recognition noise, with roles hidden.
NOISY, HIDDEN = 0.4, 0.12
# Share of the pieces of words that are hidden, so that no single word is relied on.
HIDDEN_PIECES = 0.07

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call as the network needs it: `words` with their labels' bits per turn, `turns` (turns,
    labels), `linear` (turns, labels), `roles` (turns), and the call's fields if it is whole."""

    call: LabelledCall
    words: list[list[tuple[str, int]]]
    turns: Floats
    linear: Floats
    roles: list[int]
    fields: list[float] | None


def prepare(call: LabelledCall, linear: NDArray[np.floating[Any]]) -> Prepared:
    """`linear` (turns, labels) are log-odds by a linear model that did not train on this call."""
    words, turns = [], np.zeros((len(call.spans), len(LABELS)), np.float32)
    for i, (turn, spans) in enumerate(zip(call.conversation.turns, call.spans, strict=True)):
        own = []
        for token in tokenise(turn.text):
            over = [s for s in spans if s.start < token.end and token.start < s.end]
            own.append(
                (token.form, sum(1 << LABELS.index(label) for label in {s.label for s in over}))
            )
        words.append(own)
        for span in spans:
            turns[i, LABELS.index(span.label)] = 1
    fields = [call.resolved, call.failure, *(call.recovery >= step for step in (1, 2, 3))]
    return Prepared(
        call,
        words,
        turns,
        linear.astype(np.float32),
        [ROLES.index(turn.role) for turn in call.conversation.turns],
        None if call.is_fragment else [float(field) for field in fields],
    )


def silent_turns(calls: Sequence[Prepared]) -> list[Prepared]:
    """The spoken turns of whole calls that carry no label, each as a call of its own."""
    return [
        replace(
            own,
            words=own.words[i : i + 1],
            turns=own.turns[i : i + 1],
            linear=own.linear[i : i + 1],
            roles=[role],
            fields=None,
        )
        for own in calls
        if own.fields is not None
        for i, role in enumerate(own.roles)
        if role != ROLES.index("system") and not own.turns[i].any()
    ]


@dataclass(frozen=True, slots=True)
class Batch:
    """Calls ready for the network. `encoded` holds, for each chunk of turns of like length, their
    numbers in the batch, the encoder's inputs and the words' labels (turns, words, labels); the
    other tensors are (calls, turns, …) with `filled` 1 where a call has a turn."""

    encoded: list[tuple[Tensor, tuple[Tensor, ...], Tensor]]
    place: tuple[Tensor, ...]
    turns: Tensor
    linear: Tensor
    role: Tensor
    shown: Tensor
    filled: Tensor
    fields: Tensor
    whole: Tensor


def collate(
    calls: Sequence[Prepared], tokenizer: Tokenizer, rng: random.Random | None = None
) -> Batch:
    """The calls as one batch; with `rng`, noise is added and roles are hidden."""
    words: list[list[tuple[str, int]]] = []
    for prepared in calls:
        spoil = rng is not None and rng.random() < NOISY
        for own in prepared.words:
            words.append(
                noisy(own, prepared.call.conversation.language, rng) if spoil and rng else own
            )
    found = [own[0] for own in stretches(tokenizer, [[w for w, _ in own] for own in words])]
    bits = np.arange(len(LABELS))
    hide = tokenizer.token_to_id("[MASK]") or tokenizer.token_to_id("<mask>")
    encoded = []
    for chunk in batches([len(stretch.ids) for stretch in found], BATCH_PIECES):
        arrays = rows([found[i] for i in chunk])
        marks = np.zeros((*arrays.first.shape, len(LABELS)), np.float32)
        for row, i in enumerate(chunk):
            said = np.array([m for _, m in words[i][: len(found[i].first)]], np.int64)
            marks[row, : len(said)] = said[:, None] >> bits & 1
        ids = arrays.ids
        if rng is not None and hide is not None:
            chance = np.random.default_rng(rng.getrandbits(32)).random(ids.shape)
            # the marks at both ends stay
            inner = (np.cumsum(arrays.mask[:, ::-1], 1)[:, ::-1] > 1) & (arrays.mask > 0)
            inner[:, 0] = False
            ids = np.where(inner & (chance < HIDDEN_PIECES), hide, ids)
        inputs = (ids, arrays.mask, arrays.first, arrays.words)
        tensors = tuple(torch.from_numpy(array) for array in inputs)
        encoded.append((torch.tensor(chunk), tensors, torch.from_numpy(marks)))
    shape = len(calls), max(len(prepared.roles) for prepared in calls)
    turns, linear = (torch.zeros(*shape, len(LABELS)) for _ in range(2))
    role, shown, filled = (torch.zeros(shape, dtype=torch.long) for _ in range(3))
    for i, prepared in enumerate(calls):
        count = len(prepared.roles)
        turns[i, :count] = torch.from_numpy(prepared.turns)
        linear[i, :count] = torch.from_numpy(prepared.linear)
        role[i, :count] = shown[i, :count] = torch.tensor(prepared.roles)
        filled[i, :count] = 1
        if rng is not None and rng.random() < HIDDEN:
            shown[i] = torch.where(shown[i] == ROLES.index("system"), shown[i], 0)
    return Batch(
        encoded,
        torch.nonzero(filled, as_tuple=True),
        turns,
        linear,
        role,
        shown,
        filled,
        torch.tensor([prepared.fields or [0.0] * 5 for prepared in calls]),
        torch.tensor([prepared.fields is not None for prepared in calls]),
    )
