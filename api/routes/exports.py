"""Exports: stored calls as tables and as vCon."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import StreamingResponse

from analyzer.messages import Message
from analyzer.writing.vcon import to_vcon
from api import exports
from api.access import Permission, Principal
from api.deps import Allow, Db, ServiceDep
from api.exports import MEDIA_TYPES, Format, Table
from api.parameters import CallUid
from api.problems import Problem, ProblemError, not_found
from api.routes.calls import filters, visible_call
from api.storage import audit, calibrations, calls, statements
from api.storage.filters import Filters

router = APIRouter(prefix="/v1", tags=["exports"])

Exporter = Annotated[Principal, Depends(Allow(Permission.CALLS_EXPORT))]
_FILES: dict[str, dict[str, str]] = {
    media_type.split(";")[0]: {} for media_type in MEDIA_TYPES.values()
}
_NO_LIMIT = 2**62


@router.get(
    "/exports/calls.{format}",
    response_class=StreamingResponse,
    responses={200: {"content": _FILES, "description": "The file"}},
)
def export_calls(
    format: Annotated[Format, Path(description="The kind of file.")],
    wanted: Annotated[Filters, Depends(filters)],
    parts: ServiceDep,
    db: Db,
    principal: Exporter,
    table: Annotated[
        Table, Query(description="A row per call, per finding, or per turn; `uid` joins them.")
    ] = "calls",
) -> StreamingResponse:
    """The calls that match, as a file: in JSON Lines whole reports, as vCon whole calls.

    Nothing is kept: the file is written as it is read, and may hold calls stored meanwhile.
    """
    if format == "vcon.jsonl" and table != "calls":
        detail = Message("A vCon holds a whole call; leave `table` out, or choose another format.")
        raise Problem(422, detail, errors=[ProblemError(detail=detail, parameter="table")])
    count = calls.count(db, principal, wanted, at_most=_NO_LIMIT)
    details = {"table": table, "format": format, "calls": count}
    audit.record(db, principal.name, "calls.export", details=details)
    name = f'attachment; filename="{table}.{format}"'
    return StreamingResponse(
        exports.write(parts.database, principal, wanted, table, format),
        media_type=MEDIA_TYPES[format],
        headers={"Content-Disposition": name},
    )


@router.get("/calls/{uid}/vcon.json")
def export_vcon(uid: CallUid, response: Response, db: Db, principal: Exporter) -> dict[str, object]:
    """One call as vCon, with its report as an analysis."""
    call = visible_call(db, principal, uid)
    calibrations.refuse_unblinding(db, principal, call)
    about = statements.shown(db, principal, call)
    if about is None:
        raise not_found("report")
    audit.record(db, principal.name, "call.export", f"call:{uid}", {"format": "vcon"})
    response.headers["Content-Disposition"] = f'attachment; filename="{call.uid}.vcon.json"'
    return to_vcon(exports.stored_report(call, about.report.counting))
