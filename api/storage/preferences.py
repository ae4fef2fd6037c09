"""What an admin sets while the service runs, over the defaults of its settings."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from uuid import uuid4

from sqlalchemy.orm import Session

from api.settings import Settings
from api.storage.database import inserted
from api.storage.tables import Preference

_RETENTION = "retention"
# The least that the law allows for logs of high-risk systems (EU AI Act, Art. 19 and 26(6)).
LEAST_AUDIT_DAYS = 183
MOST_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days each class of data is kept."""

    calls: int
    audit: int
    jobs: int


def retention(db: Session, settings: Settings) -> Retention:
    """What holds now."""
    row = db.get(Preference, _RETENTION)
    if row is not None:
        return Retention(**row.value)
    return Retention(settings.keep_calls_days, settings.keep_audit_days, settings.keep_jobs_days)


def set_retention(db: Session, wanted: Retention) -> None:
    """What holds from now on."""
    db.merge(Preference(name=_RETENTION, value=asdict(wanted)))


def secret(db: Session, name: str) -> bytes:
    """A key of this installation, made when first asked for."""
    row = db.get(Preference, f"secret:{name}")
    if row is None:
        row = Preference(name=f"secret:{name}", value={"hex": uuid4().hex + uuid4().hex})
        if not inserted(db, row):
            row = db.get_one(Preference, f"secret:{name}")
    return bytes.fromhex(row.value["hex"])
