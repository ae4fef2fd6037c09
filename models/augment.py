"""What speech recognition does to words, made anew for every pass over the training calls."""

from __future__ import annotations

import random
from typing import TypeVar

Mark = TypeVar("Mark")

# Shares of the words of a call to which each of these happens.
DROPPED, MISHEARD, JOINED, SPLIT, FILLED = 0.015, 0.03, 0.01, 0.01, 0.02
FILLERS = {
    "da": ("øh", "altså", "ikk", "jamen", "hmm"),
    "nb": ("eh", "altså", "liksom", "ikke sant", "hm"),
    "sv": ("eh", "alltså", "liksom", "va", "hm"),
    "en": ("um", "uh", "like", "you know", "er"),
}
# Letters whose sounds are taken for one another: the one written, the one heard.
CONFUSED = (
    "td dt pb bp kg gk vf fv sc cs zs iy yi ei ie ea ae æe eæ äe eä øo oø öo oö åo oå uo ou nm mn"
).split()


def noisy(
    words: list[tuple[str, Mark]], language: str | None, rng: random.Random
) -> list[tuple[str, Mark]]:
    """The words as speech recognition might have written them, without punctuation; each new word
    carries the mark of the one it was made from, and stage directions stay as they are."""
    said: list[tuple[str, Mark]] = []
    for form, mark in words:
        if form.startswith("<") and len(form) > 1:
            said.append((form, mark))
            continue
        if not form[:1].isalnum():
            continue
        chance = rng.random()
        if chance < DROPPED:
            continue
        if chance < DROPPED + MISHEARD:
            form = _misheard(form, rng)
        elif chance < DROPPED + MISHEARD + JOINED and said and said[-1][0][:1].isalnum():
            form = said.pop()[0] + form
        elif chance < DROPPED + MISHEARD + JOINED + SPLIT and len(form) > 5:
            middle = rng.randint(2, len(form) - 2)
            said.append((form[:middle], mark))
            form = form[middle:]
        elif chance > 1 - FILLED and language in FILLERS:
            said += [(filler, mark) for filler in rng.choice(FILLERS[language]).split()]
        said.append((form, mark))
    return said or words


def _misheard(form: str, rng: random.Random) -> str:
    if len(form) < 3:
        return form
    place = rng.randrange(len(form))
    kind = rng.random()
    if kind < 0.4:
        options = [pair[1] for pair in CONFUSED if pair[0] == form[place]]
        return form[:place] + rng.choice(options or [form[place]]) + form[place + 1 :]
    if kind < 0.7:
        return form[:place] + form[place + 1 :]
    return form[:place] + form[place] + form[place:]
