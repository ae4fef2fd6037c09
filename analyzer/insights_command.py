"""`kasper insights`: what many calls tell together, on the screen or as a table in a file."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from analyzer.errors import UsageError
from analyzer.exits import OK, SOME_FAILED, usage_errors

if TYPE_CHECKING:
    import pandas as pd

    from analyzer.insights import Log

app = typer.Typer(
    help="What many calls tell together: promises, journeys, basics, coaching, a weekly digest.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="IN...", help="What `kasper score` or `kasper batch` wrote, or transcripts."
    ),
]
Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="The whole table into a file: .csv .parquet .jsonl."),
]
Card = Annotated[
    Path | None, typer.Option("--scorecard", help="The scorecard that the calls were scored with.")
]
By = Annotated[
    str, typer.Option("--by", help="Columns to group by, such as queue,product; empty for none.")
]
Agent = Annotated[
    str | None, typer.Option("--agent", help="An agent's id; all calls together if left out.")
]
Language = Annotated[
    Literal["en", "da", "nb", "sv"], typer.Option("--language", help="The language to write in.")
]
_SHOWN = 10
_PRAISED = 20


@app.command()
def promises(inputs: Inputs, output: Output = None, scorecard: Card = None) -> None:
    """Who promised what by when, and what later calls say became of it."""
    with usage_errors():
        from analyzer.insights import find_matters, ledger, promise_figures
        from analyzer.terminal import show_note, show_rows

        log, failed = _read(inputs, scorecard)
        table = ledger(log, find_matters(log))
        if output:
            _write(table, output)
        else:
            figures = promise_figures(log, table)
            show_rows("Promises", *_cells(figures))
            broken = table[table["state"] == "broken"].sort_values("settled_on").tail(_SHOWN)
            names = ["promise", "told_by", "due", "words", "settled_by", "settled_words", "why"]
            show_rows("Broken, the latest", *_cells(broken[names]))
            show_note(
                "A promise that no later call speaks of is unknown, not kept. Rates allow for the "
                "probability of each finding; docs/insights.md says how often the ledger is right."
            )
    raise typer.Exit(SOME_FAILED if failed else OK)


@app.command()
def journeys(inputs: Inputs, output: Output = None, scorecard: Card = None) -> None:
    """The calls about a matter in their order, from failure to recovery, and what follows."""
    with usage_errors():
        from analyzer.insights import (
            find_matters,
            hit_again,
            ladder,
            recovery_curve,
        )
        from analyzer.insights import (
            journeys as table_of_journeys,
        )
        from analyzer.terminal import show_note, show_rows

        log, failed = _read(inputs, scorecard)
        matters = find_matters(log)
        table = table_of_journeys(log, matters)
        if output:
            _write(table, output)
        else:
            longest = table.sort_values(["repeats", "days"], ascending=False).head(_SHOWN)
            names = ["customer_id", "first_call", "first_on", "repeats", "days", "agents",
                     "transfers", "failures", "recovered_on", "trail"]  # fmt: skip
            show_rows(f"The longest of {len(table)} journeys", *_cells(longest[names]))
            show_rows("After a failure, by recovery", *_cells(ladder(log, matters)))
            curve = recovery_curve(table, log.calls["day"].max())
            show_rows("Failures made good", *_cells(curve))
            show_note(_said_of_chance(hit_again(log, matters)))
    raise typer.Exit(SOME_FAILED if failed else OK)


@app.command()
def basics(inputs: Inputs, output: Output = None, by: By = "queue", scorecard: Card = None) -> None:
    """The basics that fail: where, since when, whom they meet, what to fix first."""
    with usage_errors():
        from analyzer.insights import changes, fix_first, pareto
        from analyzer.terminal import show_note, show_rows

        log, failed = _read(inputs, scorecard)
        groups = _columns(by)
        if output:
            _write(pareto(log, groups), output)
        else:
            show_rows("Basics that failed", *_cells(pareto(log)))
            show_rows("What to fix first", *_cells(fix_first(log, groups).head(_SHOWN)))
            show_rows("When it changed", *_cells(changes(log, groups)))
            show_note("What goes together need not cause each other; listen before you fix.")
    raise typer.Exit(SOME_FAILED if failed else OK)


@app.command()
def coaching(
    inputs: Inputs,
    agent: Agent = None,
    coached_on: Annotated[
        datetime | None,
        typer.Option("--coached-on", formats=["%Y-%m-%d"], help="Compare before and after a day."),
    ] = None,
    habit: Annotated[
        str | None, typer.Option("--habit", help="The question that was coached, by its id.")
    ] = None,
    scorecard: Card = None,
) -> None:
    """Two habits that would move most, with own calls to hear; progress, and calls to praise."""
    with usage_errors():
        from itertools import islice

        from analyzer.insights import coaching as coaching_for
        from analyzer.insights import praise as praise_of
        from analyzer.scorecard import default_scorecard, load

        card = load(scorecard) if scorecard else default_scorecard()
        log, failed = _read(inputs, scorecard)
        _known_agent(log, agent)
        if coached_on or habit:
            _show_progress(log, coached_on.date() if coached_on else None, habit, agent, card)
        else:
            _show_coaching(coaching_for(log, agent, card))
            _show_praise(list(islice(praise_of(log, agent), 3)))
    raise typer.Exit(SOME_FAILED if failed else OK)


@app.command()
def praise(
    inputs: Inputs,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The letters into a file: .html, to print."),
    ] = None,
    agent: Agent = None,
    language: Language = "en",
    scorecard: Card = None,
) -> None:
    """Star calls, and letters about them for a person to read, sign and send."""
    with usage_errors():
        from itertools import islice

        from analyzer.insights import praise as star_calls
        from analyzer.terminal import say_error, show_note
        from analyzer.writing.letter import write_letters

        log, failed = _read(inputs, scorecard)
        _known_agent(log, agent)
        stars = list(islice(star_calls(log, agent), _PRAISED))
        if output:
            count = write_letters(stars, output, language)
            say_error(f"{count} letters written to {output}; read the calls before you sign.")
        elif not stars:
            show_note("There is no star call with words of the agent's that show why it is one.")
        else:
            _show_praise(stars)
    raise typer.Exit(SOME_FAILED if failed else OK)


@app.command()
def digest(
    inputs: Inputs,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file: .html .md .eml (e-mail).")
    ] = None,
    week: Annotated[
        str | None,
        typer.Option(
            "--week", help="Such as 2026-W47; the last whole week with calls if left out."
        ),
    ] = None,
    language: Language = "en",
    agents: Annotated[
        bool, typer.Option("--agents", help="Say whose calls there is to thank for.")
    ] = False,
    scorecard: Card = None,
) -> None:
    """A manager's week on one page: what changed, what to look at, whom to thank, how sure."""
    with usage_errors():
        from analyzer.insights import digest as digest_of
        from analyzer.insights.digest import monday_of
        from analyzer.terminal import say_error, show_note
        from analyzer.writing.digest import check_suffix, digest_text, write_digest

        monday = monday_of(week) if week else None
        if output:
            check_suffix(output)
        log, failed = _read(inputs, scorecard)
        found = digest_of(log, monday, agents=agents)
        if output:
            write_digest(found, output, language, unread=failed)
            say_error(f"The digest of the week from {found.week} written to {output}")
        else:
            show_note(digest_text(found, language, unread=failed))
    raise typer.Exit(SOME_FAILED if failed else OK)


