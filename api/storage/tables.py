"""The tables, the same on SQLite and PostgreSQL.

A call is stored redacted. What the machine reports on it is never changed: scoring it again adds a
report, and `calls.report_id` points to the one that counts. What people say stands in `reviews`,
beside the machine's answer and never over it; what holds after both is kept as figures, so that
lists need not work it out.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# A key that SQLite, too, counts upwards without reusing numbers of erased rows.
Key = BigInteger().with_variant(Integer, "sqlite")


class Moment(TypeDecorator[datetime]):
    """A point in time: UTC in the database, aware in the program."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def begin_of(day: date) -> datetime:
    """The first moment of a day, in UTC."""
    return datetime.combine(day, time.min, UTC)


def end_of(day: date) -> datetime:
    """The last moment of a day, in UTC: after the last day that there is comes no midnight."""
    return datetime.combine(day, time.max, UTC)


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        str: Text,
        float: Float,
        bool: Boolean,
        datetime: Moment,
        bytes: LargeBinary,
        dict[str, Any]: JSON,
        list[Any]: JSON,
    }


class Row(Base):
    """A row with a number and the time at which it was made."""

    __abstract__ = True

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


# --- people -----------------------------------------------------------------------------------


class User(Row):
    """Someone who signs in. `agent_id` ties an agent to the calls that bear it."""

    __tablename__ = "users"
    __table_args__ = (
        # the calls of an agent are shown to one person
        Index(
            "ix_users_agent_id",
            "agent_id",
            unique=True,
            postgresql_where=text("active"),
            sqlite_where=text("active"),
        ),
    )

    email: Mapped[str] = mapped_column(String(320), unique=True)
    name: Mapped[str]
    role: Mapped[str] = mapped_column(String(16))
    language: Mapped[str] = mapped_column(String(8), default="en")
    password_hash: Mapped[str | None]
    agent_id: Mapped[str | None] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(default=True)


class Agent(Row):
    """An agent as call logs know them, and the team they belong to."""

    __tablename__ = "agents"

    agent_id: Mapped[str] = mapped_column(String(200), unique=True)
    team: Mapped[str | None] = mapped_column(String(200), index=True)


class LoginSession(Row):
    """A signed-in browser; only the hash of its token is kept."""

    __tablename__ = "sessions"

    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    csrf_token: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime]


