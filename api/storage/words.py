"""The index of words by which calls are searched: FTS5 on SQLite, tsvector on PostgreSQL."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from api.storage.tables import Call

# Of a call's words that PostgreSQL indexes, in bytes: its index of one call holds at most 1 MiB,
# and a word takes up to four times its length there.
_INDEXED_BYTES = 200_000


def add(db: Session, call_id: int, words: str) -> None:
    """Let the call be found by its words."""
    if _is_sqlite(db):
        insert = "INSERT INTO call_words (rowid, words) VALUES (:id, :words)"
    else:
        insert = "INSERT INTO call_words (id, words) VALUES (:id, to_tsvector('simple', :words))"
        words = words.encode()[:_INDEXED_BYTES].decode(errors="ignore")
    # what PostgreSQL cannot hold in a text
    db.execute(text(insert), {"id": call_id, "words": words.replace("\0", " ")})


def forget(db: Session, call_id: int) -> None:
    """Remove the words of a call."""
    key = "rowid" if _is_sqlite(db) else "id"
    db.execute(text(f"DELETE FROM call_words WHERE {key} = :id"), {"id": call_id})


def calls_with(db: Session, search: str) -> Any:
    """The numbers of calls that hold every word; words in quotes stand together."""
    if _is_sqlite(db):
        phrases = re.findall(r'"([^"]+)"|([^\s"]+)', search)
        wanted = " ".join('"' + (a or b).replace('"', "") + '"' for a, b in phrases) or '""'
        found = "SELECT rowid FROM call_words WHERE call_words MATCH :words"
    else:
        wanted = search
        found = "SELECT id FROM call_words WHERE words @@ websearch_to_tsquery('simple', :words)"
    return text(found).bindparams(words=wanted.replace("\0", " ")).columns(id=Call.id.type)


def _is_sqlite(db: Session) -> bool:
    return db.get_bind().dialect.name == "sqlite"
