"""Turns as word pieces: every word keeps its place, however long the turn."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from analyzer.classifier import DEFAULT_MODEL
from analyzer.pieces import MAX_PIECES, batches, rows, stretches
from analyzer.tokens import tokenise

PUBLISHED = Path(__file__).parents[2] / "models" / DEFAULT_MODEL / "tokenizer.json"


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_file(str(PUBLISHED))


def forms(text: str) -> list[str]:
    return [token.form for token in tokenise(text)]


def test_each_word_points_at_its_first_piece(tokenizer: Tokenizer) -> None:
    ((stretch,),) = stretches(tokenizer, [forms("Uheldigvis forsinkelsesgebyr ja")])
    begun = [tokenizer.id_to_token(stretch.ids[place]) for place in stretch.first]
    assert len(begun) == 3
    assert not any(piece.startswith("##") for piece in begun)
    assert begun[2] == "ja"


def test_a_long_turn_is_cut_between_words_and_loses_none(tokenizer: Tokenizer) -> None:
    words = forms("forsinkelsesgebyret er betalt " * 400)
    (parts,) = stretches(tokenizer, [words])
    assert len(parts) > 1
    assert all(len(part.ids) <= MAX_PIECES for part in parts)
    assert sum(len(part.first) for part in parts) == len(words)


def test_a_turn_without_words_is_one_stretch(tokenizer: Tokenizer) -> None:
    ((stretch,),) = stretches(tokenizer, [[]])
    assert stretch.first == [] and len(stretch.ids) == 2


@given(st.lists(st.text(max_size=200), min_size=1, max_size=4))
def test_any_text_keeps_every_word(texts: list[str]) -> None:
    tokenizer = Tokenizer.from_file(str(PUBLISHED))
    turns = [forms(text) for text in texts]
    for turn, parts in zip(turns, stretches(tokenizer, turns), strict=True):
        assert sum(len(part.first) for part in parts) == len(turn)
        assert all(0 <= place < len(part.ids) for part in parts for place in part.first)


def test_rows_are_padded_and_masked(tokenizer: Tokenizer) -> None:
    parts = [own[0] for own in stretches(tokenizer, [forms("ja"), forms("nej tak det var alt")])]
    batch = rows(parts)
    assert batch.ids.shape == batch.mask.shape and batch.first.shape == batch.words.shape == (2, 5)
    assert batch.mask.sum(1).tolist() == [len(part.ids) for part in parts]
    assert batch.words.sum(1).tolist() == [1, 5]
    assert not batch.ids[batch.mask == 0].any()


def test_batches_hold_like_lengths_within_the_limit() -> None:
    lengths = [3, 90, 4, 80, 5, 300]
    found = list(batches(lengths, 200))
    assert sorted(index for batch in found for index in batch) == list(range(6))
    assert [5] in found
    for batch in found:
        longest = max(lengths[index] for index in batch)
        assert len(batch) == 1 or longest * len(batch) <= 200
