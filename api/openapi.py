"""What the OpenAPI description says beyond what the routes say of themselves."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from api.idempotency import MAX_LENGTH
from api.problems import MEDIA_TYPE

_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "pattern": f"^[A-Za-z0-9._:/+-]{{1,{MAX_LENGTH}}}$"},
    "description": (
        "A value of your own, new for each request. Sent again with the same one within a day, "
        "the request is not carried out again: it gets the first one's answer."
    ),
}


def install(app: FastAPI) -> None:
    """Give each operation a summary, and each POST of the API its `Idempotency-Key`."""
    described = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(described())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _completed(schema: dict[str, Any]) -> dict[str, Any]:
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            # FastAPI would make it of the function's name
            first = operation.get("description", "").split("\n\n")[0]
            operation["summary"] = " ".join(first.split()).split(". ")[0].rstrip(".")
            for status, response in operation["responses"].items():
                own = response.get("content", {})
                if status >= "400" and "application/json" in own:
                    # FastAPI describes a model as if every answer were plain JSON
                    response["content"] = {MEDIA_TYPE: own["application/json"]}
            if method == "post" and path.startswith("/v1/"):
                operation.setdefault("parameters", []).append(_KEY)
    return schema
