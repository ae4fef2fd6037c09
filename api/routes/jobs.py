"""Jobs: batches by address, progress, errors, cancel and resume."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session
from sse_starlette import EventSourceResponse
from starlette.concurrency import run_in_threadpool

from analyzer.messages import Message
from api.access import Permission, Principal
from api.addresses import allowed
from api.deps import Allow, Db, Service, ServiceDep
from api.parameters import Cursor, JobUid, Limit
from api.payload import from_error
from api.problems import Problem, ProblemError, not_found
from api.schemas import JobOut
from api.storage import audit, jobs
from api.storage.database import AWAY
from api.storage.tables import Job

router = APIRouter(prefix="/v1", tags=["jobs"])

Scorer = Annotated[Principal, Depends(Allow(Permission.CALLS_SCORE))]
Action = Annotated[
    Literal["cancel", "resume"], Path(description="Whether to stop the job or to go on with it.")
]
# Seconds between two looks at a job whose progress somebody follows.
_LOOK_S = 0.5
_NOTHING = {
    "cancel": Message("There is nothing to cancel: the job has ended."),
    "resume": Message("There is nothing to resume: no call of the job can be tried again."),
}


class BatchIn(BaseModel):
    """Calls at an address: a file, a glob or a folder, on any file system that fsspec knows."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"url": "s3://calls/2026-03/*.jsonl.gz"}]}
    )

    url: str = Field(min_length=1, max_length=2_000)
    format: str = "auto"


class JobError(BaseModel):
    """A call that could not be scored: where it is, what is wrong, what to do."""

    position: int
    source: str
    place: str
    expected: str
    remedy: str


class JobList(BaseModel):
    """Jobs, the newest first; `next` is the cursor of the next page."""

    items: list[JobOut]
    next: int | None


@router.post("/batches", status_code=202)
def batch(
    body: BatchIn, response: Response, parts: ServiceDep, db: Db, principal: Scorer
) -> JobOut:
    """Score the calls at an address as a job; the address must be allowed by the settings."""
    if not allowed(body.url, parts.settings):
        detail = Message("This address is not among those that the installation allows to be read.")
        raise Problem(422, detail, errors=[ProblemError(detail=detail, pointer="/url")])
    job = jobs.add(db, "batch", principal.name, body.model_dump())
    audit.record(db, principal.name, "batch", f"job:{job.uid}")
    response.headers["Location"] = f"/v1/jobs/{job.uid}"
    return JobOut.of(job, jobs.progress(db, job))


@router.get("/jobs")
def job_list(
    db: Db,
    principal: Scorer,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> JobList:
    """Jobs, the newest first: one's own, or everybody's for whoever leads the work."""
    owner = None if _sees_all(principal) else principal.name
    found = jobs.recent(db, created_by=owner, before=cursor, limit=limit + 1)
    counts = jobs.counts_of(db, found)
    shown = [JobOut.of(job, counts[job.id]) for job in found[:limit]]
    return JobList(items=shown, next=found[limit - 1].id if len(found) > limit else None)


@router.get("/jobs/{uid}")
def job(uid: JobUid, db: Db, principal: Scorer) -> JobOut:
    """A job and how far it is."""
    found = job_of(db, principal, uid)
    return JobOut.of(found, jobs.progress(db, found))


@router.get(
    "/jobs/{uid}/events",
    response_class=EventSourceResponse,
    responses={200: {"content": {"text/event-stream": {}}}},
)
async def job_events(
    uid: JobUid, request: Request, parts: ServiceDep, principal: Scorer
) -> EventSourceResponse:
    """The job's state as server-sent events, whenever it changes and until it ends."""
    first = await run_in_threadpool(_first_state, parts, principal, uid)

    async def events() -> AsyncIterator[dict[str, str]]:
        state: JobOut | None = first
        said = None
        while state is not None:
            if state != said:
                yield {"event": "progress", "data": state.model_dump_json()}
                said = state
            if state.status in jobs.ENDED or await request.is_disconnected():
                return
            await asyncio.sleep(_LOOK_S)
            with contextlib.suppress(*AWAY):  # a database that is away for a while
                state = await run_in_threadpool(_state, parts, uid)

    return EventSourceResponse(events())


@router.get(
    "/jobs/{uid}/errors",
    response_class=StreamingResponse,
    responses={200: {"model": JobError, "content": {"application/x-ndjson": {}}}},
)
def job_errors(uid: JobUid, parts: ServiceDep, principal: Scorer) -> StreamingResponse:
    """Every call that could not be scored, a line of JSON each."""
    with parts.database.reading() as db:
        found = job_of(db, principal, uid)

    def lines() -> Iterator[str]:
        after = -1
        while True:
            with parts.database.reading() as db:
                failed = jobs.items(db, found, status=jobs.FAILED, after=after)
            for item in failed:
                line = {"position": item.position, **from_error(item.error or {}).fields()}
                yield json.dumps(line, ensure_ascii=False) + "\n"
            if not failed:
                return
            after = failed[-1].position

    name = f'attachment; filename="errors-{found.uid}.jsonl"'
    headers = {"Content-Disposition": name}
    return StreamingResponse(lines(), media_type="application/x-ndjson", headers=headers)


@router.post("/jobs/{uid}/{action}")
def job_action(uid: JobUid, action: Action, db: Db, principal: Scorer) -> JobOut:
    """Cancel a job, what is scored stays; or resume it, trying failed calls again."""
    found = job_of(db, principal, uid, to_change=True)
    done = jobs.cancel(db, found) if action == "cancel" else jobs.resume(db, found)
    if not done:
        raise Problem(409, _NOTHING[action])
    audit.record(db, principal.name, f"job.{action}", f"job:{uid}")
    return JobOut.of(found, jobs.progress(db, found))


def job_of(db: Session, principal: Principal, uid: str, *, to_change: bool = False) -> Job:
    """The job, or 404 where it is not there or somebody else's."""
    found = jobs.one(db, uid, to_change=to_change)
    if found is None or not (found.created_by == principal.name or _sees_all(principal)):
        raise not_found("job")
    return found


def _sees_all(principal: Principal) -> bool:
    return principal.may(Permission.SCORECARDS_EDIT) or principal.may(Permission.SETTINGS_MANAGE)


def _first_state(parts: Service, principal: Principal, uid: str) -> JobOut:
    with parts.database.reading() as db:
        found = job_of(db, principal, uid)
        return JobOut.of(found, jobs.progress(db, found))


def _state(parts: Service, uid: str) -> JobOut | None:
    with parts.database.reading() as db:
        found = jobs.one(db, uid)
        return JobOut.of(found, jobs.progress(db, found)) if found else None
