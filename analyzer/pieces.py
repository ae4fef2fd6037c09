"""How the tagger sees a turn: its words as numbered word pieces, in stretches that fit the encoder.

Training and scoring share this module, and the words are those of `analyzer.tokens`, so a stage
direction reads the same whatever a transcription tool calls it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analyzer.tokens import IntArray

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# Word pieces in a stretch, with its two marks: a turn of some 200 words; longer ones are encoded
# in several, which costs less than one long row and works for any length.
MAX_PIECES = 256


@dataclass(frozen=True, slots=True)
class Stretch:
    """Whole words of a turn as word pieces: `ids`, and the place in them of each word's `first`."""

    ids: list[int]
    first: list[int]


def stretches(tokenizer: Tokenizer, turns: Sequence[Sequence[str]]) -> list[list[Stretch]]:
    """Each turn, given as its words' forms, as one stretch or more; an empty turn is one without
    words."""
    begin, *_, end = tokenizer.encode("").ids
    encoded = tokenizer.encode_batch(
        # half of a surrogate pair, from a damaged file, is no text to the tokenizer
        [[form.encode("utf-8", "replace").decode() for form in forms] for forms in turns],
        is_pretokenized=True,
        add_special_tokens=False,
    )
    return [
        list(_split(len(forms), encoding.ids, encoding.word_ids, begin, end))
        for forms, encoding in zip(turns, encoded, strict=True)
    ]


def _split(
    count: int, ids: list[int], word_ids: list[int | None], begin: int, end: int
) -> Iterator[Stretch]:
    words: list[list[int]] = [[] for _ in range(count)]
    for number, word in zip(ids, word_ids, strict=True):
        if word is not None:
            words[word].append(number)
    pieces, first = [begin], list[int]()
    for word_pieces in words:
        own = word_pieces[: MAX_PIECES - 2]
        if len(pieces) + len(own) > MAX_PIECES - 1:
            yield Stretch([*pieces, end], first)
            pieces, first = [begin], []
        first.append(len(pieces))
        pieces += own
    yield Stretch([*pieces, end], first)


@dataclass(frozen=True, slots=True)
class Rows:
    """Stretches side by side: `ids` and `mask` (rows, pieces), `first` and `words` (rows, words).

    `mask` and `words` are 1 where a piece or a word is and 0 where the row has ended.
    """

    ids: IntArray
    mask: IntArray
    first: IntArray
    words: IntArray


def rows(chosen: Sequence[Stretch]) -> Rows:
    """The arrays for a batch of stretches."""
    ids = np.zeros((len(chosen), max(len(s.ids) for s in chosen)), np.int64)
    mask = np.zeros_like(ids)
    first = np.zeros((len(chosen), max(1, *(len(s.first) for s in chosen))), np.int64)
    words = np.zeros_like(first)
    for row, stretch in enumerate(chosen):
        ids[row, : len(stretch.ids)] = stretch.ids
        mask[row, : len(stretch.ids)] = 1
        first[row, : len(stretch.first)] = stretch.first
        words[row, : len(stretch.first)] = 1
    return Rows(ids, mask, first, words)


def batches(lengths: Sequence[int], limit: int) -> Iterator[list[int]]:
    """Indices of rows of like length together, at most `limit` pieces with padding each."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and max(lengths[index], 1) * (len(batch) + 1) > limit:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch
