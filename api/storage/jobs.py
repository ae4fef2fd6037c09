"""Durable work: jobs and their items, shared among workers by leases.

A worker claims one item for a while and renews its lease as long as it lives. An item whose lease
has run out belongs to whoever claims it next, so what a dead worker had in hand is taken over.
Storing a result and marking its item done are one transaction, so every call is in the result
exactly once. `attempts` counts the workers that took an item and never came back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

from sqlalchemy import and_, case, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from analyzer.errors import TranscriptError
from analyzer.messages import Message
from api.payload import to_error
from api.storage.tables import Job, JobItem, Moment, now

PENDING, PROCESSING, COMPLETED = "PENDING", "PROCESSING", "COMPLETED"
FAILED, CANCELLED = "FAILED", "CANCELLED"
RUNNING = (PENDING, PROCESSING)
ENDED = (COMPLETED, FAILED, CANCELLED)
# An item that took its worker with it so often is at fault itself.
MAX_ATTEMPTS = 3
# What is left of an erased call, and how many are erased by one statement.
ERASED = TranscriptError("", Message("the call has been erased"), Message("nothing is left to do"))
_ERASED = 500
# The parameter of a job that scores again with what its calls are found by; gone once they are.
FILTERS = "filters"
# The parameter of a job that is being read with the marks of what was erased meanwhile.
_MARKS = "erased"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is, in calls."""

    total: int | None
    completed: int
    failed: int


def add(
    db: Session, kind: str, created_by: str, params: Mapping[str, Any], total: int | None = None
) -> Job:
    """A new job; it waits until it has items, or a leader who finds them."""
    job = Job(uid=uuid4().hex, kind=kind, created_by=created_by, params=dict(params), total=total)
    db.add(job)
    db.flush()
    return job


def add_items(db: Session, job: Job, first: int, items: Iterable[Mapping[str, Any]]) -> int:
    """Append items from position `first` on; how many there were.

    An item has a `name` and either a `payload` or an `error`, a `TranscriptError`.
    """
    rows = [
        {
            "job_id": job.id,
            "position": first + i,
            "name": item["name"],
            "status": FAILED if item.get("error") else PENDING,
            "attempts": 0,
            "payload": item.get("payload"),
            "error": to_error(item["error"]) if item.get("error") else None,
        }
        for i, item in enumerate(items)
    ]
    if rows:
        db.execute(insert(JobItem), rows)
    return len(rows)


def one(db: Session, uid: str, *, to_change: bool = False) -> Job | None:
    """The job of that name; `to_change` holds it until the transaction ends."""
    query = select(Job).where(Job.uid == uid)
    return db.scalar(query.with_for_update() if to_change else query)


def recent(
    db: Session, created_by: str | None = None, before: int | None = None, limit: int = 50
) -> Sequence[Job]:
    """The newest jobs first."""
    query = select(Job).order_by(Job.id.desc()).limit(limit)
    if created_by is not None:
        query = query.where(Job.created_by == created_by)
    if before is not None:
        query = query.where(Job.id < before)
    return db.scalars(query).all()


def progress(db: Session, job: Job) -> Progress:
    """How many items have ended, and how."""
    query = (
        select(JobItem.status, func.count())
        .where(JobItem.job_id == job.id)
        .group_by(JobItem.status)
    )
    counts: dict[str, int] = {row[0]: row[1] for row in db.execute(query)}
    return Progress(job.total, counts.get(COMPLETED, 0), counts.get(FAILED, 0))


def items(
    db: Session, job: Job, *, status: str | None = None, after: int = -1, limit: int = 1_000
) -> Sequence[JobItem]:
    """Items in their order, beginning after a position."""
    query = select(JobItem).where(JobItem.job_id == job.id, JobItem.position > after)
    if status is not None:
        query = query.where(JobItem.status == status)
    return db.scalars(query.order_by(JobItem.position).limit(limit)).all()


