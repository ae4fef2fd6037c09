"""The OpenAPI description: each operation says what it does, and its examples work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from api.access import Role
from tests.api.conftest import Installation

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
# What the examples lead to: addresses that an installation must allow.
ALLOWED = ("https://hooks.example.org", "s3://calls")


def described(client: TestClient) -> dict[str, Any]:
    description: dict[str, Any] = client.get("/v1/openapi.json").json()
    return description


def operations(description: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]


def test_every_operation_says_what_it_does(installation: Installation) -> None:
    found = operations(described(installation.client))
    assert len(found) > 40
    for path, method, operation in found:
        assert len(operation["summary"].split()) >= 2, f"{method} {path}"
        # errors are problem details, and those of everyday use are named
        errors = {code: own for code, own in operation["responses"].items() if code >= "400"}
        assert {"401", "403", "404", "409", "422"} <= set(errors), f"{method} {path}"
        for own in errors.values():
            assert list(own["content"]) == ["application/problem+json"], f"{method} {path}"
            assert "$ref" in own["content"]["application/problem+json"]["schema"]


def test_every_post_takes_an_idempotency_key(installation: Installation) -> None:
    for path, method, operation in operations(described(installation.client)):
        named = [own["name"] for own in operation.get("parameters", [])]
        wanted = method == "post" and path.startswith("/v1/")
        assert named.count("Idempotency-Key") == wanted, f"{method} {path}"


def test_examples_of_scorecards_webhooks_and_calls_work(install: Any) -> None:
    installation = install(rate_limit="100000/minute", allowed_urls=ALLOWED)
    client = installation.signed_in(Role.ADMIN)
    description = described(client)
    run = 0
    for path, method, operation in operations(description):
        if not path.startswith(("/v1/score", "/v1/webhooks", "/v1/calls", "/v1/batches")):
            continue
        for example in examples(description, operation):
            answer = client.request(method, filled(client, path), json=example)
            assert answer.is_success, f"{method} {path}: {answer.text}"
            run += 1
    assert run >= 9


def filled(client: TestClient, path: str) -> str:
    """The path with a thing made for it: examples change what they are sent to."""
    if path.startswith("/v1/webhooks/{"):
        body = {"url": "https://hooks.example.org/x", "events": ["job.ended"]}
        return path.replace("{id}", str(client.post("/v1/webhooks", json=body).json()["id"]))
    if path.startswith("/v1/scorecards/{"):
        toml = client.get("/v1/openapi.json").json()
        (body, *_) = toml["components"]["schemas"]["DraftIn"]["examples"]
        return path.replace("{id}", str(client.post("/v1/scorecards", json=body).json()["id"]))
    if path.startswith("/v1/calls/{"):
        turns = [{"role": "agent", "text": "Hello."}, {"role": "customer", "text": "Hi."}]
        made = client.post("/v1/calls", json={"turns": turns}).json()
        return path.replace("{uid}", made["call"]["uid"])
    return path


def examples(description: dict[str, Any], operation: dict[str, Any]) -> list[Any]:
    """The examples of the JSON that an operation takes."""
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    reference = schema.get("schema", {}).get("$ref", "")
    model = description["components"]["schemas"].get(reference.rpartition("/")[2], {})
    found: list[Any] = model.get("examples", [])
    return found
