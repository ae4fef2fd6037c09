"""What the references hold: Markdown that is made of the code, a function for each.

`<!-- made: cli -->` in a page is replaced by what `cli()` returns.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterable, Iterator

import http_api
import typer
from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo
from typer.cli import get_docs_for_click
from typer.testing import CliRunner

import analyzer
import analyzer.insights
from analyzer.cli import app
from analyzer.reading.formats import ALL_FORMATS
from api.settings import Settings

api = http_api.page


def cli() -> str:
    """Every command with its arguments and options."""
    group = typer.main.get_command(app)
    context = typer.Context(group)
    parts = []
    for name in group.list_commands(context):  # type: ignore[attr-defined]
        command = group.get_command(context, name)  # type: ignore[attr-defined]
        if command.context_settings.get("ignore_unknown_options"):
            # the work is done by a module of models/ or api/, with options of its own
            shown = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "90"}).output
            parts.append(f"## `kasper {name}`\n\n```text\n{shown.strip()}\n```\n")
        else:
            parts.append(
                get_docs_for_click(obj=command, ctx=context, indent=1, call_prefix="kasper")
            )
    return "\n".join(parts)


def settings() -> str:
    """A row for each setting: its variable, its default, and what it is for."""
    rows = [
        (_variables(name, field), _default(field), " ".join((field.description or "").split()))
        for name, field in Settings.model_fields.items()
    ]
    return table(("variable", "default", "what it is for"), rows)


def _variables(name: str, field: FieldInfo) -> str:
    alias = field.validation_alias
    names = alias.choices if isinstance(alias, AliasChoices) else [f"KASPER_{name.upper()}"]
    return ", ".join(f"`{own}`" for own in names)


def _default(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None or value in ("", ()):
        return "not set"
    choices = " ".join(_choices(field))
    return f"`{str(value).lower() if isinstance(value, bool) else value}`{choices}"


def _choices(field: FieldInfo) -> Iterator[str]:
    if typing.get_origin(field.annotation) is typing.Literal:
        yield ", of " + ", ".join(f"`{choice}`" for choice in typing.get_args(field.annotation))


def formats() -> str:
    """A row for each format, in the order in which they are tried."""
    rows = [(f"`{own.name}`", own.title, own.recognised_by) for own in ALL_FORMATS]
    return table(("name", "format", "recognised by"), rows)


def python() -> str:
    """The public names of the library by kind, then those of the insights."""
    public = {name: getattr(analyzer, name) for name in analyzer.__all__}
    errors = [name for name, own in public.items() if _is_error(own)]
    shapes = [name for name, own in public.items() if isinstance(own, type) and name not in errors]
    functions = [name for name, own in public.items() if inspect.isfunction(own)]
    if missing := set(public) - {*errors, *shapes, *functions}:
        raise ValueError(f"public names of no kind that the page knows: {missing}")
    parts = [
        "## Functions\n",
        *(_documented("function", f"analyzer.{name}") for name in functions),
        "## What they take and give\n",
        *(_documented("class", f"analyzer.{name}") for name in shapes),
        "## Errors\n",
        *(_documented("exception", f"analyzer.{name}") for name in errors),
        "## Insights\n",
        *(
            _documented(
                "class" if isinstance(getattr(analyzer.insights, name), type) else "function",
                f"analyzer.insights.{name}",
            )
            for name in analyzer.insights.__all__
        ),
        "## Redaction\n",
        _documented("function", "analyzer.redaction.redact"),
        _documented("class", "analyzer.redaction.Redaction"),
    ]
    return "\n".join(parts)


def _is_error(own: object) -> bool:
    return isinstance(own, type) and issubclass(own, Exception)


def _documented(kind: str, name: str) -> str:
    members = "\n   :members:" if kind == "class" else ""
    return f"```{{eval-rst}}\n.. auto{kind}:: {name}{members}\n```\n"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of Markdown; bars in cells are escaped."""
    return http_api.table(head, rows)
