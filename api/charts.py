"""Charts by Altair as SVG, to stand in a page.

Colours are the page's own (`var(--ink)`), so that one picture serves light and dark, and nothing in
it is an inline style. The words beside it and the table behind it are the page's affair.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from babel.dates import format_skeleton

from api.insights import BANDS, LabelRate, Week

# A picture's width in its own units; two stand side by side on a wide page, one on a phone.
_WIDTH = 400
_COLOURS = [f"var(--{band})" for band in BANDS]
_SMALL_COLUMNS = 2
# The most that a name beside a bar takes of the width.
_NAME = 120
# More names of weeks than this do not fit.
_NAMED_WEEKS = 6


def score_chart(weeks: Sequence[Week], language: str) -> str:
    """The mean score of each week as a line, with its interval around it."""
    rows = [
        {
            "week": week.monday.isoformat(),
            "mean": week.mean_score,
            "low": week.interval.low if week.interval else None,
            "high": week.interval.high if week.interval else None,
        }
        for week in weeks
    ]
    return _drawn("score", json.dumps(rows), language)


def band_chart(weeks: Sequence[Week], language: str) -> str:
    """The share of each band, a column per week."""
    rows = [
        {"week": week.monday.isoformat(), "band": band, "share": share}
        for week in weeks
        for band, share in (week.bands or dict.fromkeys(BANDS)).items()
    ]
    return _drawn("bands", json.dumps(rows), language)


def label_chart(
    labels: Sequence[LabelRate],
    titles: Sequence[str],
    mondays: Sequence[date],
    colour: str,
    language: str,
) -> str:
    """How many of 100 calls carry each label, a small picture for each."""
    rows = [
        {"week": monday.isoformat(), "label": title, "rate": rate, "colour": colour}
        for own, title in zip(labels, titles, strict=True)
        for monday, rate in zip(mondays, own.weeks, strict=True)
    ]
    return _drawn("labels", json.dumps(rows), language)


def pareto_chart(
    titles: Sequence[str], shares: Sequence[float], cumulative: Sequence[float], language: str
) -> str:
    """Shares of a whole in per cent as bars, the largest first, and a line that adds them up."""
    rows = [
        {"name": title, "share": share, "cumulative": total}
        for title, share, total in zip(titles, shares, cumulative, strict=True)
    ]
    return _drawn("pareto", json.dumps(rows), language)


@dataclass(frozen=True, slots=True)
class ChangedRate:
    """A rate by week, and the places of the weeks in which it changed for good, each with the first
    and the last in which that may have begun."""

    title: str
    weeks: Sequence[float | None]
    changes: Sequence[tuple[int, int, int]]


def change_chart(rates: Sequence[ChangedRate], mondays: Sequence[date], language: str) -> str:
    """A small picture for each rate, with a mark where it changed."""
    rows = [
        {
            "week": monday.isoformat(),
            "label": own.title,
            "rate": own.weeks[place],
            "colour": "var(--rasmus)",
            "changed": any(place == at for at, _, _ in own.changes),
            "perhaps": any(first <= place <= last for _, first, last in own.changes),
        }
        for own in rates
        for place, monday in enumerate(mondays)
    ]
    return _drawn("changes", json.dumps(rows), language)


@lru_cache(maxsize=256)
def _drawn(kind: str, rows: str, language: str) -> str:
    import vl_convert

    specification = _CHARTS[kind](json.loads(rows), language).to_dict()
    return _for_a_page(vl_convert.vegalite_to_svg(specification))


def _for_a_page(svg: str) -> str:
    """Without a size of its own, and hidden from screen readers, which are given the table."""
    box = re.search(r'viewBox="([^"]*)"', svg)
    assert box is not None
    inner = svg[svg.index(">") + 1 :]
    inner = re.sub(r' (?:aria-[a-z]+|role|class)="[^"]*"', "", inner)
    return f'<svg class="chart" viewBox="{box[1]}" aria-hidden="true" focusable="false">{inner}'


def _weeks(alt: Any, rows: Sequence[dict[str, Any]], language: str, **axis: Any) -> Any:
    """The axis of weeks, named by the day on which each begins."""
    names = {
        row["week"]: format_skeleton("MMMd", date.fromisoformat(row["week"]), locale=language)
        for row in rows
    }
    shown = f"{json.dumps(names, ensure_ascii=False)}[datum.value]"
    weeks = list(names)
    axis = {"values": weeks[:: -(-len(weeks) // _NAMED_WEEKS)], "labelExpr": shown} | axis
    return alt.X(
        "week:O",
        title=None,
        scale=alt.Scale(domain=weeks),
        axis=alt.Axis(labelAngle=0, ticks=False, **axis),
    )


def _scores(rows: list[dict[str, Any]], language: str) -> Any:
    import altair as alt

    scale = alt.Scale(domain=[0, 100])
    base = alt.Chart(alt.InlineData(rows)).encode(x=_weeks(alt, rows, language))
    range_ = base.mark_area(color="var(--star)", opacity=0.22).encode(
        y=alt.Y("low:Q", scale=scale, title=None), y2="high:Q"
    )
    ends = base.mark_rule(color="var(--star)", opacity=0.55).encode(y="low:Q", y2="high:Q")
    line = base.mark_line(
        color="var(--star)", strokeWidth=2, point=alt.OverlayMarkDef(color="var(--star)", size=26),
    ).encode(y=alt.Y("mean:Q", scale=scale))  # fmt: skip
    return _styled(range_ + ends + line, _WIDTH, 190)


def _bands(rows: list[dict[str, Any]], language: str) -> Any:
    import altair as alt

    chart = alt.Chart(alt.InlineData(rows)).mark_bar().encode(
        x=_weeks(alt, rows, language),
        y=alt.Y("share:Q", title=None, scale=alt.Scale(domain=[0, 100])),
        color=alt.Color("band:N", legend=None, scale=alt.Scale(domain=BANDS, range=_COLOURS)),
        order=alt.Order("rank:Q"),
    ).transform_calculate(rank=f"indexof({json.dumps(BANDS)}, datum.band)")  # fmt: skip
    return _styled(chart, _WIDTH, 190)


def _labels(rows: list[dict[str, Any]], language: str) -> Any:
    import altair as alt

    base = alt.Chart(alt.InlineData(rows))
    return _small_pictures(alt, rows, _lines(alt, base, rows, language))


def _changes(rows: list[dict[str, Any]], language: str) -> Any:
    import altair as alt

    base = alt.Chart(alt.InlineData(rows))
    weeks = base.encode(x=_weeks(alt, rows, language, labels=False, domain=False))
    perhaps = weeks.transform_filter("datum.perhaps").mark_rule(
        color="var(--signal)", strokeWidth=7, opacity=0.18
    )
    changed = weeks.transform_filter("datum.changed").mark_rule(
        color="var(--signal)", strokeWidth=2
    )
    return _small_pictures(alt, rows, perhaps + _lines(alt, base, rows, language) + changed)


def _lines(alt: Any, base: Any, rows: Sequence[dict[str, Any]], language: str) -> Any:
    colour = rows[0]["colour"]
    base = base.encode(
        x=_weeks(alt, rows, language, labels=False, domain=False),
        y=alt.Y("rate:Q", title=None, axis=alt.Axis(tickCount=3), scale=alt.Scale(domainMin=0)),
    )
    return base.mark_area(color=colour, opacity=0.18) + base.mark_line(
        color=colour, strokeWidth=1.6, point=alt.OverlayMarkDef(color=colour, size=9)
    )


def _small_pictures(alt: Any, rows: Sequence[dict[str, Any]], picture: Any) -> Any:
    """The picture once for each `label`."""
    names = list(dict.fromkeys(row["label"] for row in rows))
    small = picture.properties(width=(_WIDTH - 60) // _SMALL_COLUMNS, height=54)
    header = alt.Header(title=None, labelAnchor="start", labelFontWeight=600)
    facet = alt.Facet("label:N", sort=names, header=header)
    return _styled(small.facet(facet, columns=_SMALL_COLUMNS, spacing=14))


def _pareto(rows: list[dict[str, Any]], language: str) -> Any:
    import altair as alt

    names = [row["name"] for row in rows]
    base = alt.Chart(alt.InlineData(rows)).encode(
        y=alt.Y(
            "name:N",
            title=None,
            sort=names,
            axis=alt.Axis(ticks=False, labelLimit=_NAME, minExtent=_NAME),
        )
    )
    across = alt.X("share:Q", title=None, scale=alt.Scale(domain=[0, 100]))
    bars = base.mark_bar(color="var(--rasmus)", height={"band": 0.62}).encode(x=across)
    line = base.mark_line(
        color="var(--quiet)",
        strokeWidth=1.6,
        point=alt.OverlayMarkDef(color="var(--quiet)", size=26),
    ).encode(x="cumulative:Q", order="cumulative:Q")
    return _styled(bars + line, _WIDTH - _NAME, 34 * len(rows))


def _styled(chart: Any, width: int | None = None, height: int | None = None) -> Any:
    if width:
        chart = chart.properties(width=width, height=height)
    words = {"labelColor": "var(--quiet)", "labelFontSize": 11}
    return (
        chart.properties(background="transparent", padding=4)
        .configure(font="system-ui, sans-serif")
        .configure_view(stroke=None)
        .configure_mark(invalid="break-paths-show-domains")
        .configure_axis(gridColor="var(--line)", domainColor="var(--line)", **words)
        .configure_header(
            labelColor="var(--ink)", labelFontSize=11, labelLimit=_WIDTH // _SMALL_COLUMNS
        )
    )


_CHARTS = {
    "score": _scores,
    "bands": _bands,
    "labels": _labels,
    "changes": _changes,
    "pareto": _pareto,
}
