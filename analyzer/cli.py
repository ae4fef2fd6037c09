"""The command `kasper`: score transcripts, explain one call, list the formats that are read."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from analyzer.conversation import Conversation
from analyzer.errors import TranscriptError, UsageError
from analyzer.exits import OK, SOME_FAILED, usage_errors
from analyzer.insights_command import app as insights
from analyzer.language import LANGUAGES

app = typer.Typer(
    name="kasper",
    help="Find what loses customers and what keeps them in call transcripts, with the proof.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(insights, name="insights")

_IDS_SHOWN = 20
# What to do about a call without a score, by its reason.
_REMEDIES = {
    "LANGUAGE_NOT_SUPPORTED": f"set --language if it is truly one of {', '.join(LANGUAGES)}",
    "ONE_SIDE_ONLY": "check who speaks in the file, or name the agent with --agent-speaker",
}

Paths = Annotated[
    list[str],
    typer.Argument(metavar="PATH...", help="Files, folders, globs, URLs, or - for standard input."),
]
Format = Annotated[
    str, typer.Option("--format", help="A name from `kasper formats`; auto looks at the content.")
]
Language = Annotated[
    str | None,
    typer.Option("--language", help="da, nb, nn, sv or en; detected for each call if left out."),
]
CardFile = Annotated[
    Path | None, typer.Option("--scorecard", help="A scorecard in TOML instead of the default one.")
]
AgentSpeaker = Annotated[
    str | None,
    typer.Option(
        "--agent-speaker", help="The agent: a name in the file, A1 or C1 where it gives roles."
    ),
]
Redact = Annotated[
    bool,
    typer.Option("--redact", help="Replace personal data before anything is judged or written."),
]


@app.command()
def score(
    paths: Paths,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="A file: .jsonl .csv .parquet .html .md .vcon.json .vcon.jsonl; or a table.",
        ),
    ] = None,  # fmt: skip
    language: Language = None,
    scorecard: CardFile = None,
    format: Format = "auto",
    agent_speaker: AgentSpeaker = None,
    redact: Redact = False,
) -> None:
    """Score every call: what happened, the words that prove it, a score and a band."""
    with usage_errors():
        run = _Run(language, scorecard, format, agent_speaker, redact=redact)
        failed = _score_to_file(run, paths, output) if output else _score_to_screen(run, paths)
    raise typer.Exit(SOME_FAILED if failed else OK)


@app.command()
def batch(
    paths: Paths,
    output: Annotated[
        str, typer.Option("--output", "-o", help="A new folder, or a URL such as s3://…/scores.")
    ],
    to: Annotated[str, typer.Option(help="The tables' format: parquet or jsonl.")] = "parquet",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run that stopped.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say how long it would take.")
    ] = False,
    sample: Annotated[int | None, typer.Option(min=1, help="Score so many calls by lot.")] = None,
    per: Annotated[
        str | None, typer.Option(help="So many of each queue, agent, language or month.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another number draws another sample.")] = 0,
    reports: Annotated[
        bool, typer.Option("--reports", help="Keep each call's whole report, too.")
    ] = False,
    engine: Annotated[str, typer.Option(help="local, or ray for a cluster.")] = "local",
    processes: Annotated[
        int | None, typer.Option(min=1, help="At work side by side; as many as there are cores.")
    ] = None,
    language: Language = None,
    scorecard: CardFile = None,
    format: Format = "auto",
    agent_speaker: AgentSpeaker = None,
    redact: Redact = False,
) -> None:
    """Score a whole call log on all cores into a folder of tables, stopped and resumed at will."""
    from analyzer.batch import command

    with usage_errors():
        _check(language, format)
        options = command.Options(None, scorecard, language, agent_speaker, redact, reports)
        how = command.How(to, engine, processes, command.sample(sample, per, seed), format)
        if dry_run:
            command.show_estimate(paths, options, how)
            raise typer.Exit(OK)
        failed = command.run(paths, output, options, how, resume=resume)
    raise typer.Exit(SOME_FAILED if failed else OK)


@app.command()
def explain(
    path: Annotated[str, typer.Argument(metavar="CALL", help="A file, URL or - with the call.")],
    id: Annotated[
        str | None, typer.Option("--id", help="Which call, if there are several.")
    ] = None,
    language: Language = None,
    scorecard: CardFile = None,
    format: Format = "auto",
    agent_speaker: AgentSpeaker = None,
    redact: Redact = False,
) -> None:
    """Show one call with its evidence in place, and how its score adds up."""
    from analyzer.terminal import say_error, show_call

    with usage_errors():
        run = _Run(language, scorecard, format, agent_speaker, redact=redact)
        found: list[Any] = []
        for result in run.results([path]):
            if isinstance(result, TranscriptError):
                say_error(str(result))
            elif result.id == id:
                found = [result]
                break
            else:
                found.append(result)
        if len(found) == 1 and id in (None, found[0].id):
            show_call(found[0])
            raise typer.Exit(OK)
        if not found:
            raise typer.Exit(SOME_FAILED)
        ids = ", ".join(result.id for result in found[:_IDS_SHOWN])
        more = ", …" if len(found) > _IDS_SHOWN else ""
        wanted = f"no call with the id {id!r}" if id else f"{len(found)} calls, choose one by --id"
        raise UsageError(f"{path} holds {wanted}; its calls are: {ids}{more}.")


@app.command()
def formats() -> None:
    """List the formats that are read and how each is recognised."""
    from analyzer.reading.formats import ALL_FORMATS
    from analyzer.terminal import show_formats

    show_formats(ALL_FORMATS)


_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@app.command(context_settings=_PASSED_ON)
def train(context: typer.Context) -> None:
    """Learn from labelled calls; in a checkout, `kasper train --help` tells how."""
    _from_checkout("train", "models.train", "train", context.args)


@app.command(context_settings=_PASSED_ON)
def export(context: typer.Context) -> None:
    """Make of trained weights what `kasper score` runs; see `kasper export --help`."""
    _from_checkout("export", "models.export", "train", context.args)


@app.command(context_settings=_PASSED_ON)
def evaluate(context: typer.Context) -> None:
    """Measure the model on labelled calls; see `kasper evaluate --help`."""
    _from_checkout("evaluate", "models.evaluate", "train", context.args)


@app.command(context_settings=_PASSED_ON)
def serve(context: typer.Context) -> None:
    """Serve the API and the pages on this machine; see `kasper serve --help`."""
    _from_checkout("serve", "api.serve", "api", ["serve", *context.args])


@app.command(context_settings=_PASSED_ON)
def worker(context: typer.Context) -> None:
    """Run one more worker of the service."""
    _from_checkout("worker", "api.serve", "api", ["worker", *context.args])


@app.command(context_settings=_PASSED_ON)
def migrate(context: typer.Context) -> None:
    """Bring the service's database up to date."""
    _from_checkout("migrate", "api.serve", "api", ["migrate", *context.args])


