"""The transcript that a vCon keeps among its analyses, in the shapes that tools write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzer.conversation import Role, Turn
from analyzer.reading.document import JsonError, parse_json
from analyzer.reading.format import (
    Origin,
    Shape,
    Word,
    merge_segments,
    shaped,
    turns_from_words,
)
from analyzer.reading.speaker_names import role_of


class _Meta(Shape):
    role: str | None = None


class Party(Shape):
    """Somebody who takes part in the call."""

    name: str | None = None
    role: str | None = None
    meta: _Meta = _Meta()

    def speaking(self, number: int) -> tuple[Role, str]:
        """The role and the label of this party, which is the `number`-th of the vCon."""
        role = role_of(self.role or self.meta.role or self.name or "")
        return role, self.name or f"party {number}"


class _Word(Shape):
    word: str | None = None
    text: str | None = None
    punctuated_word: str | None = None
    start: float | None = None
    end: float | None = None
    speaker: str | None = None


class _Words(Shape):
    words: list[_Word]


class _Segment(Shape):
    text: str | None = None
    transcript: str | None = None
    start: float | None = None
    end: float | None = None
    speaker: str | None = None
    role: str | None = None
    party: int | None = None


class _Segments(Shape):
    segments: list[_Segment]


def turns(body: Any, parties: list[Party], origin: Origin) -> Iterator[Turn]:
    """The turns in the body of an analysis: segments, words, or one text; none if it has none."""
    fields = _decoded(body)
    if segments := _listed(fields, "segments", "utterances", "turns"):
        said = shaped(_Segments, {"segments": segments}, origin).segments
        yield from merge_segments(_segment_turn(segment, parties) for segment in said)
    elif words := _listed(fields, "words"):
        yield from turns_from_words(
            Word(w.punctuated_word or w.word or w.text or "", w.start, w.end, _label(w.speaker))
            for w in shaped(_Words, {"words": words}, origin).words
        )
    elif isinstance(fields.get("transcript"), str):
        yield Turn(fields["transcript"])


def _decoded(body: Any) -> dict[str, Any]:
    """The body as an object; a string may be one as JSON, or the transcript itself."""
    if isinstance(body, str):
        try:
            body = parse_json(body)
        except JsonError:
            return {"transcript": body}
    if isinstance(body, list):
        return {"segments": body}
    return body if isinstance(body, dict) else {}


def _listed(fields: dict[str, Any], *names: str) -> list[Any]:
    """The first of these fields that is a list with something in it."""
    values = (fields.get(name) for name in names)
    return next((value for value in values if value and isinstance(value, list)), [])


def _segment_turn(segment: _Segment, parties: list[Party]) -> Turn:
    role, speaker = role_of(segment.role or segment.speaker or ""), _label(segment.speaker)
    if segment.party is not None and 0 <= segment.party < len(parties):
        role, speaker = parties[segment.party].speaking(segment.party)
    text = segment.text or segment.transcript or ""
    return Turn(text, role, speaker, segment.start, segment.end)


def _label(speaker: str | None) -> str | None:
    return None if speaker is None else f"speaker {speaker}"
