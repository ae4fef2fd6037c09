"""Limits on how often: of requests, counted here and told to the others every second; of attempts
to sign in, counted in the database at once."""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

from limits import parse
from starlette.concurrency import run_in_threadpool

from api.storage import rates
from api.storage.database import AWAY, Database
from api.storage.rates import Window

log = logging.getLogger("kasper")

# Seconds between two exchanges of counts with the other processes.
_SHARED_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Limit:
    """So many times within so many seconds."""

    amount: int
    period_s: int

    @classmethod
    def of(cls, text: str) -> Limit:
        """What a setting such as `600/minute` says."""
        item = parse(text)
        return cls(item.amount, item.get_expiry())

    def windows(self, key: str, now: float) -> tuple[Window, Window]:
        """The window of this moment, and the one before."""
        begin = int(now // self.period_s) * self.period_s
        return (key, begin), (key, begin - self.period_s)

    def still(self, earlier: int, now: float) -> float:
        """How much of what the window before counted still lies within one period."""
        return earlier * (1 - now % self.period_s / self.period_s)


class RequestRate:
    """Counts requests in this process and, each second, adds up what all processes counted.

    A request costs no query. Until the processes have told each other, each allows the whole limit.
    """

    def __init__(self, database: Database, limit: str) -> None:
        self.limit = Limit.of(limit)
        self._database = database
        self._lock = threading.Lock()
        # counted here and not yet told; and what is known of all processes
        self._untold: Counter[Window] = Counter()
        self._known: Counter[Window] = Counter()

    def allows(self, key: str) -> bool:
        """Whether there is room for one more."""
        now = time.time()
        this, before = self.limit.windows(key, now)
        with self._lock:
            counted, earlier = self._count(this), self._count(before)
        return counted + self.limit.still(earlier, now) + 1 <= self.limit.amount

    def hit(self, key: str) -> None:
        """Count a request."""
        this, _ = self.limit.windows(key, time.time())
        with self._lock:
            self._untold[this] += 1

    def wait_s(self, key: str) -> int:
        """In how many whole seconds there is room again."""
        now = time.time()
        this, before = self.limit.windows(key, now)
        with self._lock:
            counted, earlier = self._count(this), self._count(before)
        period, room = self.limit.period_s, self.limit.amount - 1
        if counted > room:  # full by itself: it must be the window before, and fade
            return math.ceil(period - now % period + period * (1 - room / counted))
        fading = (1 - (room - counted) / max(earlier, 1)) * period
        return max(1, math.ceil(fading - now % period))

    def _count(self, window: Window) -> int:
        return self._known[window] + self._untold[window]

    async def share_until(self, stopped: asyncio.Event) -> None:
        """Exchange counts each second, and a last time at the end; while the database is away each
        process counts alone."""
        while not stopped.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), _SHARED_EVERY_S)
            try:
                await run_in_threadpool(self.share)
            except AWAY as error:
                log.warning("counts of requests are not shared: %s", type(error).__name__)

    def share(self) -> None:
        """Tell the database what was counted here, and learn what all counted of these keys."""
        oldest = time.time() - 2 * self.limit.period_s
        with self._lock:
            self._known = Counter({w: n for w, n in self._known.items() if w[1] > oldest})
            told = self._untold
            self._untold = Counter()
            self._known.update(told)
        if not told:
            return
        try:
            known = self._exchange(told)
        except AWAY:
            with self._lock:  # to be told the next time
                self._known.subtract(told)
                self._untold.update(told)
            raise
        with self._lock:
            self._known |= known

    def _exchange(self, told: Counter[Window]) -> Counter[Window]:
        with self._database.session() as db:
            hashed = rates.hashed_keys(db, {key for key, _ in told})
            rates.add(db, {(hashed[key], begin): hits for (key, begin), hits in told.items()})
            wanted = {(hashed[k], b - age): (k, b - age) for k, b in told for age in self._ages()}
            counted = rates.counts(db, wanted)
        return Counter({wanted[window]: hits for window, hits in counted.items()})

    def _ages(self) -> tuple[int, int]:
        return 0, self.limit.period_s


class LoginRate:
    """Counts attempts to sign in, of all processes: each for its account, failed ones for their
    address, which many people may share."""

    def __init__(self, database: Database, limit: str) -> None:
        self.limit = Limit.of(limit)
        self._database = database

    def allows(self, email: str, address: str) -> bool:
        """Whether another attempt may be made; it is counted for the account."""
        now = time.time()
        with self._database.reading() as db:
            hashed = rates.hashed_keys(db, {_account(email), _address(address)})
            account = self.limit.windows(hashed[_account(email)], now)
            origin = self.limit.windows(hashed[_address(address)], now)
            counted = rates.counts(db, (*account, *origin))
        if counted.get(origin[0], 0) + self.limit.still(counted.get(origin[1], 0), now) + 1 > (
            self.limit.amount
        ):
            return False
        room = self.limit.amount - self.limit.still(counted.get(account[1], 0), now)
        if counted.get(account[0], 0) + 1 > room:
            return False
        with self._database.session() as db:
            return rates.add_below(db, account[0], room)

    def failed(self, address: str) -> None:
        """The attempt had a wrong password."""
        key = _address(address)
        with self._database.session() as db:
            hashed = rates.hashed_keys(db, {key})[key]
            rates.add(db, {self.limit.windows(hashed, time.time())[0]: 1})

    def succeeded(self, email: str) -> None:
        """The attempt had the right password: the account starts anew."""
        key = _account(email)
        with self._database.session() as db:
            hashed = rates.hashed_keys(db, {key})[key]
            rates.clear(db, self.limit.windows(hashed, time.time()))


def _account(email: str) -> str:
    return f"account {email.strip().lower()}"


def _address(address: str) -> str:
    return f"address {address}"
