"""How the classifier sees a turn: words with their places, each as hashed pieces of itself.

A word is its character n-grams; with the one and the two words before it, it also forms phrases.
Training and scoring share this module: a change here needs new weights (`FEATURES_VERSION`).
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from analyzer.events import directions

FEATURES_VERSION = 1
BUCKETS = 2**17
PHRASES = 2  # per word: with one and with two words before it
_SHORTEST, _LONGEST = 2, 5  # characters in an n-gram
# A word of more n-grams than this is noise (a URL, a hash, a line without blanks) and is cut.
_MAX_NGRAMS = 48
_MAX_FORM = 64  # characters
# A turn of more words is cut, and the report says so: a call without turns, or noise.
MAX_WORDS = 10_000
# Combining marks belong to the letter before them: text from a Mac may write å as a and a ring.
_WORD = re.compile(r"\[[A-Z]+_\d+\]|\w[\w\u0300-\u036f]*(?:['’]\w[\w\u0300-\u036f]*)*|[^\w\s]")

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a mark or a stage direction: the characters it takes up in the turn, and its form."""

    start: int
    end: int
    form: str


def tokenise(text: str) -> list[Token]:
    """The first `MAX_WORDS` tokens of a turn, in order.

    A known stage direction is one token, and so is the placeholder of a redaction.
    """
    tokens: list[Token] = []
    position = 0
    for direction in directions(text):
        tokens += _words(text, position, direction.start)
        tokens.append(Token(direction.start, direction.end, f"<{direction.kind}>"))
        position = direction.end
    tokens += _words(text, position, len(text))
    return tokens[:MAX_WORDS]


def _words(text: str, start: int, end: int) -> list[Token]:
    return [
        Token(match.start(), match.end(), _form(match[0]))
        for match in _WORD.finditer(text, start, end)
    ]


def _form(word: str) -> str:
    if len(word) > 1 and word.startswith("["):
        return word[1:].rpartition("_")[0].lower()  # to the model `[PERSON_2]` is "person"
    return unicodedata.normalize("NFC", word.lower())[:_MAX_FORM]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A batch of turns as bucket numbers; bucket and row 0 are padding.

    `forms` (forms, n-grams) holds each distinct word once, `words` (turns, words) indexes into it,
    `phrases` (turns, words, `PHRASES`) holds the phrases that end at a word.
    """

    forms: IntArray
    words: IntArray
    phrases: IntArray


def encode(turns: Sequence[Sequence[Token]]) -> Encoded:
    """The arrays for a batch of tokenised turns, padded to its longest one."""
    rows: dict[str, int] = {}
    longest = max((len(tokens) for tokens in turns), default=0) or 1
    words = np.zeros((len(turns), longest), dtype=np.int64)
    phrases = np.zeros((len(turns), longest, PHRASES), dtype=np.int64)
    for i, tokens in enumerate(turns):
        forms = [token.form for token in tokens]
        words[i, : len(forms)] = [rows.setdefault(form, len(rows) + 1) for form in forms]
        if forms:
            phrases[i, : len(forms)] = phrase_ids(forms)
    ngrams = [ngram_ids(form) for form in rows]
    table = np.zeros((len(rows) + 1, max(map(len, ngrams), default=1)), dtype=np.int64)
    for row, buckets in enumerate(ngrams, 1):
        table[row, : len(buckets)] = buckets
    return Encoded(table, words, phrases)


@lru_cache(maxsize=20_000)
def ngram_ids(form: str) -> tuple[int, ...]:
    """The buckets of a word: of itself and of its character n-grams."""
    if len(form) > 1 and form.startswith("<"):
        return (_bucket(form),)
    padded = f"<{form}>"
    grams = [padded]
    for size in range(_SHORTEST, _LONGEST + 1):
        grams += [padded[i : i + size] for i in range(len(padded) - size + 1)]
    return tuple(_bucket(gram) for gram in dict.fromkeys(grams))[:_MAX_NGRAMS]


def phrase_ids(forms: Sequence[str]) -> list[tuple[int, int]]:
    """For each word, the buckets of the phrases of two and of three words that end with it."""
    padded = ["^", "^", *forms]
    return [
        (_bucket(f"{padded[i + 1]} {padded[i + 2]}"), _bucket(" ".join(padded[i : i + 3])))
        for i in range(len(forms))
    ]


def _bucket(piece: str) -> int:
    return zlib.crc32(piece.encode("utf-8", "surrogatepass")) % (BUCKETS - 1) + 1
