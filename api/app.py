"""The application: `create_app` puts the parts together.

uvicorn api.app:create_app --factory
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from analyzer import __version__
from analyzer.classifier import Classifier, default_classifier
from api import idempotency, middleware, openapi, pages, problems, signin
from api.deps import Service
from api.problems import ProblemDetails
from api.rates import RequestRate
from api.routes import ROUTERS
from api.settings import Settings
from api.storage import preferences, scorecards
from api.storage.database import Database

_ERRORS = {
    status: {
        "model": ProblemDetails,
        "content": {problems.MEDIA_TYPE: {}},
        "description": description,
    }
    for status, description in (
        (400, "The request cannot be understood"),
        (401, "Nobody is signed in, and there is no valid key"),
        (403, "Not permitted"),
        (404, "Not there, or not to be seen"),
        (409, "In conflict with what is there"),
        (413, "Too large"),
        (415, "Not a type that is read here"),
        (422, "Something in the request is wrong; `errors` names it"),
        (429, "Too many requests"),
        (503, "Not ready, or the database does not answer"),
    )
}


def create_app(settings: Settings | None = None, classifier: Classifier | None = None) -> FastAPI:
    """The service over a database with current tables; `kasper serve` and `migrate` make them."""
    settings = settings or Settings()
    database = Database(settings.url)
    rate = RequestRate(database, settings.rate_limit)
    parts = Service(settings, database, classifier or default_classifier())

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        stopped = asyncio.Event()
        sharing = asyncio.create_task(rate.share_until(stopped))
        # what is loaded by now stays: looking through it for garbage again and again would hold up
        # one request in fifty for a fifth of a second (python -m benchmarks.service)
        gc.collect()
        gc.freeze()
        yield
        gc.unfreeze()
        # a task that is cancelled leaves its thread at work, with a connection that nobody closes
        stopped.set()
        await sharing
        database.close()

    app = FastAPI(
        title="Kasper",
        version=__version__,
        summary="Finds in call transcripts what loses customers and what keeps them, with proof.",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        responses=_ERRORS,  # type: ignore[arg-type]
    )
    app.state.service = parts
    signin.install(app, settings, database)
    problems.install(app)
    idempotency.install(app)
    openapi.install(app)
    middleware.install(app, settings, rate)
    for router in ROUTERS:
        app.include_router(router)
    pages.install(app)
    return app


def prepare(settings: Settings) -> None:
    """Bring the database up to date and give a new installation its default scorecard."""
    database = Database(settings.url)
    database.migrate()
    with database.session() as db:
        scorecards.ensure_default(db)
        for name in ("content", "rates"):
            preferences.secret(db, name)
    database.close()
