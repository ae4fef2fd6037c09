"""Whether the service lives, whether it is ready, and its figures for Prometheus."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from api.deps import ServiceDep
from api.middleware import REGISTRY
from api.problems import Problem

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The state of the service."""

    status: Literal["ok"] = "ok"


class Readiness(Health):
    """What a ready service runs on."""

    model: str
    model_version: str
    database: str


@router.get("/healthz")
def healthz() -> Health:
    """The process is alive."""
    return Health()


@router.get("/readyz")
def readyz(parts: ServiceDep) -> Readiness:
    """The model is loaded and the database is there with current tables; else 503."""
    try:
        current = parts.database.is_current()
    except SQLAlchemyError:
        raise Problem(503, "The database does not answer.") from None
    if not current:
        raise Problem(503, "The database's tables are not current; run `kasper migrate`.")
    info = parts.classifier.info
    backend = parts.database.url.get_backend_name()
    return Readiness(model=info.name, model_version=info.version, database=backend)


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def metrics() -> Response:
    """Figures of the service for Prometheus; nothing in them is about a person."""
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)
