"""Words as speech recognition might have written them."""

from __future__ import annotations

import random

from models.augment import FILLERS, noisy

WORDS = [
    (word, place) for place, word in enumerate("jeg har ventet på svar siden i mandags".split())
]


def spoilt(
    words: list[tuple[str, int]], times: int, language: str = "da"
) -> list[list[tuple[str, int]]]:
    rng = random.Random(1)
    return [noisy(words, language, rng) for _ in range(times)]


def test_punctuation_goes_and_stage_directions_stay() -> None:
    for found in spoilt([("<sigh>", 0), ("nej", 1), (",", 2), ("!", 3)], 50):
        forms = [form for form, _ in found]
        assert forms[0] == "<sigh>"
        assert "," not in forms and "!" not in forms


def test_most_words_stay_and_some_change() -> None:
    found = [form for own in spoilt(WORDS, 300) for form, _ in own]
    known = {form for form, _ in WORDS}
    changed = [form for form in found if form not in known]
    assert 0.03 < len(changed) / len(found) < 0.2


def test_a_changed_word_keeps_the_mark_of_the_one_it_was_made_from() -> None:
    marks = [{mark for _, mark in own} for own in spoilt(WORDS, 300)]
    assert all(own <= set(range(len(WORDS))) for own in marks)
    for own in spoilt(WORDS, 300):
        places = [mark for _, mark in own]
        assert places == sorted(places)


def test_fillers_are_those_of_the_language() -> None:
    def fillers(language: str) -> set[str]:
        every = {word for own in FILLERS.values() for filler in own for word in filler.split()}
        return {form for own in spoilt(WORDS, 400, language) for form, _ in own} & every

    assert "øh" in fillers("da") and "øh" not in fillers("en")
    assert "um" in fillers("en") and "um" not in fillers("da")


def test_a_turn_of_marks_alone_is_left_as_it_is() -> None:
    assert noisy([("?", 0)], "da", random.Random(0)) == [("?", 0)]
