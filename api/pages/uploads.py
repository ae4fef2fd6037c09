"""Upload files, and follow the job that scores their calls."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, File, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from analyzer.reading.formats import ALL_FORMATS
from analyzer.writing.catalogue import marked
from api.access import Permission, Principal
from api.deps import Allow, Db, ServiceDep
from api.pages.render import gettext, page, redirect
from api.payload import from_error
from api.problems import Problem
from api.routes import jobs as job_routes
from api.routes import uploads as upload_routes
from api.storage import jobs

router = APIRouter()

Scorer = Annotated[Principal, Depends(Allow(Permission.CALLS_SCORE))]
# More errors than this nobody reads on a page; all can be downloaded.
_SHOWN = 100
_RECENT = 5
_SAID = {"cancel": marked("The job is stopped."), "resume": marked("The job goes on.")}


@router.get("/upload")
def upload_form(request: Request, parts: ServiceDep, db: Db, principal: Scorer) -> Response:
    """Where files are dropped, and what was sent lately."""
    recent = jobs.recent(db, created_by=principal.name, limit=_RECENT)
    counts = jobs.counts_of(db, recent)
    return page(
        request,
        principal,
        "upload.html.j2",
        recent=[(job, counts[job.id]) for job in recent],
        formats=[known.title for known in ALL_FORMATS],
        max_mib=parts.settings.max_upload_bytes // 2**20,
        max_files=parts.settings.max_files,
    )


@router.post("/upload")
def upload(
    parts: ServiceDep,
    db: Db,
    principal: Scorer,
    files: Annotated[list[UploadFile], File()],
) -> RedirectResponse:
    """Take the files in as `POST /v1/uploads` does, then on to the job."""
    chosen = [file for file in files if file.filename]
    if not chosen:
        raise Problem(422, marked("Choose at least one file."))
    job = upload_routes.upload(Response(), parts, db, principal, chosen)
    return redirect(f"/jobs/{job.uid}")


@router.get("/jobs/{uid}")
def job(uid: str, request: Request, db: Db, principal: Scorer) -> Response:
    """How far the job is, what could not be read, and the way to the results."""
    found = job_routes.job_of(db, principal, uid)
    counts = jobs.progress(db, found)
    failed = jobs.items(db, found, status=jobs.FAILED, limit=_SHOWN)
    return page(
        request,
        principal,
        "job.html.j2",
        job=found,
        counts=counts,
        ended=found.status in jobs.ENDED,
        done=counts.completed + counts.failed,
        errors=[from_error(item.error) for item in failed if item.error],
        failure=from_error(found.error) if found.error else None,
        # what could not even be read has nothing to be tried again
        again=any(item.payload for item in failed),
    )


@router.post("/jobs/{uid}/{action}")
def job_action(
    uid: str, action: Literal["cancel", "resume"], db: Db, principal: Scorer
) -> RedirectResponse:
    """Cancel or resume as `POST /v1/jobs/{uid}/{action}` does."""
    job_routes.job_action(uid, action, db, principal)
    return redirect(f"/jobs/{uid}", gettext(principal, _SAID[action]))
