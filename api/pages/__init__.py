"""The pages, a module per noun; `api.pages.render.page` makes each of a template."""

from fastapi import APIRouter, FastAPI

from api.pages import (
    about,
    account,
    admin,
    basics,
    blind,
    calibrations,
    call,
    calls,
    coaching,
    customers,
    erasure,
    exports,
    home,
    operation,
    promises,
    queue,
    review,
    scorecards,
    signin,
    team,
    trust,
    uploads,
    webhooks,
)
from api.pages.environment import STATIC
from api.pages.errors import error_page

ROUTERS: tuple[APIRouter, ...] = (
    home.router,
    uploads.router,
    queue.router,
    exports.router,
    calls.router,
    call.router,
    calibrations.router,
    blind.router,
    review.router,
    signin.router,
    account.router,
    admin.router,
    operation.router,
    webhooks.router,
    erasure.router,
    team.router,
    coaching.router,
    basics.router,
    promises.router,
    customers.router,
    scorecards.router,
    trust.router,
    about.router,
)


def install(app: FastAPI) -> None:
    """Add the pages, what they load, and errors in their design."""
    app.mount("/static", STATIC, name="static")
    app.state.error_page = error_page
    for router in ROUTERS:
        app.include_router(router, include_in_schema=False)
