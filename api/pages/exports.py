"""Exports: which calls, what of them, as which kind of file."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from analyzer.writing.catalogue import marked
from api.deps import Db
from api.exports import Format, Table
from api.pages.calls import NARROWED_BY, chips, options, tidy
from api.pages.render import page
from api.routes.calls import filters
from api.routes.exports import Exporter
from api.storage import audit, calls
from api.storage.filters import Filters

router = APIRouter(prefix="/calls/export")

_TABLES: dict[Table, tuple[str, str]] = {
    "calls": (
        marked("Calls"),
        marked("A row for each call: score, band, figures, and what people made of it."),
    ),
    "evidence": (
        marked("Findings"),
        marked("A row for each finding: label, words, place, probability."),
    ),
    "turns": (marked("Turns"), marked("A row for each turn: the redacted transcript.")),
}
_FORMATS: dict[Format, tuple[str, str]] = {
    "csv": ("CSV", marked("For spreadsheets. Nothing in it is run as a formula.")),
    "parquet": ("Parquet", marked("For data tools: small, and columns keep their types.")),
    "jsonl": ("JSON Lines", marked("For programs; calls are whole reports.")),
    "vcon.jsonl": (
        "vCon",
        marked("For exchange: always whole calls, with their words."),
    ),
}
_LATEST = 10


@router.get("", dependencies=[Depends(tidy)])
def export_form(
    request: Request,
    db: Db,
    principal: Exporter,
    wanted: Annotated[Filters, Depends(filters)],
    table: Table = "calls",
    format: Format = "csv",
) -> Response:
    """What is exported, and the exports that one made lately."""
    sent = [
        pair for pair in request.query_params.multi_items() if pair[0] not in ("table", "format")
    ]
    return page(
        request,
        principal,
        "export.html.j2",
        count=calls.count(db, principal, wanted),
        wanted=wanted,
        chips=list(chips(request)),
        names=NARROWED_BY,
        narrowed=urlencode(sent),
        table=table,
        format=format,
        tables=_TABLES,
        formats=_FORMATS,
        latest=audit.entries(db, actor=principal.name, action="calls.export", limit=_LATEST),
        **options(db, principal),
    )


@router.get("/file")
def export_file(request: Request, principal: Exporter, format: Format = "csv") -> RedirectResponse:
    """On to the file, by the API's own address, without the form's empty fields."""
    left_out = ("format", "table") if format == "vcon.jsonl" else ("format",)
    sent = [
        (name, value)
        for name, value in request.query_params.multi_items()
        if value.strip() and name not in left_out
    ]
    return RedirectResponse(f"/v1/exports/calls.{format}?{urlencode(sent)}", 303)