@app.command(context_settings=_PASSED_ON)
def documents(context: typer.Context) -> None:
    """Write the documents that EU law asks for; see `kasper documents --help`."""
    _from_checkout("documents", "api.documents", "api", context.args)


def _from_checkout(verb: str, name: str, extra: str, arguments: list[str]) -> None:
    """Run a verb of `models/` or `api/`, which are no part of the library: found by name."""
    with usage_errors():
        install = f"pip install --editable '.[{extra}]'"
        try:
            module = import_module(name)
        except ModuleNotFoundError as error:
            if error.name == name.split(".")[0]:
                raise UsageError(
                    f"`kasper {verb}` works in a checkout of the source with `{install}`; "
                    "this is the installed library."
                ) from None
            raise UsageError(f"`kasper {verb}` needs {error.name}: {install}.") from None
        raise typer.Exit(module.main(arguments))


@app.callback(invoke_without_command=True)
def main(
    version: Annotated[bool, typer.Option("--version", help="Show the version and stop.")] = False,
) -> None:
    if version:
        from analyzer import __version__

        typer.echo(__version__)
        raise typer.Exit(OK)


def _check(language: str | None, format: str) -> None:
    """`UsageError` for a language or format that does not exist."""
    from analyzer.language import LANGUAGES, normalise
    from analyzer.reading.formats import format_named

    if format != "auto":
        format_named(format)
    if language and normalise(language) is None:
        known = ", ".join(LANGUAGES)
        raise UsageError(f"There is no language {language!r}; use one of: {known}.")


