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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from sklearn.metrics import average_precision_score
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer

from analyzer.tagger import ROLES
from analyzer.traits import LABELS, TRAIT
from models.collate import Batch, Floats, Prepared, collate, silent_turns
from models.restore import is_model, restored_tagger
from models.tagger import Tagger

BATCH_TURNS = 256
ENCODER_RATE, HEAD_RATE, WARM_UP = 3e-4, 1e-3, 60
# Weights that have learned their labels already go on at this share of the rates.
LEARNING_ON = 0.25
# A missed label costs this many times a false alarm: they are rare, and thresholds come later.
POSITIVE_WEIGHT = 3.0
WORD_SHARE, AGENT_SHARE, CALL_SHARE = 0.3, 0.2, 0.1
# Of the turns of whole calls that carry nothing, the share that each pass also shows alone. A turn
# alone would otherwise be a fragment, and most fragments were written to carry something.
ALONE = 0.25

# The labels that a role can carry, (roles, labels).
ALLOWED = torch.tensor(
    [[role == "unknown" or TRAIT[label].role == role for label in LABELS] for role in ROLES]
).float()


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
        if state["weights"] is not None:
            # calls to choose by may have been added
            model.load_state_dict(state["weights"])
            state["best"] = _precision(model, tokenizer, validation, device)
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
