"""Teams over time: how calls went, strong points, what to coach next; nobody is ranked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import partial
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response
from markupsafe import Markup
from pydantic import BeforeValidator
from sqlalchemy.orm import Session

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


def asked_scope(since: Day = None, until: Day = None, queue: Word = "") -> Scope:
    """The days and the queue that a page is asked for; what is left empty is not asked for."""
    return scope(since, until, queue or None)


def asked_subject(db: Session, of: str, wanted: Scope) -> tuple[str, Scope]:
    """`team` or `agent` with the scope of theirs, or an empty text and the scope as it is."""
    kind, _, name = of.partition(":")
    if kind == "team" and insights.knows_team(db, name):
        return kind, replace(wanted, team=name)
    if kind == "agent" and insights.knows_agent(db, name):
        return kind, replace(wanted, agent_id=name)
    if of:
        raise not_found(kind if kind == "agent" else "team")
    return "", wanted


@router.get("/team")
def team(
    request: Request,
    parts: ServiceDep,
    db: Db,
    principal: Annotated[Principal, Depends(Allow(Permission.INSIGHTS_READ))],
    wanted: Annotated[Scope, Depends(asked_scope)],
    of: Word = "",
) -> Response:
    """The figures of everybody, of a team (`of=team:…`) or of an agent (`of=agent:…`)."""
    kind, wanted = asked_subject(db, of, wanted)
    audit.record(db, principal.name, f"{kind or 'insights'}.read", of)
    found = insights_of(db, principal, wanted, parts.settings.min_calls)
    card = card_of(parts.classifier.info)
    return page(
        request,
        principal,
        "team.html.j2",
        found=found,
        of=of,
        kind=kind,
        name=wanted.team or wanted.agent_id or "",
        teams=teams_of(db, wanted.everybody(), parts.settings.min_calls),
        queues=insights.queues(db),
        traits=TRAIT,
        anchor=partial(turn_anchor, ANCHOR),
        precision={row.label: row.precision for row in card.labels} if card else {},
        coaching=f"/team/coaching?{urlencode(asked(of, wanted))}",
        drawn=_drawn(found.figures, language_of(request, principal)) if found.figures else {},
        groups=_groups(found.figures),
    )


def asked(of: str, wanted: Scope) -> dict[str, object]:
    """What was asked for, to lead to another page with it."""
    days = {"since": wanted.since, "until": wanted.until}
    return {"of": of, **days, "queue": wanted.queue or ""}


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
