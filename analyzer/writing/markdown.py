"""Markdown: for each call its score, the findings with their words, and the flags."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from analyzer.evidence import Evidence
from analyzer.report import Report
from analyzer.traits import TRAIT
from analyzer.writing.staged import StagedFile

_MARKUP = re.compile(r"([\\`*_\[\]<>|#])")


class MarkdownWriter(StagedFile):
    """Writes `.md`, one section per call."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._file = self.staging.open("w", encoding="utf-8")
        self._file.write("# Calls\n\nFound by a machine; a person decides.\n")

    def write(self, report: Report) -> None:
        """Add one section."""
        self._file.write("\n" + "\n".join(_section(report)) + "\n")

    def finish(self) -> None:
        """Close the file."""
        self._file.close()


def _section(report: Report) -> Iterator[str]:
    yield f"## {escaped(report.id)}"
    yield ""
    if report.scorecard is None or report.score_range is None:
        yield f"Not scored: {', '.join(report.unscored_because)}."
        return
    low, high = report.score_range
    doubt = f" (between {low:g} and {high:g})" if low != high else ""
    yield f"**{report.band}**, score {report.score:g}{doubt}"
    yield ""
    yield f"`{report.scorecard.arithmetic}`"
    if report.flags:
        yield ""
        yield from (f"- **{flag.name}**: {flag.reason}" for flag in report.flags)
    if report.evidence:
        yield ""
        yield "| turn | finding | words | probability |"
        yield "| ---: | --- | --- | ---: |"
    yield from map(_row, report.evidence)
    if report.uncertain:
        yield ""
        yield "For a person to judge, in no count:"
        yield ""
        yield "| turn | possible finding | words | probability |"
        yield "| ---: | --- | --- | ---: |"
    yield from map(_row, report.uncertain)


def _row(item: Evidence) -> str:
    title = TRAIT[item.label].title
    return f"| {item.turn} | {title} | {escaped(item.text)} | {item.probability:.2f} |"


def escaped(text: str) -> str:
    """`text` on one line, so that nothing in it is taken for Markdown."""
    return " ".join(_MARKUP.sub(r"\\\1", text).split())
