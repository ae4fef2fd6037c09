"""What happens between the turns of a call: holds, silences, handovers and other events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from analyzer.events import kind_of, transfers
from analyzer.metrics import NON_TALK_S
from analyzer.outcome import turns_by_label
from analyzer.report import Report
from analyzer.standouts import shortened
from analyzer.writing.catalogue import gettext
from analyzer.writing.html_words import length, turn_anchor

_QUOTE = 90
_KINDS = {"hold": "hold", "music": "hold", "silence": "silence"}

Place = tuple[float, float]  # from, to: per cent of the strip's width


@dataclass(frozen=True, slots=True)
class Event:
    """Something between the lanes: `kind` is hold, silence, transfer or note."""

    x: float
    width: float
    kind: str
    anchor: str
    title: str


def events(report: Report, places: Sequence[Place], call: str, total: float | None) -> list[Event]:
    """The events of a call; silences take times, so without a `total` of seconds there are none."""
    silences = _silences(places, call, total) if total else ()
    return [*silences, *_reported(report, places, call)]


def _reported(report: Report, places: Sequence[Place], call: str) -> Iterator[Event]:
    """Handovers, however they show, and what the lines of the system report."""
    conversation = report.conversation
    announced = turns_by_label(report.evidence).get("transfer", ())
    handovers = transfers(conversation, announced)
    for index, turn in enumerate(conversation.turns):
        start, end = places[index]
        words = shortened(turn.text, _QUOTE)
        title = gettext("Turn %(turn)s: %(words)s", turn=index, words=words)
        if index in handovers:
            kind, width = "transfer", 0.0
            passed = gettext("The customer is passed on.")
            title = f"{passed} {title}"
        elif turn.role == "system":
            kind = _KINDS.get(kind_of(turn.text) or "", "note")
            width = end - start
        else:
            continue
        yield Event(round(start, 3), round(width, 3), kind, turn_anchor(call, index), title)


def _silences(places: Sequence[Place], call: str, total: float) -> Iterator[Event]:
    """The stretches in which nobody speaks and no event is reported."""
    latest, before = 0.0, 0
    for index in sorted(range(len(places)), key=places.__getitem__):
        start, end = places[index]
        seconds = (start - latest) * total / 100
        if latest and seconds > NON_TALK_S:  # the wait before the first words is no silence
            title = gettext("Nobody speaks for %(length)s", length=length(seconds))
            place = round(latest, 3), round(start - latest, 3)
            yield Event(*place, "silence", turn_anchor(call, before), title)
        if end > latest:
            latest, before = end, index
