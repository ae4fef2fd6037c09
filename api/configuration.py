"""The table of settings in docs/configuration.md, made from `Settings`.

python -m api.configuration    # write it anew after a change of api/settings.py
"""

from __future__ import annotations

import typing
from collections.abc import Iterator
from pathlib import Path

from pydantic import AliasChoices, SecretStr
from pydantic.fields import FieldInfo

from api.settings import Settings

PAGE = Path(__file__).parents[1] / "docs" / "configuration.md"
_BEGIN, _END = "<!-- settings -->", "<!-- end of settings -->"


def table() -> str:
    """A row for each setting: its variable, its default, and what it is for."""
    rows = [
        f"| {_variables(name, field)} | {_default(field)} | {_purpose(field)} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| variable | default | |", "| --- | --- | --- |", *rows])


def page() -> str:
    """The page with the table as it should be."""
    before, _, rest = PAGE.read_text("utf-8").partition(_BEGIN)
    return f"{before}{_BEGIN}\n{table()}\n{_END}{rest.partition(_END)[2]}"


def _variables(name: str, field: FieldInfo) -> str:
    alias = field.validation_alias
    names = alias.choices if isinstance(alias, AliasChoices) else [f"KASPER_{name.upper()}"]
    return ", ".join(f"`{own}`" for own in names)


def _purpose(field: FieldInfo) -> str:
    return " ".join((field.description or "").split())


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


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
