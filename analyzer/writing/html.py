"""HTML: one file that explains itself, for people to read, print and forward.

Each call is rendered as it comes, into a nameless temporary file; only its row of the overview
stays in memory. The page is put together around the calls at the end.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from analyzer.report import Report
from analyzer.writing.catalogue import grouped, ngettext
from analyzer.writing.html_call import call_context
from analyzer.writing.html_overview import (
    Legend,
    Row,
    Share,
    Unscored,
    legend,
    row,
    shares,
    unscored,
)
from analyzer.writing.staged import StagedFile

TEMPLATES = Path(__file__).parent.parent / "templates"
_CHUNK = 1 << 16
# Half a surrogate pair, which a damaged transcript may hold, has no place in UTF-8.
_TEXT: dict[str, Any] = {"encoding": "utf-8", "errors": "xmlcharrefreplace", "newline": ""}


@dataclass(frozen=True, slots=True)
class ReportContext:
    """What `report.html.j2` shows; `calls` are the rendered calls, piece by piece."""

    title: str
    total: str
    scored: str
    flagged: int
    shares: tuple[Share, ...]
    unscored: tuple[Unscored, ...]
    rows: tuple[Row, ...]
    legend: tuple[Legend, ...]
    calls: Iterator[Markup]
    style: Markup
    script: Markup
    script_hash: str


class HtmlWriter(StagedFile):
    """Writes `.html`, which needs no other file and no network."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._rows: list[Row] = []
        self._calls = TemporaryFile("w+", dir=path.parent, **_TEXT)

    def write(self, report: Report) -> None:
        """Add one call."""
        anchor = f"c{len(self._rows) + 1}"
        context = as_variables(call_context(report, anchor))
        self._calls.write(environment().get_template("_call.html.j2").render(context))
        self._rows.append(row(report, anchor))

    def close(self) -> None:
        """Put the page together and let it take the place of the target; once is enough."""
        self.__exit__(None, None, None)

    def finish(self) -> None:
        """Write the page around the calls."""
        self._calls.seek(0)
        context = as_variables(_page(self._rows, self._calls))
        with self.staging.open("w", **_TEXT) as page:
            page.writelines(environment().get_template("report.html.j2").generate(context))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._calls.closed:
            return
        with self._calls:
            if kind is None:  # after an exception there is nothing to put together
                super().__exit__(kind, error, traceback)


def _page(rows: list[Row], calls: IO[str]) -> ReportContext:
    script = _source("report.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    total = ngettext("%(count)s call", "%(count)s calls", len(rows))
    return ReportContext(
        title=f"Kasper report: {total}",
        total=total,
        scored=grouped(sum(row.score is not None for row in rows)),
        flagged=sum(row.kind in ("concern", "doubt") for row in rows),
        shares=shares(rows),
        unscored=unscored(rows),
        rows=tuple(rows),
        legend=legend(),
        calls=map(Markup, iter(lambda: calls.read(_CHUNK), "")),
        style=Markup(_source("report.css")),
        script=Markup(script),
        script_hash=f"sha256-{digest}",
    )


@cache
def _source(name: str) -> str:
    return (TEMPLATES / name).read_text("utf-8")


@cache
def environment() -> Environment:
    """Jinja with escaping on; a name that a context does not have is an error."""
    jinja = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters["verbatim"] = verbatim
    return jinja


def verbatim(text: str) -> Markup:
    """`text` escaped so that a browser shows exactly this; NUL alone cannot stand in a page."""
    return escape(text.replace("\0", "\ufffd")).replace("\r", Markup("&#13;"))


def as_variables(context: Any) -> dict[str, Any]:
    """The fields of a context, by name."""
    return {field.name: getattr(context, field.name) for field in fields(context)}
