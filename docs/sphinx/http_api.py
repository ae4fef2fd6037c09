"""The reference of the HTTP API: Markdown made of the OpenAPI description of the service."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from api.app import create_app
from api.deps import Allow
from api.settings import Settings

Json = dict[str, Any]
# What bounds a value in JSON Schema, and how it is said.
_BOUNDS = {
    "minimum": "≥ {}", "maximum": "≤ {}", "exclusiveMinimum": "> {}", "exclusiveMaximum": "< {}",
    "minLength": "at least {} characters", "maxLength": "at most {} characters",
    "minItems": "at least {}", "maxItems": "at most {}",
}  # fmt: skip
_WORDS = {"array": "list", "integer": "whole number", "string": "text", "boolean": "true, false"}


def page() -> str:
    """Every operation by what it is about, and behind them the shapes of what is sent."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings(data_dir=Path(folder)))
    description = app.openapi()
    needed = _permissions(app)
    about: dict[str, list[str]] = {}
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            text = _operation(method, path, operation, needed.get((method.upper(), path)))
            about.setdefault(operation["tags"][0], []).append(text)
    shapes = description["components"]["schemas"]
    parts = [
        "## Answers that mean trouble\n",
        _troubles(description),
        *(f"## {tag.capitalize()}\n\n" + "\n".join(own) for tag, own in about.items()),
        "## Shapes\n",
        *(
            _shape(name, own)
            for name, own in sorted(shapes.items(), key=lambda item: _name(item[0]))
        ),
    ]
    return "\n".join(parts)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of Markdown; bars in cells are escaped."""
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return (
        "\n".join(
            "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
        )
        + "\n"
    )


def _permissions(app: FastAPI) -> dict[tuple[str, str], str]:
    """The permission that each operation asks for."""
    return {
        (method, str(route.path)): permission
        for route in iter_route_contexts(app.routes)
        if isinstance(route.original_route, APIRoute)
        for permission in _asked(route.dependant)
        for method in route.methods or ()
    }


def _asked(dependant: Dependant) -> Iterable[str]:
    if isinstance(dependant.call, Allow):
        yield str(dependant.call.permission)
    for inner in dependant.dependencies:
        yield from _asked(inner)


def _operation(method: str, path: str, operation: Json, permission: str | None) -> str:
    parts = [f"### `{method.upper()} {path}`\n", operation["description"].strip() + "\n"]
    if permission:
        parts.append(f"Permission: `{permission}`\n")
    if fields := [_parameter(own) for own in operation.get("parameters", [])]:
        parts.append(table(("parameter", "type", ""), fields))
    for media, body in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(f"Send {_type(body['schema'])} as `{media}`.\n")
    parts += [_answer(code, own) for code, own in operation["responses"].items() if code < "400"]
    return "\n".join(parts)


def _parameter(own: Json) -> tuple[str, str, str]:
    parts = {"path": "In the path.", "header": "A header."}.get(own["in"], "")
    required = "Required." if own["required"] and own["in"] == "query" else ""
    said = " ".join([parts, required, own.get("description", "")])
    return f"`{own['name']}`", _type(own["schema"]), " ".join(said.split())


def _answer(code: str, response: Json) -> str:
    kinds = [
        f"{_type(content['schema'])} as `{media}`" if content.get("schema") else f"`{media}`"
        for media, content in response.get("content", {}).items()
    ]
    return f"Answer {code}: {', or '.join(kinds) or 'nothing'}.\n"


def _troubles(description: Json) -> str:
    responses = next(iter(next(iter(description["paths"].values())).values()))["responses"]
    rows = [(code, own["description"]) for code, own in responses.items() if code >= "400"]
    return table(("status", "means"), rows)


def _shape(name: str, schema: Json) -> str:
    parts = [f"(shape-{name.lower()})=\n", f"**`{_name(name)}`**\n"]
    if text := schema.get("description"):
        parts.append(text.strip() + "\n")
    if "enum" in schema:
        parts.append(f"{_type(schema)}\n")
    if properties := schema.get("properties"):
        required = schema.get("required", [])
        rows = [
            (
                f"`{field}`" + (" *" if field in required else ""),
                _type(own),
                " ".join(own.get("description", "").split()),
            )
            for field, own in properties.items()
        ]
        parts.append(table(("field", "type", ""), rows))
    for example in schema.get("examples", [])[:1]:
        text = json.dumps(example, ensure_ascii=False, indent=1)
        parts.append(f"```json\n{text}\n```\n")
    return "\n".join(parts)


def _name(name: str) -> str:
    """A shape's own name; FastAPI puts the module in front where two share it."""
    return name.rpartition("__")[2].removeprefix("Body_")


def _type(schema: Json) -> str:
    """What a value may be, in words, with links to shapes."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{_name(name)}](#shape-{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(own) for own in schema["anyOf"]))
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        kind = ", ".join(f"`{value}`" for value in schema["enum"])
    elif schema.get("type") == "array":
        kind = f"list of {_type(schema['items'])}" if schema.get("items") else "list"
    elif schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        kind = f"object of {_type(schema['additionalProperties'])}"
    else:
        own = str(schema.get("type", "anything"))
        kind = _WORDS.get(own, own)
    if "format" in schema:
        kind += f" ({schema['format']})"
    bounds = [
        said.format(f"{schema[bound]:,}") for bound, said in _BOUNDS.items() if bound in schema
    ]
    if schema.get("default") not in (None, "", []):
        default = json.dumps(schema["default"]).strip('"')
        bounds.append(f"default `{default}`")
    return ", ".join([kind, *bounds])
