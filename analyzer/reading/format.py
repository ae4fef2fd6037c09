"""What a transcript format is, and the steps that all of them share: validate, group, sort, number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from analyzer.conversation import Conversation, Turn, number_speakers
from analyzer.errors import TranscriptError
from analyzer.reading.document import Document

# A silence of more than three seconds ends a turn, as it ends talk time in Contact Lens
# ("non-talk time"), see docs/metrics.md.
PAUSE_S = 3.0

Parsed = Conversation | TranscriptError


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file: how it is recognised from its content, and how it becomes conversations."""

    name: str
    title: str
    recognised_by: str
    matches: Callable[[Document], bool]
    parse: Callable[[Document], Iterable[Parsed]]


@dataclass(frozen=True, slots=True)
class JsonFormat:
    """A kind of JSON object that holds one call, in a file of its own, in a list or on a line."""

    name: str
    title: str
    recognised_by: str
    matches: Callable[[Mapping[str, Any]], bool]
    parse: Callable[[Mapping[str, Any], "Origin"], Conversation]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a call came from: the file's name, the place in it, the id to use if it names none."""

    source: str
    id: str
    place: str = ""

    def error(self, expected: str, remedy: str, *, place: str = "") -> TranscriptError:
        """The error to raise for this call; `place` narrows the origin's own place."""
        places = ", ".join(part for part in (self.place, place) if part)
        return TranscriptError(self.source, expected, remedy, place=places)


class Shape(BaseModel):
    """The fields of a vendor's JSON that are used here; all others are ignored."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False, coerce_numbers_to_str=True)


ShapeT = TypeVar("ShapeT", bound=Shape)


def shaped(shape: type[ShapeT], value: Any, origin: Origin) -> ShapeT:
    """`value` as the shape says; `TranscriptError` that names the first field which does not fit."""
    try:
        return shape.model_validate(value)
    except ValidationError as invalid:
        first = invalid.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        expected = first["msg"][:1].lower() + first["msg"][1:]
        raise origin.error(expected, "export the file again", place=place) from None


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word. A `glued` one (punctuation) follows the word before without a space."""

    text: str
    start: float | None
    end: float | None
    speaker: str | None = None
    glued: bool = False


def turns_from_words(words: Iterable[Word]) -> Iterator[Turn]:
    """Turns of role `unknown`: a new one begins with another speaker or after a long silence."""
    current: list[Word] = []
    for word in words:
        if current and not word.glued and _breaks(current[-1], word):
            yield _turn(current)
            current = []
        current.append(word)
    if current:
        yield _turn(current)


def _breaks(last: Word, word: Word) -> bool:
    if word.speaker != last.speaker:
        return True
    return last.end is not None and word.start is not None and word.start - last.end > PAUSE_S


def _turn(words: list[Word]) -> Turn:
    text = "".join(word.text if word.glued or not i else f" {word.text}" for i, word in enumerate(words))
    ends = [word.end for word in words if word.end is not None]
    return Turn(text, "unknown", words[0].speaker, words[0].start, max(ends, default=None))


def merge_segments(segments: Iterable[Turn]) -> Iterator[Turn]:
    """Turns from sentences or cues: those of one speaker that follow each other become one.

    Segments without a speaker stay apart, since who speaks may change between any two of them.
    """
    last: Turn | None = None
    for segment in segments:
        if last is not None and _continues(last, segment):
            last = replace(last, text=f"{last.text} {segment.text}".strip(), end=segment.end)
            continue
        if last is not None:
            yield last
        last = segment
    if last is not None:
        yield last


def _continues(last: Turn, segment: Turn) -> bool:
    if segment.role == "system" or segment.speaker is None:
        return False
    if (last.role, last.speaker) != (segment.role, segment.speaker):
        return False
    return last.end is None or segment.start is None or segment.start - last.end <= PAUSE_S


def by_time(turns: Iterable[Turn]) -> list[Turn]:
    """The turns of all channels in the order in which they begin; as given if a time is missing."""
    listed = list(turns)
    if any(turn.start is None for turn in listed):
        return listed
    return sorted(listed, key=lambda turn: turn.start or 0.0)


def conversation(
    origin: Origin,
    format_name: str,
    turns: Iterable[Turn],
    *,
    id: str | None = None,
    as_given: bool = False,
    **details: Any,
) -> Conversation:
    """The call with its speakers numbered; `TranscriptError` if nobody speaks.

    Empty turns are left out and blanks around a turn trimmed, unless it shall stay `as_given`.
    """
    kept = list(turns)
    if not as_given:
        kept = [replace(turn, text=turn.text.strip()) for turn in kept if turn.text.strip()]
    if not any(turn.role != "system" and turn.text.strip() for turn in kept):
        raise origin.error("no speech in this call", "check that the transcription succeeded")
    return Conversation(
        id=id or origin.id,
        turns=number_speakers(kept),
        source=origin.source,
        format=format_name,
        **details,
    )
