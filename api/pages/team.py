"""Teams over time: how calls went, strong points, what to coach next; nobody is ranked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from markupsafe import Markup
from pydantic import BeforeValidator

from analyzer.traits import TRAIT
from analyzer.writing.html_words import turn_anchor
from api import charts
from api.access import Permission, Principal
from api.deps import Allow, Db, ServiceDep
from api.insights import LabelRate, Summary
from api.locales import translations
from api.pages.call_view import ANCHOR
from api.pages.render import language_of, page
from api.problems import not_found
from api.routes.teams import insights_of, scope, teams_of
from api.schemas import Text
from api.storage import audit, insights
from api.storage.insights import Scope
from api.trust import card_of

router = APIRouter()

Word = Annotated[Text, Query(max_length=200)]
_COLOURS = {"rasmus": "var(--rasmus)", "star": "var(--star)", "signal": "var(--signal)"}


# A browser sends fields that were left empty, too.
Day = Annotated[date | None, BeforeValidator(lambda given: given or None), Query()]


def _scope(since: Day = None, until: Day = None, queue: Word = "") -> Scope:
    return scope(since, until, queue or None)


@router.get("/team")
def team(
    request: Request,
    parts: ServiceDep,
    db: Db,
    principal: Annotated[Principal, Depends(Allow(Permission.INSIGHTS_READ))],
    wanted: Annotated[Scope, Depends(_scope)],
    of: Word = "",
) -> Response:
    """The figures of everybody, of a team (`of=team:…`) or of an agent (`of=agent:…`)."""
    kind, _, name = of.partition(":")
    if kind == "team":
        wanted = replace(wanted, team=name)
    elif kind == "agent":
        wanted = replace(wanted, agent_id=name)
    if (kind == "team" and not insights.knows_team(db, name)) or (
        kind == "agent" and not insights.knows_agent(db, name)
    ):
        raise not_found(kind)
    if kind not in ("", "team", "agent"):
        raise not_found("team")
    subject = f"{kind}:{name}" if kind else ""
    audit.record(db, principal.name, f"{kind or 'insights'}.read", subject)
    found = insights_of(db, principal, wanted, parts.settings.min_calls)
    card = card_of(parts.classifier.info)
    return page(
        request,
        principal,
        "team.html.j2",
        found=found,
        of=of,
        kind=kind,
        name=name,
        teams=teams_of(db, wanted, parts.settings.min_calls),
        queues=insights.queues(db),
        traits=TRAIT,
        anchor=partial(turn_anchor, ANCHOR),
        precision={row.label: row.precision for row in card.labels} if card else {},
        drawn=_drawn(found.figures, language_of(request, principal)) if found.figures else {},
        groups=_groups(found.figures),
    )


def _groups(figures: Summary | None) -> dict[str, list[LabelRate]]:
    """The labels by what they are: `rasmus`, `star`, `signal`."""
    groups: dict[str, list[LabelRate]] = {"rasmus": [], "star": [], "signal": []}
    for own in figures.labels if figures else ():
        groups[TRAIT[own.label].polarity].append(own)
    return groups


def _drawn(figures: Summary, language: str) -> dict[str, Markup]:
    gettext = translations(language).gettext
    mondays = [week.monday for week in figures.weeks]
    drawn = {
        "score": charts.score_chart(figures.weeks, language),
        "bands": charts.band_chart(figures.weeks, language),
    }
    for polarity, labels in _groups(figures).items():
        titles = [gettext(TRAIT[own.label].title) for own in labels]
        colour = _COLOURS[polarity]
        drawn[polarity] = charts.label_chart(labels, titles, mondays, colour, language)
    return {name: Markup(svg) for name, svg in drawn.items()}
