"""From labelled calls and a pre-trained encoder to a tagger.

The linear model has read every call first (`models.linear`), so that the tagger sees of each turn
what a model says that has never heard this voice. Speech-recognition noise, hidden roles and turns
shown without their call are made anew in every pass. The weights kept are a greedy soup (Wortsman
et al. 2022): the mean of the passes that raise the mean average precision on the validation calls
when they join it. Work goes on from the last whole pass in the output folder.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer

from analyzer.pieces import batches, rows, stretches
from analyzer.tagger import ROLES
from analyzer.tokens import tokenise
from analyzer.traits import LABELS, TRAIT
from models.augment import noisy
from models.dataset import LabelledCall
from models.restore import is_model, restored_tagger
from models.tagger import Tagger

BATCH_TURNS, BATCH_PIECES = 256, 4_096
ENCODER_RATE, HEAD_RATE, WARM_UP = 3e-4, 1e-3, 60
# Weights that have learned their labels already go on at this share of the rates.
LEARNING_ON = 0.25
# A missed label costs this many times a false alarm: they are rare, and thresholds come later.
POSITIVE_WEIGHT = 3.0
WORD_SHARE, AGENT_SHARE, CALL_SHARE = 0.3, 0.2, 0.1
# Shares of calls in a pass: with speech-recognition noise, with roles hidden.
NOISY, HIDDEN = 0.4, 0.12
# Share of the pieces of words that are hidden, so that no single word is relied on.
HIDDEN_PIECES = 0.07
# Of the turns of whole calls that carry nothing, the share that each pass also shows alone. A turn
# alone would otherwise be a fragment, and most fragments were written to carry something.
ALONE = 0.25

Floats = NDArray[np.float32]
# The labels that a role can carry, (roles, labels).
ALLOWED = torch.tensor(
    [[role == "unknown" or TRAIT[label].role == role for label in LABELS] for role in ROLES]
).float()


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


@dataclass(frozen=True, slots=True)
class Scores:
    """`turns` (calls, turns, labels), `words` by chunk (turns, words, labels), `agent` (calls,
    turns), `calls` (calls, fields), all in log-odds."""

    turns: Tensor
    words: list[Tensor]
    agent: Tensor
    calls: Tensor


def forward(model: Tagger, batch: Batch, device: str, *, exact: bool = False) -> Scores:
    """The network over a batch; the encoder in 16 bits unless `exact`."""
    parts, pools, words, order = [], [], [], []
    for chunk, inputs, _ in batch.encoded:
        with torch.autocast(device, torch.bfloat16, enabled=not exact):
            vector, scores, pooled = model.encode(*(tensor.to(device) for tensor in inputs))
        parts.append(vector.float())
        pools.append(pooled.float())
        words.append(scores.float())
        order.append(chunk)
    back = torch.argsort(torch.cat(order)).to(device)
    call, turn = batch.place
    vectors = parts[0].new_zeros(*batch.filled.shape, parts[0].shape[-1])
    vectors[call, turn] = torch.cat(parts)[back]
    pooled = parts[0].new_zeros(batch.turns.shape)
    pooled[call, turn] = torch.cat(pools)[back]
    added, agent, calls = model.converse(
        vectors, pooled, batch.linear.to(device), batch.shown.to(device), batch.filled.to(device)
    )
    own = added[call, turn]
    words = [
        scores + own[chunk.to(device)].unsqueeze(1)
        for scores, chunk in zip(words, order, strict=True)
    ]
    return Scores(pooled + added, words, agent, calls)


def loss_of(scores: Scores, batch: Batch, device: str) -> Tensor:
    """The weighted sum of the cross-entropies of turns, words, speakers and calls."""
    weight = torch.tensor(POSITIVE_WEIGHT, device=device)
    allowed = ALLOWED[batch.shown].to(device) * batch.filled.unsqueeze(-1).to(device)
    entropy = functional.binary_cross_entropy_with_logits
    turns = entropy(scores.turns, batch.turns.to(device), pos_weight=weight, reduction="none")
    loss = (turns * allowed).sum() / allowed.sum() * len(LABELS)
    call, turn = batch.place
    own, total, count = allowed[call, turn], torch.zeros((), device=device), 0.0
    for (chunk, inputs, marks), words in zip(batch.encoded, scores.words, strict=True):
        mask = own[chunk.to(device)].unsqueeze(1) * inputs[3].to(device).unsqueeze(-1)
        each = entropy(words, marks.to(device), pos_weight=weight, reduction="none")
        total = total + (each * mask).sum()
        count += float(mask.sum())
    loss = loss + WORD_SHARE * total / max(count, 1.0) * len(LABELS)
    spoken = batch.filled.bool() & (batch.role != ROLES.index("system"))
    said = (batch.role == ROLES.index("agent")).float().to(device)
    spoken = spoken.to(device)
    loss = loss + AGENT_SHARE * entropy(scores.agent[spoken], said[spoken])
    if batch.whole.any():
        whole = batch.whole.to(device)
        loss = loss + CALL_SHARE * entropy(scores.calls[whole], batch.fields.to(device)[whole])
    return loss


def predict(
    model: Tagger, tokenizer: Tokenizer, calls: Sequence[Prepared], device: str = "cpu"
) -> list[Floats]:
    """The log-odds (turns, labels) of every call, by the network as it is."""
    model.eval()
    found = []
    with torch.inference_mode():
        for chunk in _groups(calls, BATCH_TURNS * 4):
            turns = forward(model, collate(chunk, tokenizer), device).turns.float().cpu().numpy()
            found += [turns[i, : len(call.roles)] for i, call in enumerate(chunk)]
    model.train()
    return found


def average_precision(calls: Sequence[Prepared], scores: Sequence[Floats]) -> dict[str, float]:
    """The average precision of each label that the calls show, over the turns of its role."""
    truth = np.concatenate([call.turns for call in calls])
    guess = np.concatenate(list(scores))
    roles = np.concatenate([call.roles for call in calls])
    found = {}
    for column, label in enumerate(LABELS):
        own = roles == ROLES.index(TRAIT[label].role)
        if truth[own, column].any():
            value = average_precision_score(truth[own, column], guess[own, column])
            found[label] = round(float(value), 4)
    return found


def finetune(
    training: Sequence[Prepared],
    validation: Sequence[Prepared],
    base: str,
    output: Path,
    *,
    passes: int = 6,
    seed: int = 0,
    device: str = "cpu",
    report: Callable[[dict[str, Any]], None] = lambda line: None,
) -> tuple[Tagger, Tokenizer]:
    """The tagger with the best validation figures and its word pieces.

    It starts from `base`: a model folder, whose weights learn on in smaller steps, or the folder or
    name of an encoder of `transformers`. `output` keeps the state of every pass.
    """
    torch.manual_seed(seed)
    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    tokenizer = tokenizer_of(base)
    learns_on = is_model(Path(base))
    model = (
        restored_tagger(Path(base))
        if learns_on
        else Tagger(AutoModel.from_pretrained(base, attn_implementation="eager"))
    ).to(device)
    encoder = [p for name, p in model.named_parameters() if name.startswith("encoder.")]
    heads = [p for name, p in model.named_parameters() if not name.startswith("encoder.")]
    rates = [rate * (LEARNING_ON if learns_on else 1) for rate in (ENCODER_RATE, HEAD_RATE)]
    groups = [{"params": encoder}, {"params": heads}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
    silent = silent_turns(training)
    alone = round(ALONE * len(silent))
    total = passes * (alone + sum(len(call.roles) for call in training))
    state: dict[str, Any] = {"pass": 0, "seen": 0, "step": 0, "best": -1.0}
    state |= {"weights": None, "passes_in": 0}
    output.mkdir(parents=True, exist_ok=True)
    kept = output / "state.pt"
    if kept.exists():
        state = torch.load(kept, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
    elif learns_on:
        # what it begins with is the first to beat, and to be in the mean
        best = _precision(model, tokenizer, validation, device)
        state |= {"best": best, "weights": _copy(model.state_dict()), "passes_in": 1}
        report({"pass": 0, "validation_average_precision": {"own": round(best, 4)}})
    begun = time.monotonic()
    while state["pass"] < passes:
        rng = random.Random(f"{seed} {state['pass']}")
        shown = [*training, *rng.sample(silent, alone)]
        rng.shuffle(shown)
        losses = []
        for chunk in _groups(shown, BATCH_TURNS):
            batch = collate(chunk, tokenizer, rng)
            loss = loss_of(forward(model, batch, device), batch, device)
            state["step"] += 1
            state["seen"] += sum(len(call.roles) for call in chunk)
            share = min(1.0, state["step"] / WARM_UP) * max(0.02, 1 - state["seen"] / total)
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * share
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
        state["pass"] += 1
        own = _copy(model.state_dict())
        state |= {"model": own, "optimizer": optimizer.state_dict()}
        found = {"own": _precision(model, tokenizer, validation, device)}
        candidates = {"own": (own, 1)}
        if state["weights"] is not None:
            candidates["mean"] = _joined(state["weights"], own, state["passes_in"])
            model.load_state_dict(candidates["mean"][0])
            found["mean"] = _precision(model, tokenizer, validation, device)
            model.load_state_dict(own)
        chosen = max(found, key=found.__getitem__)
        if found[chosen] >= state["best"]:
            weights, count = candidates[chosen]
            state |= {"best": found[chosen], "weights": weights, "passes_in": count}
        torch.save(state, kept.with_suffix(".new"))
        kept.with_suffix(".new").replace(kept)
        report(
            {
                "pass": state["pass"],
                "loss": round(float(np.mean(losses)), 4),
                "validation_average_precision": {k: round(v, 4) for k, v in found.items()},
                "seconds": round(time.monotonic() - begun),
            }
        )
    model.load_state_dict(state["weights"])
    return model.eval(), tokenizer


def tokenizer_of(base: str) -> Tokenizer:
    """The word pieces of a checkpoint, without padding and truncation."""
    file = Path(base) / "tokenizer.json"
    if file.exists():
        tokenizer = Tokenizer.from_file(str(file))
    else:
        tokenizer = AutoTokenizer.from_pretrained(base).backend_tokenizer
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _precision(
    model: Tagger, tokenizer: Tokenizer, calls: Sequence[Prepared], device: str
) -> float:
    found = average_precision(calls, predict(model, tokenizer, calls, device))
    return float(np.mean(list(found.values()))) if found else 0.0


def _joined(
    mean: dict[str, Tensor], own: dict[str, Tensor], count: int
) -> tuple[dict[str, Tensor], int]:
    """The mean of `count` passes with one more, and how many those are."""
    joined = {name: tensor + (own[name] - tensor) / (count + 1) for name, tensor in mean.items()}
    return joined, count + 1


def _copy(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().clone() for name, tensor in state.items()}


def _groups(calls: Sequence[Prepared], turns: int) -> Iterator[list[Prepared]]:
    """Calls in the order given, about so many turns together."""
    group: list[Prepared] = []
    for call in calls:
        group.append(call)
        if sum(len(own.roles) for own in group) >= turns:
            yield group
            group = []
    if group:
        yield group
