"""vCon (IETF draft): text dialogs, or a transcript of the recording among the analyses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from analyzer.conversation import Conversation, Role, Turn
from analyzer.reading.format import (
    JsonFormat,
    Origin,
    Shape,
    Word,
    by_time,
    conversation,
    merge_segments,
    shaped,
    turns_from_words,
)
from analyzer.reading.speaker_names import role_of


_TRANSCRIPTS = ("transcript", "diarized", "transcription")


class _Meta(Shape):
    role: str | None = None


class _Party(Shape):
    name: str | None = None
    role: str | None = None
    meta: _Meta | None = None


class _Dialog(Shape):
    type: str
    start: str | None = None
    duration: float | None = None
    parties: int | list[Any] | None = None
    originator: int | None = None
    body: Any = None


class _Analysis(Shape):
    type: str
    body: Any = None


class _File(Shape):
    uuid: str
    vcon: str
    created_at: str | None = None
    parties: list[_Party] = []
    dialog: list[_Dialog] = []
    analysis: list[_Analysis] = []


def _matches(value: Mapping[str, Any]) -> bool:
    return "vcon" in value or {"parties", "dialog"} <= set(value)


def _parse(value: Mapping[str, Any], origin: Origin) -> Conversation:
    file = shaped(_File, value, origin)
    _check(file, origin)
    turns = by_time([*_typed(file), *_transfers(file)])
    if not any(turn.role != "system" for turn in turns):
        turns = by_time([*_transcribed(file, origin), *turns])
    if not any(turn.text.strip() for turn in turns):
        raise origin.error(
            "this vCon holds no text, only references or recordings",
            "add a transcript as an `analysis` entry",
        )
    starts = [dialog.start for dialog in file.dialog if dialog.start]
    return conversation(
        origin,
        FORMAT.name,
        turns,
        id=file.uuid,
        started_at=min(starts, default=file.created_at),
        original=value,
    )


def _check(file: _File, origin: Origin) -> None:
    if not file.dialog and not file.analysis:
        raise origin.error("this vCon has no dialog", "export it again", place="dialog")
    for index, dialog in enumerate(file.dialog):
        for party in _indices(dialog):
            if not 0 <= party < len(file.parties):
                raise origin.error(
                    f"party {party} does not exist, the vCon has {len(file.parties)}",
                    "mend the reference or export it again",
                    place=f"dialog.{index}.parties",
                )


def _indices(dialog: _Dialog) -> list[int]:
    parties = dialog.parties if isinstance(dialog.parties, list) else [dialog.parties]
    return [party for party in parties if isinstance(party, int)]


def _role(party: _Party) -> Role:
    stated = party.role or (party.meta.role if party.meta else None)
    return role_of(stated or party.name or "")


def _typed(file: _File) -> Iterator[Turn]:
    zero = _zero(file)
    for dialog in file.dialog:
        if dialog.type != "text" or not isinstance(dialog.body, str):
            continue
        indices = _indices(dialog)
        speaking = dialog.originator if dialog.originator is not None else next(iter(indices), None)
        start = _offset(dialog.start, zero)
        if speaking is None or not 0 <= speaking < len(file.parties):
            yield Turn(dialog.body, "unknown", None, start)
            continue
        party = file.parties[speaking]
        end = start + dialog.duration if start is not None and dialog.duration is not None else None
        yield Turn(dialog.body, _role(party), party.name or f"party {speaking}", start, end)


def _transfers(file: _File) -> Iterator[Turn]:
    zero = _zero(file)
    for dialog in file.dialog:
        if dialog.type == "transfer":
            yield Turn("[transfer]", "system", None, _offset(dialog.start, zero))


def _zero(file: _File) -> datetime | None:
    return min((t for t in map(_time, [d.start for d in file.dialog]) if t), default=None)


def _offset(start: str | None, zero: datetime | None) -> float | None:
    time = _time(start)
    return None if time is None or zero is None else (time - zero).total_seconds()


def _time(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone() if text else None
    except ValueError:
        return None


def _transcribed(file: _File, origin: Origin) -> list[Turn]:
    """The turns of the first analysis that holds a transcript with its words or segments."""
    for index, analysis in enumerate(file.analysis):
        if analysis.type not in _TRANSCRIPTS:
            continue
        place = replace(origin, place=f"analysis.{index}.body")
        if turns := list(_body_turns(_decoded(analysis.body), file, place)):
            return turns
    return []


def _decoded(body: Any) -> Any:
    if not isinstance(body, str):
        return body
    try:
        return json.loads(body)
    except (json.JSONDecodeError, RecursionError):
        return {"transcript": body}


class _BodyWord(Shape):
    word: str | None = None
    text: str | None = None
    punctuated_word: str | None = None
    start: float | None = None
    end: float | None = None
    speaker: str | int | None = None


class _BodySegment(Shape):
    text: str | None = None
    transcript: str | None = None
    start: float | None = None
    end: float | None = None
    speaker: str | int | None = None
    role: str | None = None
    party: int | None = None


def _body_turns(body: Any, file: _File, origin: Origin) -> Iterator[Turn]:
    if isinstance(body, list):
        body = {"segments": body}
    if not isinstance(body, dict):
        return
    segments = body.get("segments") or body.get("utterances") or body.get("turns")
    if isinstance(segments, list):
        shapes = [shaped(_BodySegment, segment, origin) for segment in segments]
        yield from merge_segments(_segment_turn(shape, file) for shape in shapes)
    elif isinstance(body.get("words"), list):
        words = [shaped(_BodyWord, word, origin) for word in body["words"]]
        yield from turns_from_words(
            Word(
                w.punctuated_word or w.word or w.text or "",
                w.start,
                w.end,
                None if w.speaker is None else f"speaker {w.speaker}",
            )
            for w in words
        )
    elif isinstance(body.get("transcript"), str):
        yield Turn(body["transcript"])


def _segment_turn(segment: _BodySegment, file: _File) -> Turn:
    text = segment.text or segment.transcript or ""
    role: Role = role_of(segment.role or str(segment.speaker or ""))
    speaker = None if segment.speaker is None else f"speaker {segment.speaker}"
    if segment.party is not None and 0 <= segment.party < len(file.parties):
        party = file.parties[segment.party]
        role, speaker = _role(party), party.name or f"party {segment.party}"
    return Turn(text, role, speaker, segment.start, segment.end)


FORMAT = JsonFormat(
    "vcon", "vCon", "an object with `vcon`, or with `parties` and `dialog`", _matches, _parse
)
