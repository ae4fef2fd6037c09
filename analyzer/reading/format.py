"""What a transcript format is, and the steps all of them share: validate, group, sort, number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from analyzer.conversation import Conversation, Turn, number_speakers
from analyzer.errors import TranscriptError
from analyzer.messages import Message, mistake
from analyzer.reading.document import Document

# The first word may be placed a little before the recording; earlier or later times are mistakes.
_EARLIEST_S, LATEST_S = -1.0, 1e8
# A first turn after this is told by a clock on the wall, not from the start of the call.
_WALL_CLOCK_S = 3600.0
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
    parse: Callable[[Mapping[str, Any], Origin], Conversation]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a call came from: the file's name, the place in it, the id to use if it names none."""

    source: str
    id: str
    place: str = ""

    def error(self, expected: str, remedy: str, *, place: str = "") -> TranscriptError:
        """The error to raise for this call; `place` narrows the origin's own place."""
        if self.place and place:
            place = Message("%(outer)s, %(inner)s", outer=self.place, inner=place)
        return TranscriptError(self.source, expected, remedy, place=place or self.place)


class Shape(BaseModel):
    """The fields of a vendor's JSON that are used here; others are ignored, `null` is absent."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False, coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _without_null(cls, value: Any) -> Any:
        if isinstance(value, dict) and None in value.values():
            return {field: item for field, item in value.items() if item is not None}
        return value


def field(path: str) -> Message:
    """A place in JSON: the names and numbers of fields that lead there, with dots between."""
    return Message("field %(path)s", path=path)


ShapeT = TypeVar("ShapeT", bound=Shape)


def shaped(shape: type[ShapeT], value: Any, origin: Origin) -> ShapeT:
    """`value` as the shape says; `TranscriptError` naming the first field which does not fit."""
    try:
        return shape.model_validate(value)
    except ValidationError as invalid:
        first = invalid.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise origin.error(
            mistake(first),
            Message("export the file again"),
            place=field(place) if place else "",
        ) from None


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
    last: Word | None = None
    for word in words:
        if last is not None and not word.glued and _breaks(last, word):
            yield _turn(current)
            current = []
        current.append(word)
        if last is None or not word.glued:
            last = word  # punctuation has neither a speaker nor times to go by
    if current:
        yield _turn(current)


def _breaks(last: Word, word: Word) -> bool:
    if word.speaker != last.speaker:
        return True
    return last.end is not None and word.start is not None and word.start - last.end > PAUSE_S


def _turn(words: list[Word]) -> Turn:
    spoken = [(word.text.strip(), word.glued) for word in words if word.text.strip()]
    text = "".join(text if glued or not i else f" {text}" for i, (text, glued) in enumerate(spoken))
    starts = [word.start for word in words if word.start is not None]
    ends = [word.end for word in words if word.end is not None]
    return Turn(
        text, "unknown", words[0].speaker, min(starts, default=None), max(ends, default=None)
    )


def merge_segments(segments: Iterable[Turn]) -> Iterator[Turn]:
    """Turns from sentences or cues: those of one speaker that follow each other become one.

    Segments without a speaker stay apart, since who speaks may change between any two of them.
    """
    group: list[Turn] = []
    for segment in segments:
        if group and not _continues(group[-1], segment):
            yield _merged(group)
            group = []
        group.append(segment)
    if group:
        yield _merged(group)


def _continues(last: Turn, segment: Turn) -> bool:
    if segment.role == "system" or segment.speaker is None:
        return False
    if (last.role, last.speaker) != (segment.role, segment.speaker):
        return False
    return last.end is None or segment.start is None or segment.start - last.end <= PAUSE_S


def _merged(group: list[Turn]) -> Turn:
    text = " ".join(turn.text.strip() for turn in group if turn.text.strip())
    end = group[-1].end
    if end is not None:
        end = max(turn.end for turn in group if turn.end is not None)
    return replace(group[0], text=text, end=end)


def by_time(turns: Iterable[Turn]) -> list[Turn]:
    """The turns of all channels in the order in which they begin; as given if a time is missing."""
    listed = list(turns)
    if any(turn.start is None for turn in listed):
        return listed
    return sorted(listed, key=lambda turn: turn.start or 0.0)


def from_first(turns: Iterable[Turn]) -> list[Turn]:
    """The turns with times from the first turn on, where they count from midnight or from 1970."""
    listed = list(turns)
    zero = min((turn.start for turn in listed if turn.start is not None), default=0.0)
    if zero < _WALL_CLOCK_S:
        return listed
    return [
        replace(
            turn,
            start=None if turn.start is None else turn.start - zero,
            end=None if turn.end is None else turn.end - zero,
        )
        for turn in listed
    ]


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

    Unless the turns shall stay `as_given`, empty ones are left out, blanks around a turn are
    trimmed, and times that cannot be right (before the call, before the turn's own start) are
    unknown.
    """
    kept = list(turns)
    if not as_given:
        kept = [_cleaned(turn) for turn in kept if turn.text.strip()]
    if not any(turn.role != "system" and turn.text.strip() for turn in kept):
        raise origin.error(
            Message("no speech in this call"), Message("check that the transcription succeeded")
        )
    return Conversation(
        id=id or origin.id,
        turns=number_speakers(kept),
        source=origin.source,
        format=format_name,
        **details,
    )


def _cleaned(turn: Turn) -> Turn:
    start, end = _possible(turn.start), _possible(turn.end)
    if start is not None and end is not None and end < start:
        end = None
    return replace(turn, text=turn.text.strip(), start=start, end=end)


def _possible(time: float | None) -> float | None:
    if time is None or not _EARLIEST_S <= time <= LATEST_S:
        return None
    return max(time, 0.0)
