"""Upload files of transcripts: read and redacted at once, scored by a job."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Response, UploadFile

from analyzer.errors import UsageError
from analyzer.messages import Message
from analyzer.reading.formats import format_named
from api import intake
from api.access import Permission, Principal
from api.deps import Allow, Db, ServiceDep
from api.intake import Upload
from api.problems import Problem, ProblemError
from api.schemas import JobOut
from api.storage import audit, jobs

router = APIRouter(prefix="/v1", tags=["jobs"])


async def in_turn(parts: ServiceDep) -> AsyncIterator[None]:
    """Wait until one of the places for reading uploads is free, holding no thread."""
    async with parts.readings:
        yield


@router.post("/uploads", status_code=202, dependencies=[Depends(in_turn, scope="function")])
def upload(
    response: Response,
    parts: ServiceDep,
    db: Db,
    principal: Annotated[Principal, Depends(Allow(Permission.CALLS_SCORE))],
    files: Annotated[list[UploadFile], File(description="Any format that `kasper formats` names.")],
    format: Annotated[str, Form(description="auto, or a name from `kasper formats`.")] = "auto",
) -> JobOut:
    """Take files in, also zip and gzip, and score their calls as a job.

    What cannot be read is an error of the job, beside the calls that can.
    """
    if format != "auto":
        try:
            format_named(format)
        except UsageError as error:
            raise Problem(422, str(error), errors=[ProblemError(detail=str(error))]) from None
    if len(files) > parts.settings.max_files:
        most = parts.settings.max_files
        raise Problem(413, Message("At most %(most)s files are taken at once.", most=most))
    db.commit()  # who asks is known; while files are read, others can write
    uploads = [Upload(file.filename or "upload", file.file) for file in files]
    items = [intake.job_item(own) for own in intake.read_uploads(uploads, parts.settings, format)]
    with parts.database.session() as own:
        job = jobs.add(own, "upload", principal.name, {"files": len(files)}, total=len(items))
        jobs.add_items(own, job, 0, items)
        audit.record(own, principal.name, "upload", f"job:{job.uid}", {"calls": len(items)})
        response.headers["Location"] = f"/v1/jobs/{job.uid}"
        return JobOut.of(job, jobs.progress(own, job))
