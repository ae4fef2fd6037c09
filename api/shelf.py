"""What takes seconds to work out of very many calls, kept for whoever asks next."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from api.storage import logs
from api.storage.logs import State

# For how long calls that came in since may be missing from what is given.
_MAX_AGE_S = 600.0
_MOST = 8
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Kept:
    state: State
    made: float
    value: Any


class Shelf:
    """The results asked for last. One is worked out at a time, so that memory holds one log.

    Nothing is given again once a call that it may be made of was erased, scored again, or judged
    by a person; calls that are new may be missing for ten minutes.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()

    def get(self, db: Session, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, or gave not long ago for the same key."""
        with self._lock:
            self._forget(db)
            if key not in self._kept:
                state = logs.state(db)
                self._kept[key] = _Kept(state, monotonic(), make())
            self._kept.move_to_end(key)
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
            value: T = self._kept[key].value
            return value

    def _forget(self, db: Session) -> None:
        """Let go of everything that no longer holds, so that no erased call stays in memory."""
        now = {kept.state: logs.state(db, upto=kept.state) for kept in self._kept.values()}
        is_old = {
            key: now[kept.state] != kept.state
            or (now[kept.state].newer and monotonic() - kept.made > _MAX_AGE_S)
            for key, kept in self._kept.items()
        }
        for key in [key for key, old in is_old.items() if old]:
            del self._kept[key]