def _known_agent(log: Log, agent: str | None) -> None:
    if agent and not log.calls["agent_id"].eq(agent).any():
        raise UsageError(f"No call is of the agent {agent!r}; look at `agent_id` in the calls.")


def _read(inputs: list[str], scorecard: Path | None) -> tuple[Log, int]:
    """The log, and how many calls could not be read; each is named on stderr."""
    from analyzer.insights import read_log
    from analyzer.scorecard import load
    from analyzer.terminal import say_error

    log, errors = read_log(inputs, load(scorecard) if scorecard else None)
    for error in errors:
        say_error(str(error))
    return log, len(errors)


def _write(table: pd.DataFrame, output: Path) -> None:
    from analyzer.terminal import say_error
    from analyzer.writing.tables import write_table

    write_table(table, output)
    say_error(f"{len(table)} rows written to {output}")


def _columns(by: str) -> list[str]:
    names = [name.strip() for name in by.split(",") if name.strip()]
    allowed = ("queue", "product", "language")
    for name in names:
        if name not in allowed:
            raise UsageError(f"--by {name}: use {', '.join(allowed)}.")
    return names


def _cells(table: pd.DataFrame) -> tuple[list[str], list[list[object]]]:
    """The names and cells of a table as a screen shows them, an interval beside its figure."""
    columns = [str(name) for name in table.columns]
    ends = {name: (low, low.replace("low", "high")) for name in columns
            for low in (f"{name}_low", "low" if name in ("value", "per_100") else "")
            if low in columns}  # fmt: skip
    hidden = {end for pair in ends.values() for end in pair}
    shown = [name for name in columns if name not in hidden]
    rows = []
    for row in table.to_dict("records"):
        cells = {name: _cell(value) for name, value in row.items()}
        for name, (low, high) in ends.items():
            if cells[name] is not None:
                cells[name] = f"{cells[name]:g} ({cells[low]:g} to {cells[high]:g})"
        rows.append([cells[name] for name in shown])
    return [name.replace("_", " ") for name in shown], rows


