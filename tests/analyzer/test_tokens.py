from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.tokens import BUCKETS, MAX_WORDS, encode, ngram_ids, phrase_ids, tokenise


def forms(text: str) -> list[str]:
    return [token.form for token in tokenise(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Det er IKKE mit bord.", ["det", "er", "ikke", "mit", "bord", "."]),
        ("can't won’t", ["can't", "won’t"]),
        ("så… nå?!", ["så", "…", "nå", "?", "!"]),
        ("3,5 kr", ["3", ",", "5", "kr"]),
        ("[suk] ja", ["<sigh>", "ja"]),
        ("ja (laughs) *sukker*", ["ja", "<laugh>", "<sigh>"]),
        ("[tastatur] ja", ["[", "tastatur", "]", "ja"]),
        ("", []),
        (" \n\t", []),
    ],
)
def test_words_marks_and_known_directions_are_tokens(text: str, expected: list[str]) -> None:
    assert forms(text) == expected


def test_a_token_keeps_its_place() -> None:
    text = "  Ja,   (sighs) nå"

    assert [text[t.start : t.end] for t in tokenise(text)] == ["Ja", ",", "(sighs)", "nå"]


@pytest.mark.parametrize("text", ["kø på ålegård", "förlåt att det blev fel", "Å nei!"])
def test_combining_marks_make_no_difference(text: str) -> None:
    assert forms(unicodedata.normalize("NFD", text)) == forms(text)


def test_a_turn_is_cut_after_the_most_words() -> None:
    assert len(tokenise("ord " * (MAX_WORDS + 50))) == MAX_WORDS


def test_a_very_long_word_is_cut() -> None:
    (token,) = tokenise("a" * 5_000)

    assert (token.end, len(token.form)) == (5_000, 64)


@given(st.text())
def test_tokens_are_in_order_and_never_empty(text: str) -> None:
    places = [place for token in tokenise(text) for place in (token.start, token.end)]

    assert all(a < b for a, b in zip(places[::2], places[1::2], strict=True))
    assert places == sorted(places) and all(0 <= place <= len(text) for place in places)


@given(st.text(min_size=1, max_size=80))
def test_buckets_are_never_that_of_the_padding(form: str) -> None:
    assert all(0 < bucket < BUCKETS for bucket in ngram_ids(form))


def test_words_of_like_spelling_share_pieces() -> None:
    assert (
        len(set(ngram_ids("stiller")) & set(ngram_ids("stillet"))) > len(ngram_ids("stiller")) / 2
    )


def test_a_direction_is_one_piece() -> None:
    assert len(ngram_ids("<sigh>")) == 1


def test_the_mark_for_less_than_is_no_direction() -> None:
    assert len(ngram_ids("<")) > 1


def test_the_pieces_of_a_word_are_few_however_long_it_is() -> None:
    assert len(ngram_ids("abcdefghij" * 6)) == 48


def test_the_order_of_words_makes_other_phrases() -> None:
    assert set(phrase_ids(["ikke", "mit"])).isdisjoint(phrase_ids(["mit", "ikke"]))


def test_a_phrase_at_the_start_differs_from_one_inside() -> None:
    assert phrase_ids(["mit", "bord"])[1] != phrase_ids(["ikke", "mit", "bord"])[2]


def test_a_batch_is_padded_to_its_longest_turn() -> None:
    batch = encode([tokenise("ja"), tokenise("det er fint"), []])

    assert batch.words.shape == (3, 3) and batch.phrases.shape == (3, 3, 2)


def test_padding_is_bucket_and_row_zero() -> None:
    batch = encode([tokenise("ja"), tokenise("det er fint")])

    assert not batch.words[0, 1:].any() and not batch.phrases[0, 1:].any()
    assert not batch.forms[0].any()


def test_a_form_that_comes_back_is_held_once() -> None:
    batch = encode([tokenise("ja ja nej"), tokenise("nej ja")])

    assert len(batch.forms) == 3 and np.array_equal(batch.words, [[1, 1, 2], [2, 1, 0]])


@pytest.mark.parametrize("turns", [[], [[]]])
def test_a_batch_without_words_has_a_shape(turns: list[list[object]]) -> None:
    batch = encode(turns)  # type: ignore[arg-type]

    assert batch.words.shape == (len(turns), 1) and batch.forms.shape == (1, 1)


@pytest.mark.parametrize("placeholder", ["[PERSON_1]", "[PHONE_12]", "[REFERENCE_3]"])
def test_a_placeholder_is_one_token(placeholder: str) -> None:
    text = f"tak {placeholder}s konto"

    tokens = [(text[token.start : token.end], token.form) for token in tokenise(text)]

    kind = placeholder[1:].partition("_")[0].lower()
    assert tokens == [("tak", "tak"), (placeholder, kind), ("s", "s"), ("konto", "konto")]
