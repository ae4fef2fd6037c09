"""What the command line shows: the table of calls, one call explained, progress, formats."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress
from rich.table import Table
from rich.text import Text

from analyzer.evidence import Evidence
from analyzer.report import Report
from analyzer.standouts import shortened, standouts
from analyzer.traits import TRAIT

_BAND_STYLE = {"rasmus": "bold red", "kasper": "bold yellow", "star": "bold green", None: "dim"}
_POLARITY_STYLE = {"rasmus": "red", "star": "green", "signal": "blue"}
# A bar for fewer files than this is gone before it is seen.
_WORTH_A_BAR = 20
_FINDINGS_SHOWN = 3
# Without a terminal, a long run says so often how far it is.
_LINE_EVERY_S = 30.0
_QUOTE = 60  # characters of a quoted finding
# What a file holds must not steer the terminal that shows it; offsets stay as they are.
_CONTROLS = dict.fromkeys(
    [*range(9), *range(11, 32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A)],
    "\N{REPLACEMENT CHARACTER}",
)
_BREAKS = dict.fromkeys(map(ord, "\t\n"), "\N{REPLACEMENT CHARACTER}")


class _Bar:
    """A bar on stderr that is gone at the end, where somebody watches."""

    def __init__(self, *columns: ProgressColumn) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bar = RichProgress(*columns, console=self._console, transient=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar.live.is_started:
            self._bar.stop()


class Progress(_Bar):
    """A bar for many files; errors are printed above it."""

    def __init__(self) -> None:
        files = (MofNCompleteColumn(), TextColumn("files"), TimeRemainingColumn())
        super().__init__(TextColumn("scoring"), BarColumn(), *files)
        self._task: Any = None

    def begin(self, files: int) -> None:
        """Show the bar if there are many files and somebody to see it."""
        if files >= _WORTH_A_BAR and self._console.is_terminal:
            self._task = self._bar.add_task("", total=files)
            self._bar.start()

    def advance(self) -> None:
        """One file is done."""
        if self._task is not None:
            self._bar.advance(self._task)

    def say(self, message: str) -> None:
        """Print a line that stays."""
        self._console.print(_on_one_line(message))


class ShareProgress(_Bar):
    """How far a long run is; where nobody watches, a line now and then."""

    def __init__(self) -> None:
        told = (TaskProgressColumn(), TextColumn("{task.fields[told]}"), TimeRemainingColumn())
        super().__init__(TextColumn("scoring"), BarColumn(), *told)
        self._task = self._bar.add_task("", total=1.0, told="")
        self._said = time.monotonic()
        if self._console.is_terminal:
            self._bar.start()

    def show(self, share: float, told: str) -> None:
        """Show that `share` (0 to 1) is done, and what there is to tell of it."""
        self._bar.update(self._task, completed=share, told=told)
        if not self._console.is_terminal and time.monotonic() - self._said > _LINE_EVERY_S:
            self._console.print(f"{share:.0%}: {told}")
            self._said = time.monotonic()


class _Output(Console):
    """Standard output; who stops reading it, such as `head`, has seen enough."""

    def __init__(self) -> None:
        super().__init__(highlight=False)

    def on_broken_pipe(self) -> None:
        try:
            super().on_broken_pipe()
        except SystemExit:
            raise SystemExit(0) from None


def say_error(message: str) -> None:
    """Print a line on stderr; what it quotes from a file cannot steer the terminal."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(_on_one_line(message))


def say(message: str) -> None:
    """Print what a run came to on stdout."""
    Console(highlight=False, soft_wrap=True).print(_plain(message))


def _visible(text: str) -> str:
    return text.translate(_CONTROLS)


def _plain(text: str) -> Text:
    return Text(_visible(text))


def _on_one_line(text: str) -> Text:
    return _plain(text.translate(_BREAKS))


def show_table(reports: Sequence[Report]) -> None:
    """One row per call with its score, band and what stands out."""
    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for name, justify in (("Call", "left"), ("", "left"), ("Score", "right"), ("Band", "left")):
        table.add_column(name, justify=justify, no_wrap=name != "Call")  # type: ignore[arg-type]
    table.add_column("What stands out (turn)", ratio=1)
    table.add_column("Worth a look because of")
    for report in reports:
        table.add_row(
            _on_one_line(report.id),
            _on_one_line(report.conversation.language or "?"),
            _score_text(report),
            Text(report.band or "not scored", style=_BAND_STYLE[report.band]),
            _findings(report),
            Text("\n".join(flag.name.replace("_", " ") for flag in report.flags)),
        )
    console = _Output()
    if not console.is_terminal:
        console.width = 160  # a file or a pipe has no width of its own
    console.print(table)
    console.print(
        "\nFound by a machine; a person decides. `kasper explain FILE --id CALL` shows the sum.",
        style="dim",
    )


