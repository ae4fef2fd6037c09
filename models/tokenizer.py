"""The word pieces of the turn encoder, learned from plain text.

    python -m models.tokenizer --corpus FOLDER --parallel FOLDER --output runs/base/tokenizer.json

WordPiece without capitals and with its accents: a transcript of speech recognition and a typed one
should meet in the same pieces, and å, ä, ö and ø tell words apart.
"""

from __future__ import annotations

import argparse
import io
import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import zstandard
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

from models.dataset import DATA, load

VOCABULARY = 32_000
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
# Manuals and statutes come in long lines, talk in short ones: a line counts with at most this many
# characters, so that the vocabulary is made of words people say.
LINE_LIMIT = 300
# The dialogues are few and exactly the kind of text that is read later.
DIALOGUE_COPIES = 4


def lines(path: Path) -> Iterator[str]:
    """The lines of a zstandard-compressed text file."""
    with path.open("rb") as raw, zstandard.ZstdDecompressor().stream_reader(raw) as stream:
        for line in io.TextIOWrapper(stream, "utf-8"):
            yield line.rstrip("\n")


def pairs(path: Path) -> Iterator[tuple[str, str, str]]:
    """`(source, text, translation)` of a compressed file of parallel sentences."""
    for line in lines(path):
        source, first, second = line.split("\t")
        yield source, first, second


def _text(corpus: Path, parallel: Path, dialogues: Path) -> Iterator[str]:
    for path in sorted(corpus.glob("*.txt.zst")):
        if not path.name.startswith("de."):
            yield from (line[:LINE_LIMIT] for line in lines(path))
    for path in sorted(parallel.glob("*.tsv.zst")):
        for _, first, second in pairs(path):
            yield first
            yield second
    for _ in range(DIALOGUE_COPIES):
        for call in load(dialogues):
            if call.split == "train":
                yield from (turn.text for turn in call.conversation.turns)


def train(texts: Iterable[str], vocabulary: int = VOCABULARY) -> Tokenizer:
    """A tokenizer of at most `vocabulary` pieces; the same text gives the same pieces."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL),
        limit_alphabet=400,
        min_frequency=3,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    cls, sep = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", cls), ("[SEP]", sep)]
    )
    return tokenizer


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m models.tokenizer", description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder of LANGUAGE.txt.zst")
    parser.add_argument("--parallel", type=Path, required=True, help="folder of A-B.tsv.zst")
    parser.add_argument("--data", type=Path, default=DATA, help="labelled calls")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args(arguments)
    texts = list(_text(options.corpus, options.parallel, options.data))
    random.Random(0).shuffle(texts)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    train(texts).save(str(options.output))


if __name__ == "__main__":
    main()
