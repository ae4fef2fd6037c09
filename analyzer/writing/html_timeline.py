"""The strip that shows a call at a glance: who spoke when, what was found, holds and handovers.

Along the strip everything is measured in per cent of its width, across it in pixels, so that it
fits any window without distorting the marks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from analyzer.conversation import Conversation, Role
from analyzer.report import Report
from analyzer.standouts import shortened
from analyzer.traits import TRAIT
from analyzer.writing.catalogue import gettext, ngettext
from analyzer.writing.html_events import Event, Place, events
from analyzer.writing.html_transcript import speaker_names
from analyzer.writing.html_words import clock, explained, is_doubtful, turn_anchor

_ROW = 16  # a row of marks
_LANE = 20  # a lane of turns
_MIDDLE = 22  # between the lanes, for events
_AXIS = 20
_MOST_ROWS = 4
# Marks nearer to each other than this share of the width go into different rows.
_APART = 2.0
_QUOTE = 90
# The length of an event beside that of turns, where there are no times.
_EVENT_WORDS = 3
_NARROWEST = 0.25
_STEPS_S = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
_TICKS = 6


@dataclass(frozen=True, slots=True)
class Block:
    """A turn in its lane; `again` marks the second of several agents or customers."""

    x: float
    width: float
    role: Role
    again: bool
    anchor: str
    title: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A finding, at its words."""

    x: float
    y: int
    polarity: str
    doubtful: bool
    anchor: str
    title: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on the axis; `align` keeps the outer ones within the strip."""

    x: float
    text: str
    align: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """The strip of a call. `agent_y`, `middle_y`, `customer_y` and `axis_y` are tops in pixels."""

    summary: str
    measure: str
    height: int
    lane: int
    middle: int
    agent_y: int
    middle_y: int
    customer_y: int
    axis_y: int
    blocks: tuple[Block, ...]
    events: tuple[Event, ...]
    dots: tuple[Dot, ...]
    ticks: tuple[Tick, ...]


def timeline(report: Report, call: str) -> Timeline:
    """The strip of a report; `call` is the id of the call's element."""
    conversation = report.conversation
    total = conversation.duration if conversation.has_times else None
    places = _by_time(conversation, total) if total else _by_words(conversation)
    above, rows_above = _stacked(_dots(report, places, call, upper=True))
    below, rows_below = _stacked(_dots(report, places, call, upper=False))
    agent_y = rows_above * _ROW
    customer_y = agent_y + _LANE + _MIDDLE
    below_y = customer_y + _LANE
    axis_y = below_y + rows_below * _ROW
    blocks = tuple(_blocks(conversation, places, call))
    dots = (
        *(replace(dot, y=(rows_above - 1 - dot.y) * _ROW) for dot in above),
        *(replace(dot, y=below_y + dot.y * _ROW) for dot in below),
    )
    return Timeline(
        summary=", ".join(
            (
                ngettext("%(count)s turn", "%(count)s turns", len(blocks)),
                ngettext("%(count)s finding", "%(count)s findings", len(dots)),
            )
        ),
        measure=gettext("by time")
        if total
        else gettext("by number of words, as the file has no times"),
        height=axis_y + _AXIS,
        lane=_LANE,
        middle=_MIDDLE,
        agent_y=agent_y,
        middle_y=agent_y + _LANE,
        customer_y=customer_y,
        axis_y=axis_y,
        blocks=blocks,
        events=tuple(events(report, places, call, total)),
        dots=dots,
        ticks=tuple(_time_ticks(total) if total else _turn_ticks(places)),
    )


def _by_time(conversation: Conversation, total: float) -> list[Place]:
    """Where each turn lies by its times; an event without any follows what came before it."""
    places: list[Place] = []
    latest = 0.0
    for turn in conversation.turns:
        start = latest if turn.start is None else turn.start
        latest = max(start, start if turn.end is None else turn.end)
        places.append((_share(start, total), _share(latest, total)))
    return places


def _share(seconds: float, total: float) -> float:
    return min(max(100 * seconds / total, 0.0), 100.0)


def _by_words(conversation: Conversation) -> list[Place]:
    """Where each turn lies when its length is its number of words."""
    lengths = [
        _EVENT_WORDS if turn.role == "system" else max(len(turn.text.split()), 1)
        for turn in conversation.turns
    ]
    total = sum(lengths)
    ends = [100 * words / total for words in accumulate(lengths)]
    return list(zip([0.0, *ends], ends, strict=False))


def _blocks(conversation: Conversation, places: Sequence[Place], call: str) -> Iterator[Block]:
    names = speaker_names(conversation)
    for index, turn in enumerate(conversation.turns):
        if turn.role == "system":
            continue
        start, end = places[index]
        who = names[index]
        if turn.start is not None:
            who = gettext("%(who)s at %(time)s", who=who, time=clock(turn.start))
        yield Block(
            x=round(start, 3),
            width=round(max(end - start, _NARROWEST), 3),
            role=turn.role,
            again=names[index].endswith(("2", "4", "6", "8")),
            anchor=turn_anchor(call, index),
            title=gettext(
                "Turn %(turn)s, %(who)s: %(words)s",
                turn=index,
                who=who,
                words=shortened(turn.text, _QUOTE),
            ),
        )


def _dots(report: Report, places: Sequence[Place], call: str, *, upper: bool) -> list[Dot]:
    """The findings of one side from left to right, not yet in rows."""
    dots = []
    for item in report.evidence:
        if (item.role != "customer") != upper:
            continue
        start, end = places[item.turn]
        whole = len(report.conversation.turns[item.turn].text) or 1
        dots.append(
            Dot(
                x=round(start + (end - start) * (item.start + item.end) / (2 * whole), 3),
                y=0,
                polarity=TRAIT[item.label].polarity,
                doubtful=is_doubtful(item),
                anchor=turn_anchor(call, item.turn),
                title=gettext(
                    "Turn %(turn)s, “%(words)s”: %(finding)s",
                    turn=item.turn,
                    words=shortened(item.text, _QUOTE),
                    finding=explained(item),
                ),
            )
        )
    return sorted(dots, key=lambda dot: dot.x)


def _stacked(dots: Sequence[Dot]) -> tuple[list[Dot], int]:
    """The marks with their row in `y`, counted from the lane, and the number of rows."""
    last: list[float] = []  # where the last mark of each row lies
    stacked = []
    for dot in dots:
        free = (row for row, x in enumerate(last) if dot.x - x >= _APART)
        row = next(free, len(last))
        if row == _MOST_ROWS:
            row = min(range(_MOST_ROWS), key=last.__getitem__)
        last[row : row + 1] = [dot.x]
        stacked.append(replace(dot, y=row))
    return stacked, len(last)


def _time_ticks(total: float) -> Iterator[Tick]:
    step = next((step for step in _STEPS_S if total / step <= _TICKS), total / _TICKS)
    place = 0.0
    while place < total - step / 2:
        yield Tick(round(100 * place / total, 3), clock(place), "middle" if place else "start")
        place += step
    yield Tick(100, clock(total), "end")


def _turn_ticks(places: Sequence[Place]) -> Iterator[Tick]:
    last = -100.0
    for index, (x, _) in enumerate(places):
        if 100 / _TICKS <= x - last and x < 94:
            yield Tick(
                round(x, 3), gettext("turn %(turn)s", turn=index), "middle" if x else "start"
            )
            last = x