def _score_text(report: Report) -> str:
    if report.score is None or report.score_range is None:
        return "–"
    low, high = report.score_range
    return f"{report.score:.0f}" + (f" ({low:.0f}–{high:.0f})" if low != high else "")


def _findings(report: Report) -> Text:
    if report.score is None:
        codes = ", ".join(report.unscored_because)
        return Text(codes.replace("_", " ").lower(), style="dim")
    text = Text()
    for found in standouts(report, _FINDINGS_SHOWN):
        trait = TRAIT[found.label]
        times = f" ×{found.turns}" if found.turns > 1 else ""
        text.append("\n" if text else "")
        text.append(f"{trait.title}{times}", style=_POLARITY_STYLE[trait.polarity])
        quote = shortened(_visible(found.evidence.text), _QUOTE)
        text.append(f" “{quote}” ({found.evidence.turn})")
    return text


def show_call(report: Report) -> None:
    """The transcript with the evidence marked in place, then the scorecard and its sum."""
    console = _Output()
    title = _on_one_line(f"{report.id}  {report.conversation.language or '?'}")
    title.stylize("bold", 0, len(report.id))
    console.print(title)
    for index, turn in enumerate(report.conversation.turns):
        line = _on_one_line(f"{index:>3} {turn.speaker or turn.role:>8}  ")
        line.stylize("dim")
        line.append_text(_marked(turn.text, [e for e in report.evidence if e.turn == index]))
        for item in report.uncertain:
            if item.turn == index:
                words = f"  ? {item.label} {item.probability:.2f}: {item.text}"
                line.append(_visible(words), style="dim italic")
        console.print(line)
    console.print()
    if report.scorecard is None:
        console.print(_findings(report))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("Question", "Answer", "Points", "Turns"):
        table.add_column(name, justify="right" if name == "Points" else "left")
    for answer in report.scorecard.answers:
        value = answer.answer.replace("_", " ")
        turns = ", ".join(map(str, answer.turns))
        table.add_row(
            _plain(answer.text), value, f"{answer.score:+g}" if answer.score else "", turns
        )
    console.print(table)
    style = _BAND_STYLE[report.band]
    console.print(
        Text.assemble("\n", report.scorecard.arithmetic, "  ", (report.band or "", style))
    )
    for flag in report.flags:
        console.print(Text(f"! {flag.reason}"))


def _marked(text: str, evidence: Sequence[Evidence]) -> Text:
    marked = _plain(text)
    for item in evidence:
        style = _POLARITY_STYLE[TRAIT[item.label].polarity]
        marked.stylize(f"underline {style}", item.start, item.end)
    if evidence:
        names = ", ".join(f"{e.label} {e.probability:.2f}" for e in evidence)
        marked.append(f"  ← {names}", style="dim italic")
    return marked


def show_rows(title: str, names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A titled table: figures to the right, what is missing as a dash."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for position, name in enumerate(names):
        figures = all(isinstance(row[position], int | float | None) for row in rows)
        table.add_column(name, justify="right" if figures and rows else "left")
    for row in rows:
        table.add_row(*(Text("–") if v is None else _on_one_line(str(v)) for v in row))
    console = _Output()
    if not console.is_terminal:
        console.width = 160
    console.print(Text(f"\n{title}", style="bold"))
    console.print(table if rows else Text("nothing", style="dim"))


def show_note(text: str) -> None:
    """A paragraph for people."""
    console = _Output()
    if not console.is_terminal:
        console.width = 160
    console.print(_plain(f"\n{text}"))


def show_formats(formats: Sequence[Any]) -> None:
    """Name, title and the mark by which each format is recognised, in the order of trying."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("Name", "Format", "Recognised by"):
        table.add_column(name)
    for known in formats:
        table.add_row(known.name, known.title, Text(known.recognised_by))
    console = _Output()
    console.print(table)
    console.print("\nAny of them may be packed with gzip, and many files in one zip archive.")
