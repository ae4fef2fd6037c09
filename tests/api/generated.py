"""Very many stored calls at once: the samples, scored once and copied under other names.

    python -m tests.api.generated sqlite:///kasper-data/kasper.db --calls 100000

What a copy changes is what lists and figures ask for: id, agent, customer, queue, time, score.
Everything else, words and findings included, is that of a real report.
"""

from __future__ import annotations

import argparse
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table, bindparam, func, insert, select, text
from sqlalchemy.orm import Session

from analyzer import read
from analyzer.classifier import Classifier, default_classifier
from api import intake
from api.app import prepare
from api.scoring import score_under
from api.settings import Settings
from api.storage import calls, people, scorecards
from api.storage.database import Database
from api.storage.tables import AnswerRow, Call, EvidenceRow, FlagRow, SkippedRow, StoredReport

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
TEAMS, AGENTS = 10, 120
QUEUES = ("billing", "delivery", "retention", "support")
_BANDS = ((45.0, "rasmus"), (75.0, "kasper"), (101.0, "star"))
_PORTION = 2_000
_OF_REPORT = (EvidenceRow, FlagRow, AnswerRow, SkippedRow)


@dataclass(frozen=True, slots=True)
class Original:
    """A sample as the service stores it."""

    id: int
    report_id: int
    score: float | None
    flagged: bool


def fill(
    database: Database,
    classifier: Classifier,
    count: int,
    *,
    days: int = 364,
    until: datetime | None = None,
    seed: int = 0,
) -> None:
    """Add `count` calls of the `days` before `until` (now) to the samples, by 120 agents."""
    lot = random.Random(seed)
    until = until or datetime.now(UTC)
    with database.session() as db:
        originals = _originals(db, classifier)
        for number in range(AGENTS):
            people.set_team(db, f"a-{number:03}", f"Team {number % TEAMS:02}")
    # every team meets the samples in shares of its own, so that teams differ in what is found
    shares = [[lot.random() for _ in originals] for _ in range(TEAMS)]
    for begun in range(0, count, _PORTION):
        with database.session() as db:
            chosen = []
            for _ in range(min(count - begun, _PORTION)):
                agent = lot.randrange(AGENTS)
                original = lot.choices(originals, shares[agent % TEAMS])[0]
                chosen.append(_changes(lot, original, agent, until, days))
            _copy(db, chosen)
    with database.engine.connect() as connection:
        connection.execute(text("ANALYZE"))
        connection.commit()


def _originals(db: Session, classifier: Classifier) -> list[Original]:
    revision, settings = scorecards.active(db), Settings()
    stored = []
    for path in sorted(SAMPLES.iterdir()):
        if path.name == "README.md":
            continue
        for conversation in read(path):
            plain = intake.redacted(conversation, settings)
            report = score_under(plain, revision, classifier, settings)
            content = calls.content_hash(db, report.conversation)
            call = calls.store(db, report, content, revision)
            stored.append(Original(call.id, call.report_id or 0, call.score, call.flag_count > 0))
    return stored


def _changes(
    lot: random.Random, original: Original, agent: int, until: datetime, days: int
) -> dict[str, Any]:
    score = original.score
    if score is not None:
        score = min(max(round(score + lot.gauss(agent % TEAMS - 4.5, 8), 1), 0.0), 100.0)
    band = None if score is None else next(name for end, name in _BANDS if score < end)
    reviewed = lot.random() < 0.2
    moment = until - timedelta(days=lot.random() * days)
    uid = f"{lot.getrandbits(128):032x}"
    return {
        "original": original.id,
        "original_report": original.report_id,
        "uid": uid,
        "external_id": f"call-{uid[:8]}",
        "content_hash": uid + uid,
        "occurred_at": moment,
        "started_at": moment.isoformat(timespec="seconds"),
        "agent_id": f"a-{agent:03}",
        "customer_id": f"k-{lot.randrange(50_000):05}",
        "queue": lot.choice(QUEUES),
        "score": score,
        "machine_score": score,
        "band": band,
        "machine_band": band,
        "priority": lot.random() * 30,
        "reviewed_at": moment + timedelta(days=1) if reviewed else None,
        "waiting": original.flagged and not reviewed,
    }


def _copy(db: Session, rows: list[dict[str, Any]]) -> None:
    first_call = (db.scalar(select(func.max(Call.id))) or 0) + 1
    first_report = (db.scalar(select(func.max(StoredReport.id))) or 0) + 1
    for number, row in enumerate(rows):
        row |= {"id": first_call + number, "report_id": first_report + number}
    changed = set(rows[0]) - {"original", "original_report"}
    _copy_table(db, _table(Call), "id", "original", {name: name for name in changed}, rows)
    figures = ("score", "band", "machine_score", "machine_band")
    own = {"id": "report_id", "call_id": "id", **{name: name for name in figures}}
    _copy_table(db, _table(StoredReport), "id", "original_report", own, rows)
    for kind in _OF_REPORT:
        link = {"report_id": "report_id"}
        _copy_table(db, _table(kind), "report_id", "original_report", link, rows)
    is_sqlite = db.get_bind().dialect.name == "sqlite"
    key = "rowid" if is_sqlite else "id"
    words = f"INSERT INTO call_words ({key}, words) SELECT :id, words FROM call_words"
    db.connection().execute(text(f"{words} WHERE {key} = :original"), rows)
    if not is_sqlite:
        for table in ("calls", "reports"):
            db.execute(text(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))"))


def _copy_table(
    db: Session, table: Table, key: str, value: str, changed: dict[str, str], rows: list[Any]
) -> None:
    """Copy the rows whose `key` is `value` of each of `rows`, with `changed` columns."""
    names = [c.name for c in table.columns if c.name != "id" or "id" in changed]
    columns = [
        bindparam(f"p_{changed[name]}", type_=table.c[name].type).label(name)
        if name in changed
        else table.c[name]
        for name in names
    ]
    found = select(*columns).where(table.c[key] == bindparam(f"p_{value}"))
    given = [{f"p_{name}": own for name, own in row.items()} for row in rows]
    db.connection().execute(insert(table).from_select(names, found), given)


def _table(kind: Any) -> Table:
    table: Table = kind.__table__
    return table


def main() -> None:
    """Fill a database from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.api.generated", description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--calls", type=int, default=100_000)
    options = parser.parse_args()
    settings = Settings(database_url=options.url)
    prepare(settings)
    database = Database(settings.url)
    fill(database, default_classifier(), options.calls)
    database.close()


if __name__ == "__main__":
    main()