def claim(db: Session, worker: str, lease_s: float, after_job: int = 0) -> JobItem | None:
    """A call that is free, or whose worker has died, now of this worker.

    Jobs take turns, so that a large one keeps no small one waiting: the search begins behind the
    job with the number `after_job`.
    """
    running = select(Job.id).where(Job.status.in_(RUNNING)).order_by(Job.id <= after_job, Job.id)
    time = _clock(db)
    for job_id in db.scalars(running).all():
        while (item := _free_item(db, job_id, time)) is not None:
            item.attempts += 1
            if item.attempts > MAX_ATTEMPTS:
                finish_item(db, item, error=_gave_up(item))
                db.flush()
                continue
            item.worker, item.lease_until = worker, time + timedelta(seconds=lease_s)
            begun = update(Job).where(Job.id == job_id, Job.status == PENDING)
            db.execute(begun.values(status=PROCESSING, started_at=time))
            return item
    return None


def _free_item(db: Session, job_id: int, time: datetime) -> JobItem | None:
    free = or_(JobItem.lease_until.is_(None), JobItem.lease_until < time)
    query = (
        select(JobItem)
        .where(JobItem.job_id == job_id, JobItem.status == PENDING, free)
        .order_by(JobItem.position)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return db.scalar(query)


def _clock(db: Session) -> datetime:
    """The time that all workers share: on several machines it is the database's."""
    if db.get_bind().dialect.name == "postgresql":
        return db.scalars(select(func.clock_timestamp(type_=Moment()))).one()
    return now()


def renew(
    db: Session, worker: str, lease_s: float, *, item_id: int | None, job_ids: Collection[int]
) -> None:
    """Keep what a living worker has in hand: a call, and the jobs that it leads."""
    until = {"lease_until": _clock(db) + timedelta(seconds=lease_s)}
    own = (JobItem.id == item_id, JobItem.worker == worker, JobItem.status == PENDING)
    db.execute(update(JobItem).where(*own).values(until))
    led = (Job.id.in_(job_ids), Job.worker == worker, Job.lease_until.is_not(None))
    db.execute(update(Job).where(*led).values(until))


def give_back(db: Session, worker: str, item_ids: Sequence[int]) -> None:
    """Calls that a worker could not finish without being at fault, such as when the disk is full;
    they do not count as attempts."""
    unfinished = (JobItem.id.in_(item_ids), JobItem.status == PENDING, JobItem.attempts > 0)
    db.execute(update(JobItem).where(*unfinished).values(attempts=JobItem.attempts - 1))
    held = (JobItem.id.in_(item_ids), JobItem.status == PENDING, JobItem.worker == worker)
    db.execute(update(JobItem).where(*held).values(worker=None, lease_until=None))


def lock_item(db: Session, item_id: int, worker: str) -> JobItem | None:
    """The item, held until the transaction ends, if it still is this worker's and unfinished."""
    query = select(JobItem).where(JobItem.id == item_id).with_for_update()
    item = db.scalar(query.execution_options(populate_existing=True))
    if item is None or item.status != PENDING or item.worker != worker:
        return None
    return item


def finish_item(
    db: Session,
    item: JobItem,
    *,
    call_id: int | None = None,
    error: TranscriptError | None = None,
) -> None:
    """Mark an item done; what was not stored keeps its payload, so that it can be tried again."""
    item.status = FAILED if error else COMPLETED
    item.call_id, item.error, item.lease_until = call_id, to_error(error) if error else None, None
    if call_id is not None or not error:
        item.payload = None


def _gave_up(item: JobItem) -> TranscriptError:
    return TranscriptError(
        item.name,
        Message(
            "the worker stopped %(times)s times while it was scoring this call", times=MAX_ATTEMPTS
        ),
        Message("ask an admin to look at the log of the workers, then try again"),
    )


def lead(
    db: Session,
    worker: str,
    lease_s: float,
    kinds: Sequence[str],
    after_job: int = 0,
    among: Collection[int] | None = None,
) -> Job | None:
    """A job whose items must still be found, now led by this worker.

    Jobs take turns, as in `claim`; `among` names the only ones to choose from.
    """
    time = _clock(db)
    free = or_(Job.lease_until.is_(None), Job.lease_until < time, Job.worker == worker)
    query = (
        select(Job)
        .where(Job.kind.in_(kinds), Job.total.is_(None), Job.status.in_(RUNNING))
        .where(free)
        .order_by(Job.id <= after_job, Job.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if among is not None:
        query = query.where(Job.id.in_(among))
    job = db.scalar(query)
    if job is not None:
        job.worker, job.lease_until = worker, time + timedelta(seconds=lease_s)
        job.status, job.started_at = PROCESSING, job.started_at or time
    return job


def lead_still(db: Session, job_id: int, worker: str, lease_s: float) -> Job | None:
    """The job, held until the transaction ends, if this worker still leads it."""
    query = select(Job).where(Job.id == job_id).with_for_update()
    job = db.scalar(query.execution_options(populate_existing=True))
    if job is None or job.worker != worker or job.status != PROCESSING:
        return None
    job.lease_until = _clock(db) + timedelta(seconds=lease_s)
    return job


def found_items(db: Session, job: Job) -> int:
    """How many items the leader has put down so far; it goes on from there."""
    last = select(func.max(JobItem.position)).where(JobItem.job_id == job.id)
    position = db.scalar(last)
    return 0 if position is None else position + 1


def all_found(db: Session, job: Job) -> None:
    """All calls to be scored again are put down: what they were found by is needed no more."""
    job.total, job.lease_until = found_items(db, job), None
    job.params = {name: value for name, value in job.params.items() if name != FILTERS}


def end_finished(db: Session) -> list[Job]:
    """Mark jobs as ended that have no item left to do; the jobs that ended now."""
    left = select(JobItem.id).where(JobItem.job_id == Job.id, JobItem.status == PENDING).exists()
    query = (
        select(Job)
        .where(Job.status.in_(RUNNING), Job.total.is_not(None), ~left)
        .with_for_update(skip_locked=True)
    )
    ended = list(db.scalars(query))
    for job in ended:
        counts = progress(db, job)
        job.status = FAILED if counts.failed and not counts.completed else COMPLETED
        job.ended_at, job.lease_until = now(), None
    return ended


def fail(db: Session, job: Job, error: TranscriptError) -> None:
    """End a job that cannot go on; its items stay to be looked at."""
    job.status, job.error, job.ended_at, job.lease_until = FAILED, to_error(error), now(), None


def cancel(db: Session, job: Job) -> bool:
    """Stop a job: what is scored stays, the rest waits for `resume`. False if it has ended."""
    if job.status in ENDED:
        return False
    job.status, job.ended_at, job.lease_until = CANCELLED, now(), None
    return True


def resume(db: Session, job: Job) -> bool:
    """Go on with a cancelled job, or try the failed calls of an ended one again.

    A job whose reading failed is read on. Calls that could not be read have no payload and stay
    failed. False if there is nothing to do.
    """
    again = and_(JobItem.job_id == job.id, JobItem.status == FAILED, JobItem.payload.is_not(None))
    retried = db.execute(
        update(JobItem)
        .where(again)
        .values(status=PENDING, attempts=0, error=None, worker=None, lease_until=None)
    ).rowcount  # type: ignore[attr-defined]
    waiting = db.scalar(
        select(func.count())
        .select_from(JobItem)
        .where(JobItem.job_id == job.id, JobItem.status == PENDING)
    )
    unread = job.total is None and job.status in ENDED
    if not unread and not retried and not (waiting and job.status == CANCELLED):
        return False
    job.status, job.ended_at, job.error = PENDING, None, None
    return True


def counts_of(db: Session, jobs: Sequence[Job]) -> dict[int, Progress]:
    """The progress of several jobs by one query."""

    def tally(status: str) -> Any:
        return func.sum(case((JobItem.status == status, 1), else_=0))

    query = (
        select(JobItem.job_id, tally(COMPLETED), tally(FAILED))
        .where(JobItem.job_id.in_([job.id for job in jobs]))
        .group_by(JobItem.job_id)
    )
    counted = {row[0]: row[1:] for row in db.execute(query)}
    return {job.id: Progress(job.total, *counted.get(job.id, (0, 0))) for job in jobs}


def items_of_calls(db: Session, call_ids: Sequence[int]) -> list[int]:
    """The numbers of items that these stored calls came from."""
    return list(db.scalars(select(JobItem.id).where(JobItem.call_id.in_(call_ids))))


def erase_unread(db: Session, keys: Collection[str]) -> None:
    """See to it that jobs which are still being read bring in nothing with one of these keys."""
    unread = select(Job).where(Job.kind != "rescore", Job.total.is_(None)).order_by(Job.id)
    for job in db.scalars(unread.with_for_update()):
        marks = [_mark(job, key) for key in keys]
        job.params = job.params | {_MARKS: [*job.params.get(_MARKS, ()), *marks]}


def is_erased(job: Job, keys: Iterable[str]) -> bool:
    """Whether something with one of these keys was erased while the job was being read."""
    return any(_mark(job, key) in job.params[_MARKS] for key in keys)


def has_erased(job: Job) -> bool:
    """Whether anything was erased while the job was being read."""
    return bool(job.params.get(_MARKS))


def _mark(job: Job, key: str) -> str:
    """What is kept of a key: a hash, another one in each job."""
    return sha256(f"{job.uid} {key}".encode()).hexdigest()


def look_no_more_for(db: Session, customer_id: str) -> None:
    """End the search of jobs that have yet to find the calls of this customer."""
    own = Job.params[(FILTERS, "customer_id")].as_string() == customer_id
    unread = select(Job).where(Job.total.is_(None), own).order_by(Job.id)
    for job in db.scalars(unread.with_for_update()):
        all_found(db, job)


def items_of_customer(db: Session, customer_id: str) -> list[int]:
    """The numbers of items that hold a call of the customer."""
    own = JobItem.payload["customer_id"].as_string() == customer_id
    return list(db.scalars(select(JobItem.id).where(JobItem.payload.is_not(None), own)))


def items_with_ids(db: Session, external_ids: Sequence[str]) -> Sequence[JobItem]:
    """Items that hold a call with one of these ids, as its file gives it."""
    own = JobItem.payload["id"].as_string().in_(external_ids)
    return db.scalars(select(JobItem).where(JobItem.payload.is_not(None), own)).all()


def erase_items(db: Session, item_ids: Sequence[int]) -> None:
    """Leave nothing of the calls in these items; those that still wait are not scored."""
    for first in range(0, len(item_ids), _ERASED):
        chosen = JobItem.id.in_(item_ids[first : first + _ERASED])
        ended = case((JobItem.status == PENDING, FAILED), else_=JobItem.status)
        db.execute(update(JobItem).where(chosen).values(name="", payload=None, status=ended))
        failed = update(JobItem).where(chosen, JobItem.status == FAILED)
        db.execute(failed.values(error=to_error(ERASED), lease_until=None))


def forget_payloads(db: Session, before: datetime) -> int:
    """Erase the calls in items of jobs from before that time; how many there were."""
    query = (
        select(JobItem.id)
        .join(Job, Job.id == JobItem.job_id)
        .where(Job.created_at < before, Job.kind != "rescore", JobItem.payload.is_not(None))
    )
    old = list(db.scalars(query))
    erase_items(db, old)
    return len(old)


def forget(db: Session, before: datetime) -> int:
    """Remove the jobs that ended before that time, with their items; how many there were."""
    return len(db.scalars(delete(Job).where(Job.ended_at < before).returning(Job.id)).all())
