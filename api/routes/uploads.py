"""Upload files of transcripts: kept until a worker has read and redacted them, scored by a job."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Response, UploadFile

from analyzer.errors import UsageError
from analyzer.messages import Message
from analyzer.reading.formats import format_named
from api.access import Permission, Principal
from api.deps import Allow, Db, ServiceDep
from api.problems import Problem, ProblemError
from api.schemas import JobOut
from api.storage import audit, jobs, uploads

router = APIRouter(prefix="/v1", tags=["jobs"])


@router.post("/uploads", status_code=202)
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
    sent = sum(file.size or 0 for file in files)
    if uploads.waiting_bytes(db) + sent > parts.settings.max_waiting_bytes:
        detail = Message("What was sent before must be read first. Send this again in a moment.")
        raise Problem(503, detail, headers={"Retry-After": "10"})
    job = jobs.add(db, "upload", principal.name, {"files": len(files), "format": format})
    uploads.keep(db, job, [(file.filename or "upload", file.file) for file in files])
    audit.record(db, principal.name, "upload", f"job:{job.uid}", {"files": len(files)})
    response.headers["Location"] = f"/v1/jobs/{job.uid}"
    return JobOut.of(job, jobs.progress(db, job))
