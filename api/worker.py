"""A worker: claims calls of jobs, scores them, and stores each result with its item in one go.

`kasper worker` runs one; `kasper serve` starts as many as are set. A worker that dies loses
nothing: its lease runs out, and another takes over what it had in hand.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from uuid import uuid4

from analyzer.classifier import Classifier
from analyzer.errors import KasperError, TranscriptError
from analyzer.messages import Message
from analyzer.report import why_unscored
from api import intake, retention, webhooks
from api.payload import from_payload
from api.problems import place_of
from api.scoring import score_again, score_under
from api.settings import Settings
from api.storage import calls, erasure, jobs, scorecards, uploads, verdicts
from api.storage.database import AWAY, Database
from api.storage.filters import from_json
from api.storage.tables import Call, Job, JobItem

log = logging.getLogger("kasper.worker")

# Calls that are scored between two looks at jobs to lead or to end, and items that a leader puts
# down in one transaction.
_ROUND, _PORTION = 16, 200
# Jobs that a worker reads by turns; each may hold one file's calls in memory.
_READINGS = 3
# Seconds between two looks at what is past its time, and the longest wait for a lost database.
_UPKEEP_S, _PATIENCE_S = 60.0, 5.0


@dataclass
class _Reading:
    """What this worker is reading for a job: what is still to come, and how many are down."""

    parsed: Iterator[intake.Parsed]
    done: int


@dataclass
class Worker:
    """One worker; `run` returns once `stop` is set, after the call that is in hand."""

    database: Database
    classifier: Classifier
    settings: Settings

    def __post_init__(self) -> None:
        self.name = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:6]}"
        self.stop = threading.Event()
        self._ended = threading.Event()
        self._next_upkeep = 0.0
        self._last_job = self._last_led = 0
        self._readings: dict[int, _Reading] = {}
        # what is in hand, so that its lease is renewed; and what is to be given back
        self._item_id: int | None = None
        self._led_job = 0
        self._owed: list[int] = []

    def run(self) -> None:
        """Work until stopped; a database that goes away is waited for."""
        beside = [
            threading.Thread(target=self._repeat, args=(self._renew, self.settings.lease_s / 3)),
            # messages to slow addresses must not keep calls waiting
            threading.Thread(target=self._repeat, args=(self.upkeep, self.settings.poll_s)),
        ]
        for thread in beside:
            thread.start()
        try:
            self._work_on()
        finally:  # whatever ends the work ends the threads, and so the process
            self._ended.set()
            for thread in beside:
                thread.join()

    def _work_on(self) -> None:
        patience = self.settings.poll_s
        while not self.stop.is_set():
            try:
                busy = self.work()
                patience = self.settings.poll_s
            except AWAY as error:
                log.warning("waiting for the database: %s", type(error).__name__)
                busy, patience = False, min(patience * 2, _PATIENCE_S)
            if self.settings.heartbeat_file:
                self.settings.heartbeat_file.touch()
            if not busy:
                self.stop.wait(patience)

    def step(self) -> bool:
        """Do some of what there is to do; whether there was anything."""
        busy = self.work()
        self.upkeep()
        return busy

    def work(self) -> bool:
        """Read a portion of a job, score a few calls, end the jobs that are done."""
        led = self._lead()
        scored = 0
        while scored < _ROUND and not self.stop.is_set() and self._score_next():
            scored += 1
        with self.database.session() as db:
            for job in jobs.end_finished(db):
                log.info("job %s ended: %s", job.uid, job.status)
                webhooks.announce_job(db, job)
        return led or bool(scored)

    def upkeep(self) -> None:
        """What is due by the clock: deliveries of webhooks, retention."""
        webhooks.deliver_due(self.database, self.settings)
        if time.monotonic() >= self._next_upkeep:
            self._next_upkeep = time.monotonic() + _UPKEEP_S
            retention.enforce(self.database, self.settings)

    def _repeat(self, do: Callable[[], None], pause: float) -> None:
        while not self._ended.wait(pause):
            try:
                do()
            except AWAY as error:
                log.warning("waiting for the database: %s", type(error).__name__)
            except Exception as error:  # leases and retention must go on
                log.error("%s", place_of(error))

    def _renew(self) -> None:
        # a copy: the worker goes on meanwhile
        led = {self._led_job, *self._readings.copy()} - {0}
        if self._item_id or led:
            with self.database.session() as db:
                lease_s = self.settings.lease_s
                jobs.renew(db, self.name, lease_s, item_id=self._item_id, job_ids=led)

    def _score_next(self) -> bool:
        """Claim a call and score it; whether there was one."""
        with self.database.session() as db:
            if self._owed:
                jobs.give_back(db, self.name, self._owed)
            item = jobs.claim(db, self.name, self.settings.lease_s, self._last_job)
        self._owed.clear()
        if item is None:
            return False
        self._item_id, self._last_job = item.id, item.job_id
        try:
            self._score(item)
        except AWAY:
            self._owed.append(item.id)
            raise
        except Exception as error:  # whatever one call does, the others must be scored
            log.error("item %d: %s", item.id, place_of(error))
            self._finish(item, error=_fault(item, error))
        finally:
            self._item_id = None
        return True

    def _score(self, item: JobItem) -> None:
        """Score one call and mark its item done, in one transaction."""
        payload = item.payload or {}
        if "revision_id" in payload:
            self._score_again(item, payload["call_id"], payload["revision_id"])
            return
        with self.database.session() as db:
            revision = scorecards.active(db)
            conversation = from_payload(payload)
            content = calls.content_hash(db, conversation)
        try:
            report = score_under(conversation, revision, self.classifier, self.settings)
        except KasperError as error:
            self._finish(item, error=_said(item, error))
            return

        with self.database.session() as db:
            held = jobs.lock_item(db, item.id, self.name)
            if held is None:
                return  # another worker has it: this one was away for too long
            stored = webhooks.store_call(db, report, content, revision)
            jobs.finish_item(db, held, call_id=stored.id, error=why_unscored(report))

    def _score_again(self, item: JobItem, call_id: int, revision_id: int) -> None:
        """Score a stored call under another revision; its earlier reports stay."""
        with self.database.reading() as db:
            revision, call = scorecards.revision(db, revision_id), db.get(Call, call_id)
        if revision is None or call is None:
            self._finish(item, error=_gone(item))
            return
        try:
            report = score_again(call, revision, self.classifier)
        except KasperError as error:
            self._finish(item, error=_said(item, error))
            return
        with self.database.session() as db:
            held = jobs.lock_item(db, item.id, self.name)
            if held is None:
                return  # another worker has it: this one was away for too long
            kept = calls.locked(db, call_id)
            if kept is None:  # erased in the meantime
                jobs.finish_item(db, held, error=_gone(item))
                return
            verdicts.add_report(db, kept, report, revision)
            jobs.finish_item(db, held, call_id=kept.id, error=why_unscored(report))

    def _finish(self, item: JobItem, error: TranscriptError) -> None:
        with self.database.session() as db:
            held = jobs.lock_item(db, item.id, self.name)
            if held is not None:
                jobs.finish_item(db, held, error=error)

    def _lead(self) -> bool:
        """Find more items of a job that is not fully known yet: a portion at a time."""
        among = self._readings.keys() if len(self._readings) >= _READINGS else None
        lease_s = self.settings.lease_s
        with self.database.session() as db:
            job = jobs.lead(db, self.name, lease_s, tuple(_LEADERS), self._last_led, among)
        if job is None:
            self._readings.clear()  # of jobs that were cancelled, or that others read on
            return False
        self._led_job = self._last_led = job.id
        try:
            _LEADERS[job.kind](self, job)
        except AWAY:
            raise
        except Exception as error:  # an address can answer with anything, a file hold anything
            log.error("job %s: %s", job.uid, place_of(error))
            with self.database.session() as db:
                held = jobs.lead_still(db, job.id, self.name, self.settings.lease_s)
                if held is not None:
                    jobs.fail(db, held, _unreadable(job, error))
        finally:
            self._led_job = 0
        return True

    def _read(self, job: Job) -> None:
        """Put down the next calls of an upload or behind an address, after those that are down."""
        with self.database.reading() as db:
            done = jobs.found_items(db, job)
        # put back only once its portion is down: calls that it gave and nobody kept are read again
        reading = self._readings.pop(job.id, None)
        if reading is None or reading.done != done:
            reading = _Reading(self._parsed(job, done), done)
        items = [intake.job_item(own) for own in islice(reading.parsed, _PORTION)]
        with self.database.session() as db:
            held = jobs.lead_still(db, job.id, self.name, self.settings.lease_s)
            if held is None:
                return  # cancelled, or another worker leads it
            found = erasure.without_erased(db, held, items)
            reading.done += jobs.add_items(db, held, done, found)
            if len(items) < _PORTION:
                held.total, held.lease_until = reading.done, None
                uploads.forget(db, held)
        if len(items) == _PORTION:
            self._readings[job.id] = reading

    def _parsed(self, job: Job, done: int) -> Iterator[intake.Parsed]:
        """The calls of an upload or behind an address, after the first `done`."""
        if job.kind == "batch":
            return intake.read_address(job.params["url"], self.settings, job.params["format"], done)
        with self.database.reading() as db:
            names = uploads.names(db, job)
        files = [
            intake.Upload(name, partial(uploads.opened, self.database, job.id, number))
            for number, name in enumerate(names)
        ]
        return intake.read_uploads(files, self.settings, job.params["format"], done)

    def _walk_calls(self, job: Job) -> None:
        """Put down the stored calls that are to be scored under another revision."""
        with self.database.session() as db:
            held = jobs.lead_still(db, job.id, self.name, self.settings.lease_s)
            if held is None or held.total is not None:
                return
            done = jobs.found_items(db, held)
            after = held.params.get("after", 0)
            wanted = from_json(held.params.get(jobs.FILTERS, {}))
            found = calls.ids_after(db, after, _PORTION, wanted)
            items = [
                {"name": uid, "payload": {"call_id": id, "revision_id": held.params["revision_id"]}}
                for id, uid in found
            ]
            jobs.add_items(db, held, done, items)
            if found:
                held.params = held.params | {"after": found[-1][0]}
            if len(found) < _PORTION:
                jobs.all_found(db, held)


_LEADERS: dict[str, Callable[[Worker, Job], None]] = {
    "upload": Worker._read,
    "batch": Worker._read,
    "rescore": Worker._walk_calls,
}


def _gone(item: JobItem) -> TranscriptError:
    return TranscriptError(
        item.name,
        Message("the call or the scorecard has been erased"),
        Message("nothing is left to do"),
    )


def _said(item: JobItem, error: KasperError) -> TranscriptError:
    if isinstance(error, TranscriptError):
        return error
    return TranscriptError(item.name, str(error), Message("ask an admin to look at the log"))


def _fault(item: JobItem, error: Exception) -> TranscriptError:
    return TranscriptError(
        item.name,
        Message("the program failed on this call (%(kind)s)", kind=type(error).__name__),
        Message("ask an admin to look at the log; once it is mended, try again"),
    )


def _unreadable(job: Job, error: Exception) -> TranscriptError:
    kind = type(error).__name__
    if job.kind == "batch":
        problem = Message("the address cannot be read (%(kind)s)", kind=kind)
        return TranscriptError("", problem, Message("check the address, then try again"))
    problem = Message("the program failed on what was sent (%(kind)s)", kind=kind)
    remedy = Message("ask an admin to look at the log; once it is mended, try again")
    return TranscriptError("", problem, remedy)