class Link(Row):
    """A one-time link to set a password; only the hash of its token is kept."""

    __tablename__ = "links"

    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ApiKey(Row):
    """A key for a machine. `scopes` are permissions of `api.access`."""

    __tablename__ = "api_keys"

    name: Mapped[str]
    prefix: Mapped[str] = mapped_column(String(16))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[Any]]
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class AuditEntry(Row):
    """Who saw or changed what. `hash` is over the entry and `previous_hash`."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_subject", "subject", "id"),
        Index("ix_audit_actor", "actor", "id"),
        Index("ix_audit_action", "action", "id"),
        Index("ix_audit_created_at", "created_at"),
    )

    actor: Mapped[str]
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(300))
    details: Mapped[dict[str, Any]]
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)


# --- calls ------------------------------------------------------------------------------------


class Figures:
    """What holds of a call after machine and people, in figures that lists are filtered by.

    `score` and `band` count; `machine_…` is what the machine alone says. `corrected`: what people
    said made a difference.
    """

    score: Mapped[float | None]
    band: Mapped[str | None] = mapped_column(String(16))
    resolved: Mapped[bool | None]
    failure: Mapped[bool | None]
    recovery: Mapped[int | None]
    transfers: Mapped[int]
    flag_count: Mapped[int]
    # a bit for each label that holds, the first of LABELS being the lowest
    labels: Mapped[int] = mapped_column(default=0)
    corrected: Mapped[bool] = mapped_column(default=False)
    machine_score: Mapped[float | None]
    machine_band: Mapped[str | None] = mapped_column(String(16))
    machine_labels: Mapped[int] = mapped_column(default=0)


class Call(Figures, Row):
    """A redacted call, with the figures of the report that counts.

    `content_hash` is keyed (HMAC), so that nobody can try out texts against it.
    """

    __tablename__ = "calls"
    __table_args__ = (
        UniqueConstraint("external_id", "content_hash"),
        Index("ix_calls_occurred_at", "occurred_at", "id"),
        Index("ix_calls_score", "score", "id"),
        Index("ix_calls_band", "band", "occurred_at", "id"),
        Index("ix_calls_queue", "queue", "occurred_at", "id"),
        Index("ix_calls_agent_id", "agent_id", "occurred_at", "id"),
        Index("ix_calls_customer_id", "customer_id", "occurred_at", "id"),
        Index("ix_calls_case_id", "case_id", "occurred_at", "id"),
        Index("ix_calls_product", "product", "occurred_at", "id"),
        Index("ix_calls_waiting", "waiting", "priority", "id"),
        Index("ix_calls_corrected", "corrected", "occurred_at", "id"),
        # all that figures over many calls need, so that they need not touch the transcripts
        Index(
            "ix_calls_figures",
            *("occurred_at", "agent_id", "queue", "score", "band", "labels"),
            *("language", "report_id", "machine_score", "machine_band", "machine_labels"),
            *("reviewed_at", "released_at", "disputed", "corrected"),
        ),
    )

    uid: Mapped[str] = mapped_column(String(32), unique=True)
    external_id: Mapped[str] = mapped_column(String(400))
    content_hash: Mapped[str] = mapped_column(String(64))
    source: Mapped[str]
    format: Mapped[str] = mapped_column(String(64))
    language: Mapped[str | None] = mapped_column(String(16))
    started_at: Mapped[str | None]
    # `started_at` as a point in time; the time of storing where the file gives none
    occurred_at: Mapped[datetime]
    customer_id: Mapped[str | None] = mapped_column(String(200))
    agent_id: Mapped[str | None] = mapped_column(String(200))
    queue: Mapped[str | None] = mapped_column(String(200))
    case_id: Mapped[str | None] = mapped_column(String(200))
    product: Mapped[str | None] = mapped_column(String(200))
    turn_count: Mapped[int]
    duration_s: Mapped[float | None]
    redacted: Mapped[bool]
    # last in the row: SQLite reads a row from its start to the last column asked for
    turns: Mapped[list[Any]] = mapped_column(sort_order=1)
    roles: Mapped[dict[str, Any]] = mapped_column(sort_order=1)

    report_id: Mapped[int | None] = mapped_column(Key, index=True)
    # how much the call is worth a person's time: an agent who waits for an answer first, then more
    # flags, then doubt, then low scores
    priority: Mapped[float]
    # in the queue: disputed, or flagged and not reviewed
    waiting: Mapped[bool] = mapped_column(default=False)
    reviewed_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
    # the report that the agent sees, which may be an earlier one than `report_id`
    released_report_id: Mapped[int | None] = mapped_column(Key)
    disputed: Mapped[bool] = mapped_column(default=False)


class StoredReport(Figures, Row):
    """A report on a call under one revision of a scorecard; `body` is the machine's, as JSON.

    `corrected_body` is the report after what people said, where that made a difference.
    """

    __tablename__ = "reports"
    __table_args__ = (UniqueConstraint("call_id", "revision_id", "model_sha256", "machine_score"),)

    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"))
    revision_id: Mapped[int] = mapped_column(ForeignKey("scorecard_revisions.id"))
    model_name: Mapped[str]
    model_version: Mapped[str]
    model_sha256: Mapped[str] = mapped_column(String(64))
    # of the metrics in `body`, what figures over many calls need
    hold_time: Mapped[float | None]
    repeated_questions: Mapped[int]
    body: Mapped[dict[str, Any]] = mapped_column(sort_order=1)
    corrected_body: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True), sort_order=1
    )

    @property
    def counting(self) -> dict[str, Any]:
        """The report after what people said, as JSON."""
        return self.corrected_body or self.body


class EvidenceRow(Base):
    """The machine's words that prove a label; offsets in the redacted turn; `certain` counts."""

    __tablename__ = "evidence"
    __table_args__ = (
        Index("ix_evidence_label", "label", "report_id"),
        Index("ix_evidence_report", "report_id", "certain", "label", "probability"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("reports.id", ondelete="CASCADE"))
    label: Mapped[str] = mapped_column(String(32))
    turn: Mapped[int]
    start: Mapped[int]
    end: Mapped[int]
    text: Mapped[str]
    probability: Mapped[float]
    role: Mapped[str] = mapped_column(String(16))
    certain: Mapped[bool]


class FlagRow(Base):
    """Why a call is worth a person's time, after what people said."""

    __tablename__ = "flags"
    __table_args__ = (Index("ix_flags_name", "name", "report_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("reports.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str]


class AnswerRow(Base):
    """The machine's answer to a question of the scorecard."""

    __tablename__ = "answers"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("reports.id", ondelete="CASCADE"), index=True)
    question: Mapped[str] = mapped_column(String(120))
    answer: Mapped[str] = mapped_column(String(32))
    score: Mapped[float | None]
    potential_score: Mapped[float | None]


class SkippedRow(Base):
    """What a report could not judge for one reason; `features` are separated by blanks."""

    __tablename__ = "skipped"
    __table_args__ = (Index("ix_skipped_report", "report_id", "reason_code", "features"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("reports.id", ondelete="CASCADE"))
    reason_code: Mapped[str] = mapped_column(String(64))
    features: Mapped[str]


# --- scorecards -------------------------------------------------------------------------------


class ScorecardRevision(Row):
    """One revision of a scorecard, as TOML; published ones are never changed."""

    __tablename__ = "scorecard_revisions"
    __table_args__ = (UniqueConstraint("name", "number"),)

    name: Mapped[str] = mapped_column(String(200))
    number: Mapped[int]
    toml: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    published_at: Mapped[datetime | None]
    # the one new calls are scored by
    active: Mapped[bool] = mapped_column(default=False)


# --- what people say --------------------------------------------------------------------------


class Review(Row):
    """One thing that a person says of a report; append-only, the latest of a kind holds.

    `action` is `agree` or `disagree` (with a finding), `add` (a finding), `answer` (a question),
    `override` (the score or the band), `done`, `release` or `withdraw`. `role` is the one that the
    person had then. `calibration_id` keeps it apart from ordinary reviews.
    """

    __tablename__ = "reviews"
    __table_args__ = (Index("ix_reviews_call", "call_id", "id"),)

    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"))
    report_id: Mapped[int] = mapped_column(ForeignKey("reports.id", ondelete="CASCADE"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    role: Mapped[str] = mapped_column(String(16))
    calibration_id: Mapped[int | None] = mapped_column(
        ForeignKey("calibrations.id", ondelete="CASCADE"), index=True
    )
    action: Mapped[str] = mapped_column(String(16))
    label: Mapped[str | None] = mapped_column(String(32))
    turn: Mapped[int | None]
    start: Mapped[int | None]
    end: Mapped[int | None]
    question: Mapped[str | None] = mapped_column(String(120))
    answer: Mapped[str | None] = mapped_column(String(32))
    score: Mapped[float | None]
    band: Mapped[str | None] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(default="")
    # the person's earlier statement that a `withdraw` takes back
    withdraws: Mapped[int | None] = mapped_column(ForeignKey("reviews.id", ondelete="CASCADE"))


class Dispute(Row):
    """An agent's objection to a report, and what became of it (UPHELD or REJECTED)."""

    __tablename__ = "disputes"

    call_id: Mapped[int] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("reports.id", ondelete="CASCADE"))
    raised_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    reason: Mapped[str]
    status: Mapped[str] = mapped_column(String(16), default="OPEN")
    resolution: Mapped[str] = mapped_column(default="")
    resolved_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    resolved_at: Mapped[datetime | None]


class Calibration(Row):
    """A session in which several people score the same calls blind, then compare."""

    __tablename__ = "calibrations"

    name: Mapped[str]
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    closed_at: Mapped[datetime | None]


class CalibrationCall(Base):
    """A call of a session; `report_id` is the report that people are compared with at the end."""

    __tablename__ = "calibration_calls"

    calibration_id: Mapped[int] = mapped_column(
        ForeignKey("calibrations.id", ondelete="CASCADE"), primary_key=True
    )
    call_id: Mapped[int] = mapped_column(
        ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True
    )
    report_id: Mapped[int] = mapped_column(ForeignKey("reports.id", ondelete="CASCADE"))


class CalibrationMember(Base):
    __tablename__ = "calibration_members"

    calibration_id: Mapped[int] = mapped_column(
        ForeignKey("calibrations.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )


# --- work -------------------------------------------------------------------------------------


class Job(Row):
    """Work that outlives a request; `total` is null until everything has been read."""

    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_status", "status", "id"),)

    uid: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16), default="PENDING")
    params: Mapped[dict[str, Any]]
    total: Mapped[int | None]
    created_by: Mapped[str]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    # a job that reads files or walks the calls is led by one worker at a time
    worker: Mapped[str | None] = mapped_column(String(100))
    lease_until: Mapped[datetime | None]


class JobItem(Base):
    """One call of a job. `payload` is the redacted conversation until it is scored.

    `status` is PENDING, COMPLETED or FAILED; a claimed item is PENDING with a lease.
    """

    __tablename__ = "job_items"
    __table_args__ = (
        UniqueConstraint("job_id", "position"),
        # to find the next call of a job without passing over those that are done
        Index("ix_job_items_free", "job_id", "status", "position"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    position: Mapped[int]
    name: Mapped[str]
    status: Mapped[str] = mapped_column(String(16), default="PENDING")
    attempts: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str | None] = mapped_column(String(100))
    lease_until: Mapped[datetime | None]
    # not the null of JSON: queries ask for items that have one
    payload: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    call_id: Mapped[int | None] = mapped_column(
        ForeignKey("calls.id", ondelete="SET NULL"), index=True
    )


class UploadPart(Base):
    """A part of a file that was sent and is not read yet; not redacted, and soon gone."""

    __tablename__ = "upload_parts"

    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    file: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    data: Mapped[bytes]


class IdempotencyKey(Row):
    """The answer to a request that may be sent again; without a status it still runs.

    `principal` is the hash of a credential and `key` of what was sent as key. `body` is encrypted
    with both, so that only who sent the request can read the answer.
    """

    __tablename__ = "idempotency_keys"
    __table_args__ = (UniqueConstraint("principal", "key"),)

    principal: Mapped[str] = mapped_column(String(200))
    key: Mapped[str] = mapped_column(String(200))
    request_hash: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    body: Mapped[bytes | None]


class Webhook(Row):
    """An address that is told of events; the secret signs what is sent.

    Until `previous_until` messages are also signed with the secret that was valid before.
    """

    __tablename__ = "webhooks"

    url: Mapped[str]
    secret: Mapped[str]
    previous_secret: Mapped[str | None]
    previous_until: Mapped[datetime | None]
    events: Mapped[list[Any]]
    active: Mapped[bool] = mapped_column(default=True)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


class Delivery(Row):
    """One event on its way to one webhook."""

    __tablename__ = "deliveries"
    __table_args__ = (Index("ix_deliveries_due", "delivered_at", "next_at"),)

    uid: Mapped[str] = mapped_column(String(32), unique=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    event: Mapped[str] = mapped_column(String(32))
    body: Mapped[dict[str, Any]]
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(default="")


class RateCount(Base):
    """How often something happened in a window of time that begins at a second; of all processes
    together. `key` is a keyed hash of who did it."""

    __tablename__ = "rate_counts"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    begins_at: Mapped[int] = mapped_column(BigInteger, primary_key=True, index=True)
    hits: Mapped[int]


class Preference(Base):
    """A setting of the installation that an admin changes while it runs, such as retention."""

    __tablename__ = "preferences"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[dict[str, Any]]