def _cell(value: Any) -> Any:
    if value is None or str(value) in ("<NA>", "NaT", "nan"):
        return None
    if hasattr(value, "date"):
        return value.date().isoformat()
    if isinstance(value, str):
        from analyzer.standouts import shortened

        return shortened(value, 48)
    return value


def _said_of_chance(found: Any) -> str:
    if found is None:
        return "Too few customers with several matters to tell whether the same ones are hit again."
    return (
        f"{found.customers} customers were let down in two matters or more. {found.again} of "
        f"{found.failed} failed matters met a customer who had been let down before; chance alone "
        f"gives {found.chance.low:g} to {found.chance.high:g} (p = {found.p:.3f})."
    )


def _show_coaching(found: Any) -> None:
    from analyzer.terminal import show_note, show_rows

    if found.too_few:
        show_note(f"{found.calls} scored calls are too few to say what to work on.")
    for habit in found.habits:
        elsewhere = f", elsewhere {habit.elsewhere:g}" if habit.elsewhere is not None else ""
        title = (
            f"{habit.text} ({habit.question}) would add {habit.points:g} points a call "
            f"({habit.interval.low:g} to {habit.interval.high:g}{elsewhere})"
        )
        rows = [
            [kind, e.call, e.score, e.turn, _cell(e.words), e.probability]
            for kind, examples in (("went well", habit.good), ("hear again", habit.listen))
            for e in examples
        ]
        show_rows(title, ["", "call", "score", "turn", "words", "probability"], rows)
    for canned in found.canned:
        show_note(
            f"{canned.agent_id} says “{canned.sentence}” in {canned.calls} of {canned.of_calls} "
            "calls with empathy: the same words each time are not counted as empathy here."
        )


def _show_praise(stars: list[Any]) -> None:
    from analyzer.terminal import show_note

    for star in stars:
        acts = "; ".join(f"“{act.words}” ({act.label})" for act in star.acts)
        said = f" The customer said: “{star.customer.words}”." if star.customer else ""
        show_note(f"To praise: {star.call}, {star.score:g} points. {acts}.{said}")


def _show_progress(
    log: Log, coached_on: date | None, habit: str | None, agent: str | None, card: Any
) -> None:
    from analyzer.insights import progress
    from analyzer.insights.habits import habits_of
    from analyzer.terminal import show_note, show_rows

    known = [question.id for question in habits_of(card)]
    if coached_on is None or habit not in known:
        raise UsageError(
            f"Progress needs --coached-on DATE and --habit, one of: {', '.join(known)}."
        )
    found = progress(log, coached_on, habit, agent, card=card)
    if found.too_few or not (found.done and found.done_difference and found.score):
        before, after = found.calls
        show_note(f"{before} calls before and {after} after are too few to compare.")
        return
    done, change = found.done_difference, found.score_difference
    habit_row = [f"{habit}, % of calls", *found.done, done.low, done.high]
    score_row = ["score", *found.score, *((change.low, change.high) if change else (None, None))]
    rows: list[list[object]] = [["calls", *found.calls, None, None], habit_row, score_row]
    show_rows("Before and after", ["", "before", "after", "change from", "to"], rows)
    show_note("Who was coached after bad calls has better ones by chance alone; listen as well.")
