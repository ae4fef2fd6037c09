"""Every operation of the OpenAPI description does what it says, whatever it is sent.

Cases are made by schemathesis from the description, half of them about things that exist. A longer
run: `KASPER_EXAMPLES=200 pytest tests/api/test_openapi.py`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.python.asgi import get_client
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.access import SCOPES, Role
from api.app import create_app
from api.settings import Settings
from tests.api.conftest import Installation

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
PATIENCE_S = 120.0
EXAMPLES = int(os.environ.get("KASPER_EXAMPLES", "8"))
_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# What would sign the one out who asks.
_LAST = ("DELETE /v1/session", "POST /v1/session/password", "POST /v1/session/leave")


def scored(installation: Installation) -> dict[str, Any]:
    """What exists: by path parameter, things that were made by using the service."""
    client = installation.signed_in(Role.QA_LEAD)
    files = [("files", (own.name, own.read_bytes())) for own in sorted(SAMPLES.glob("da-*.json"))]
    job = client.post("/v1/uploads", files=files).json()["uid"]
    installation.work()
    call = client.get("/v1/calls").json()["items"][0]["uid"]
    return {"/v1/calls": call, "/v1/jobs": job}


def existing(known: dict[str, Any], path: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The path's parameters with the names of things that exist."""
    named = next((name for start, name in known.items() if path.startswith(start)), None)
    replaced = {"uid": named} if named else {}
    numbers = {name: 1 for name in parameters if name.endswith(("id", "number"))}
    return {**parameters, **numbers, **{k: v for k, v in replaced.items() if k in parameters}}


def example_of(description: dict[str, Any], operation: Any) -> Any:
    """The first example of a body of JSON, as the description gives it."""
    described = description["paths"][operation.path][operation.method.lower()]
    content = described.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = content.get("schema", {})
    name = schema.get("$ref", "").rpartition("/")[2]
    schema = description["components"]["schemas"].get(name, schema)
    return next(iter(schema.get("examples", [])), None)


def mistakes(installation: Installation, headers: dict[str, str]) -> list[str]:
    """What schemathesis finds, an entry for each operation that misbehaves."""
    app = installation.client.app
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", app, timeout=PATIENCE_S)
    known = scored(installation)
    operations = [result.ok() for result in schema.get_all_operations()]
    found = []
    succeeded: set[str] = set()
    with get_client(app) as client:
        for operation in sorted(operations, key=_turn):
            check = _check(operation, known, headers, client, succeeded, app.openapi())
            try:
                check()
            except FailureGroup as group:
                found += [f"{operation.label}: {failure}" for failure in group.exceptions]
            except Exception as error:
                found.append(f"{operation.label}: {type(error).__name__} {error}")
    # a check of refusals alone would be worth little
    if len(succeeded) < len(operations) / 3:
        found.append(f"only {len(succeeded)} of {len(operations)} operations succeeded once")
    return found


def _turn(operation: Any) -> tuple[bool, bool]:
    """What ends things comes after what looks at them."""
    return operation.label in _LAST, operation.method.upper() == "DELETE"


def _check(
    operation: Any,
    known: dict[str, Any],
    headers: dict[str, str],
    client: Any,
    succeeded: set[str],
    description: dict[str, Any],
) -> Callable[[], None]:
    example = example_of(description, operation)
    modes = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)
    strategies = [operation.as_strategy(generation_mode=mode) for mode in modes]

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(strategies), exists=st.booleans())
    def check(case: Any, exists: bool) -> None:
        if exists and case.path_parameters:
            case.path_parameters = existing(known, operation.path, dict(case.path_parameters))
        if exists and example is not None:
            case.body = example
        answer = case.call(session=client, headers=headers, timeout=PATIENCE_S)
        if answer.status_code < 300:
            succeeded.add(operation.label)
        case.validate_response(answer, checks=_CHECKS)

    return check


def test_every_parameter_says_what_it_is(tmp_path: Path) -> None:
    description = create_app(Settings(_env_file=None, data_dir=tmp_path)).openapi()
    parameters = [
        (method, path, own["in"], own["name"], own.get("description", ""))
        for path, operations in description["paths"].items()
        for method, operation in operations.items()
        for own in operation.get("parameters", [])
    ]
    assert len(parameters) > 100
    assert [own[:-1] for own in parameters if not own[-1].endswith(".")] == []


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("who", ["key", "session"])
def test_every_answer_is_as_described(installation: Installation, who: str) -> None:
    installation.with_key()  # the first key and person, so that number 1 is not the one who asks
    if who == "key":
        client = installation.with_key(*SCOPES)
        headers = {"authorization": client.headers["authorization"]}
    else:
        client = installation.signed_in(Role.ADMIN)
        headers = {
            "cookie": f"kasper_session={client.cookies['kasper_session']}",
            "x-csrf-token": client.headers["x-csrf-token"],
        }
    found = mistakes(installation, headers)
    assert not found, "\n\n".join(found)