class _Run:
    """The options of a run, checked and loaded once."""

    def __init__(
        self,
        language: str | None,
        card: Path | None,
        format: str,
        agent_speaker: str | None,
        *,
        redact: bool,
    ) -> None:
        from analyzer.classifier import default_classifier
        from analyzer.scorecard import default_scorecard, load

        _check(language, format)
        self.format = format
        self._language = language
        self._agent_speaker = agent_speaker
        self._redact = redact
        self._card = load(card) if card else default_scorecard()
        self._classifier = default_classifier()

    def results(
        self, paths: list[str], progress: Any = None, own: tuple[Path, ...] = ()
    ) -> Iterator[Any]:
        """A `Report` or a `TranscriptError` for every call behind the paths.

        `own` are files that this run writes: in a folder of calls they are none.
        """
        from analyzer.reading import read_location
        from analyzer.reading.sources import locate

        written = {path.resolve() for path in own}
        for path in paths:
            if Path(path).resolve() in written:
                raise UsageError(f"{path} is read by this run; name another output.")
        locations = [
            location
            for location in locate(paths)
            if isinstance(location, TranscriptError) or Path(location.name).resolve() not in written
        ]
        if progress is not None:
            progress.begin(len(locations))
        for location in locations:
            for parsed in read_location(location, self.format):
                yield self._report(parsed) if isinstance(parsed, Conversation) else parsed
            if progress is not None:
                progress.advance()

    def _report(self, conversation: Conversation) -> Any:
        from analyzer.scoring import score

        try:
            return score(
                conversation,
                classifier=self._classifier,
                scorecard=self._card,
                language=self._language,
                agent_speaker=self._agent_speaker,
                redact=self._redact,
            )
        except TranscriptError as error:
            return error


def _score_to_screen(run: _Run, paths: list[str]) -> int:
    from analyzer.terminal import Progress, show_table

    reports, failed = [], 0
    with Progress() as progress:
        for result in run.results(paths, progress):
            if error := _failure(result):
                failed += 1
                progress.say(str(error))
            if result is not error:
                reports.append(result)
    if reports:
        show_table(reports)
    return failed


def _score_to_file(run: _Run, paths: list[str], output: Path) -> int:
    from analyzer.terminal import Progress
    from analyzer.writing import open_writer

    errors_path = output.with_name(f"{output.name}.errors.jsonl")
    scored = failed = 0
    with ExitStack() as stack:
        writer = stack.enter_context(open_writer(output))
        progress = stack.enter_context(Progress())
        errors: Any = nullcontext()
        for result in run.results(paths, progress, (output, errors_path)):
            if error := _failure(result):
                if not failed:
                    errors = stack.enter_context(errors_path.open("w", encoding="utf-8"))
                failed += 1
                progress.say(str(error))
                errors.write(_error_line(error))
            else:
                scored += 1
            if result is not error:
                writer.write(result)
        plural = "" if scored == 1 else "s"
        progress.say(f"{scored} call{plural} scored, written to {output}")
        if failed:
            progress.say(f"{failed} could not be scored, listed in {errors_path}")
    if not failed:
        errors_path.unlink(missing_ok=True)
    return failed


def _failure(result: Any) -> TranscriptError | None:
    """Why a call has no score: it could not be read, or its report says what stood in the way."""
    if isinstance(result, TranscriptError):
        return result
    from analyzer.report import why_unscored

    return why_unscored(result, _REMEDIES)


def _error_line(error: TranscriptError) -> str:
    return json.dumps(error.fields(), ensure_ascii=False) + "\n"


def run() -> None:
    """The entry point: who stops reading our output, such as `head`, ends the run in peace."""
    try:
        app()
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(OK) from None
