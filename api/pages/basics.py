"""The light bulbs: basics that failed, since when, and what to fix first."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from markupsafe import Markup
from pydantic import BeforeValidator

from analyzer.insights.basics import BASICS
from analyzer.writing.html_words import turn_anchor
from api import charts
from api.access import Permission, Principal
from api.charts import ChangedRate
from api.deps import Allow, Db, ServiceDep
from api.locales import marked, translations
from api.pages.call_view import ANCHOR
from api.pages.render import language_of, page
from api.pages.team import Word, asked_scope
from api.routes.basics import Basics, By, Failures, basics_of
from api.storage import audit, calls
from api.storage.insights import Scope

router = APIRouter()

TITLES = {
    "wrong_details": marked("Wrong details"),
    "same_question": marked("Asked twice"),
    "no_greeting": marked("No greeting"),
    "long_wait": marked("Long wait"),
    "passed_around": marked("Passed around"),
    "dead_end": marked("Dead end"),
}


@router.get("/basics")
def basics(
    request: Request,
    parts: ServiceDep,
    db: Db,
    principal: Annotated[Principal, Depends(Allow(Permission.INSIGHTS_READ))],
    wanted: Annotated[Scope, Depends(asked_scope)],
    product: Word = "",
    by: Annotated[By, BeforeValidator(lambda given: given or "queue")] = "queue",
) -> Response:
    """Which basics failed, how often, where, since when, and with what they go together."""
    audit.record(db, principal.name, "basics.read")
    found = basics_of(db, principal, wanted, product or None, by, parts.settings.min_calls)
    queues, _, products = calls.choices(db, principal)
    groups: dict[str | None, dict[str, Failures]] = {}
    for own in found.groups:
        groups.setdefault(own.group, {})[own.basic] = own
    return page(
        request,
        principal,
        "basics.html.j2",
        found=found,
        titles=TITLES,
        meanings=BASICS,
        queues=queues,
        products=products,
        groups=groups,
        anchor=partial(turn_anchor, ANCHOR),
        drawn=_drawn(found, language_of(request, principal)),
    )


def _drawn(found: Basics, language: str) -> dict[str, Markup]:
    if not found.pareto:
        return {}
    gettext = translations(language).gettext
    pareto = charts.pareto_chart(
        [gettext(TITLES[own.basic]) for own in found.pareto],
        [own.share for own in found.pareto],
        [own.cumulative for own in found.pareto],
        language,
    )
    place = {monday: number for number, monday in enumerate(found.mondays)}
    rates = [
        ChangedRate(
            gettext(TITLES[own.basic]),
            own.weeks,
            [
                (place[change.monday], place[change.earliest], place[change.latest])
                for change in found.changes
                if change.basic == own.basic and change.group is None
            ],
        )
        for own in found.weeks
        if any(own.weeks)
    ]
    weeks = charts.change_chart(rates, found.mondays, language) if rates else ""
    return {"pareto": Markup(pareto), "weeks": Markup(weeks)}
