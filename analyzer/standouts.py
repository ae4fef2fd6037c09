"""What stands out in a call: the findings that explain its band, with their best words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analyzer.evidence import Evidence
from analyzer.report import Report
from analyzer.traits import TRAIT

# Good manners that most calls have: they stand out only where nothing else does.
_ROUTINE = ("greeting", "closing", "clarification", "resolution")


@dataclass(frozen=True, slots=True)
class Standout:
    """A label, in how many turns it was found, and the evidence that is surest."""

    label: str
    turns: int
    evidence: Evidence


def standouts(report: Report, count: int) -> list[Standout]:
    """The first `count` labels of a call, the weightiest for its band first.

    In a star call what keeps customers comes first, in others what drives them away; within that,
    what was found in more turns.
    """
    return list(_ranked(report))[:count]


def _ranked(report: Report) -> Iterator[Standout]:
    order = ("star", "signal", "rasmus") if report.band == "star" else ("rasmus", "signal", "star")
    found: dict[str, list[Evidence]] = {}
    for item in report.evidence:
        found.setdefault(item.label, []).append(item)

    def rank(label: str) -> tuple[bool, int, int]:
        turns = len({item.turn for item in found[label]})
        return label in _ROUTINE, order.index(TRAIT[label].polarity), -turns

    for label in sorted(found, key=rank):
        surest = max(found[label], key=lambda item: item.probability)
        yield Standout(label, len({item.turn for item in found[label]}), surest)


def shortened(text: str, length: int) -> str:
    """`text` on one line, cut at a word where it has more than `length` characters."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    cut = line[:length]
    return (cut.rsplit(" ", 1)[0] if " " in cut[length // 2 :] else cut).rstrip(" ,.;:") + "…"
