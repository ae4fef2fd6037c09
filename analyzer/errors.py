"""What can go wrong, in words for the person who has to do something about it.

KasperError
├── TranscriptError   a file or a call in it that cannot be read
├── ScorecardError    a scorecard file that is not valid
├── ModelError        weights that are missing, damaged or of another version
└── UsageError        a wish that cannot be met, such as an output format that does not exist

    try:
        conversations = read("calls.vtt")
    except TranscriptError as error:
        print(error)  # calls.vtt, line 7: expected …; …
"""

from __future__ import annotations


class KasperError(Exception):
    """The base of every error that Kasper raises on purpose."""


class TranscriptError(KasperError):
    """A transcript that cannot be read: which file, where in it, what was expected, what to do.

    All but the source are messages, so that a page can say them in its language.
    """

    def __init__(self, source: str, expected: str, remedy: str, *, place: str = "") -> None:
        self.source, self.place, self.expected, self.remedy = source, place, expected, remedy
        where = f"{source}, {place}" if place else source
        super().__init__(f"{where}: {expected}; {remedy}.")

    def fields(self) -> dict[str, str]:
        """Its parts by name, as the errors file and the service list them."""
        return {
            "source": self.source,
            "place": self.place,
            "expected": self.expected,
            "remedy": self.remedy,
        }

    def __reduce__(self) -> tuple[object, ...]:
        return _transcript_error, (self.source, self.expected, self.remedy, self.place)


def _transcript_error(source: str, expected: str, remedy: str, place: str) -> TranscriptError:
    return TranscriptError(source, expected, remedy, place=place)


class ScorecardError(KasperError):
    """A scorecard that cannot be used: its name, and each mistake with its line, messages."""

    def __init__(self, name: str, *mistakes: str) -> None:
        self.name, self.mistakes = name, mistakes
        super().__init__("\n".join(f"{name}: {mistake}." for mistake in mistakes))

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.name, *self.mistakes)


class ModelError(KasperError):
    """Model weights that cannot be used."""


class UsageError(KasperError):
    """A call of the program that asks for something that does not exist."""
