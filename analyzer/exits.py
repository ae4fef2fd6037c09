"""How a command ends: its exit codes, and errors of use as sentences."""

from __future__ import annotations

import typer

from analyzer.errors import KasperError, ScorecardError

OK, SOME_FAILED, WRONG_USAGE = 0, 1, 2


class usage_errors:
    """Turns errors of use and of the model into one sentence on stderr and exit code 2."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, BrokenPipeError):
            raise typer.Exit(OK) from None
        if isinstance(error, (KasperError, OSError)):
            from analyzer.terminal import say_error

            for line in _sentences(error):
                say_error(line)
            raise typer.Exit(WRONG_USAGE) from None


def _sentences(error: KasperError | OSError) -> list[str]:
    """What to say of an error: a scorecard may have several mistakes, each on a line."""
    if isinstance(error, OSError):
        return [f"{error.filename or 'The output'}: {error.strerror or error}."]
    return str(error).split("\n") if isinstance(error, ScorecardError) else [str(error)]
