"""Files that were sent and that no worker has read yet, in parts, as they came.

They are gone in the transaction that puts down the last of their calls, redacted.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from datetime import datetime
from typing import IO

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from analyzer.errors import TranscriptError
from analyzer.messages import Message
from api.payload import to_error
from api.storage import jobs
from api.storage.database import Database
from api.storage.tables import Job, UploadPart

# So much of a file is in memory at once.
_PART_BYTES = 2**20
_GONE = TranscriptError(
    "",
    Message("the files waited too long to be read and were removed"),
    Message("send them again"),
)


def keep(db: Session, job: Job, files: Iterable[tuple[str, IO[bytes]]]) -> None:
    """Put down the files of a job, each by its name."""
    for number, (name, stream) in enumerate(files):
        position = 0
        while (data := stream.read(_PART_BYTES)) or not position:
            own = {"job_id": job.id, "file": number, "position": position}
            db.execute(insert(UploadPart).values(**own, name=name, data=data))
            position += 1


def waiting_bytes(db: Session) -> int:
    """How much all files hold that wait to be read."""
    return db.scalar(select(func.coalesce(func.sum(func.length(UploadPart.data)), 0))) or 0


def names(db: Session, job: Job) -> list[str]:
    """The names of a job's files, in their order."""
    first = (UploadPart.job_id == job.id, UploadPart.position == 0)
    return list(db.scalars(select(UploadPart.name).where(*first).order_by(UploadPart.file)))


def opened(database: Database, job_id: int, number: int) -> IO[bytes]:
    """A file of a job, copied to one that is gone with this process."""
    file = tempfile.TemporaryFile()
    position = 0
    while True:
        with database.reading() as db:
            part = db.scalar(
                select(UploadPart.data).where(
                    UploadPart.job_id == job_id,
                    UploadPart.file == number,
                    UploadPart.position == position,
                )
            )
        if part is None:
            break
        file.write(part)
        position += 1
    file.seek(0)
    return file


def forget(db: Session, job: Job) -> None:
    """Remove the files of a job."""
    db.execute(delete(UploadPart).where(UploadPart.job_id == job.id))


def forget_unread(db: Session, before: datetime) -> int:
    """Remove the files of jobs that ended before that time unread; how many jobs there were."""
    unread = select(UploadPart.job_id).where(UploadPart.job_id == Job.id).exists()
    ended = (Job.status.in_(jobs.ENDED), Job.ended_at < before, unread)
    found = db.scalars(select(Job).where(*ended).with_for_update(skip_locked=True)).all()
    for job in found:
        forget(db, job)
        job.total, job.error = jobs.found_items(db, job), to_error(_GONE)
    return len(found)
