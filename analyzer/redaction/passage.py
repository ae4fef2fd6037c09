"""What a detector is given, a turn with what was said before it, and what it gives back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"\d+|[^\W\d_]+(?:['’-][^\W\d_]+)*['’]?")


@dataclass(frozen=True, slots=True)
class Detection:
    """Personal data at `text[start:end]`; equal `value`s of a kind share a placeholder."""

    start: int
    end: int
    kind: str
    value: str


class Word(NamedTuple):
    """A run of letters or of digits: its place, how it is written, and in lower case."""

    start: int
    end: int
    written: str
    form: str


class Passage:
    """A turn in a language (`None`: not known), with the turns `before` it, the latest last.

    What is already redacted stands in `text` as zero characters, so that nothing matches there.
    `cased`: whether it is written with capitals, as speech recognition often does not.
    """

    def __init__(
        self,
        text: str,
        language: str | None = None,
        before: Sequence[str] = (),
        *,
        cased: bool = True,
    ) -> None:
        self.text = text
        self.language = language
        self.before = before
        self.cased = cased
        lower = text.lower()
        # every character keeps its place: a few capitals (İ) are two characters in lower case
        self.lower = lower if len(lower) == len(text) else text
        self.forms = frozenset(_WORD.findall(self.lower))
        self.has_digit = _DIGIT.search(text) is not None
        self._words: list[Word] | None = None

    @property
    def words(self) -> list[Word]:
        """The words and digit strings of the turn, in order; most turns are never asked."""
        if self._words is None:
            found = _WORD.finditer(self.text)
            self._words = [Word(m.start(), m.end(), m[0], m[0].lower()) for m in found]
        return self._words
