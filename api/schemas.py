"""What the API takes and gives, where it is more than one route's own."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from analyzer.conversation import Conversation, Role, RoleDecision, Turn
from analyzer.messages import Message
from api.payload import from_error
from api.storage.calls import Listed
from api.storage.jobs import Progress
from api.storage.tables import Figures, Job

Band = Literal["rasmus", "kasper", "star"]


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError(Message("must not hold the character U+0000"))
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(Message("must not hold half a surrogate pair")) from None
    return text


# Text that every database can hold.
Text = Annotated[str, AfterValidator(_storable)]
Key = Annotated[Text, Field(min_length=1, max_length=200)]
# A number that every database can hold.
Id = Annotated[int, Field(ge=1, lt=2**63)]


# What a report is given as.
Shape = Annotated[
    Literal["kasper", "contact_lens"],
    Query(description="The shape of the answer: Kasper's own, or that of Amazon Contact Lens."),
]


class TurnIn(BaseModel):
    """One turn; times are seconds from the start of the call."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    text: Annotated[Text, Field(max_length=100_000)]
    role: Role = "unknown"
    speaker: Annotated[Text, Field(max_length=200)] | None = None
    start: Annotated[float, Field(ge=0, le=1e7)] | None = None
    end: Annotated[float, Field(ge=0, le=1e7)] | None = None


class CallIn(BaseModel):
    """A call in Kasper's own JSON; only the text of turns is required."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "id": "c-1",
                    "language": "da",
                    "started_at": "2026-03-02T09:14:00+01:00",
                    "customer_id": "k-77",
                    "agent_id": "a-12",
                    "queue": "support",
                    "case_id": "s-204",
                    "product": "router",
                    "turns": [
                        {"role": "agent", "text": "Goddag, du taler med support."},
                        {"role": "customer", "text": "Min router blinker igen. Tredje gang!"},
                        {"role": "agent", "text": "Det er ikke vores afdeling."},
                    ],
                }
            ]
        },
    )

    id: Annotated[Text, Field(min_length=1, max_length=400)] = "call"
    language: Annotated[Text, Field(max_length=16)] | None = None
    started_at: datetime | None = None
    customer_id: Key | None = None
    agent_id: Key | None = None
    queue: Key | None = None
    case_id: Key | None = None
    product: Key | None = None
    turns: Annotated[list[TurnIn], Field(min_length=1, max_length=10_000)]

    def conversation(self) -> Conversation:
        """The call as the library sees it."""
        return Conversation(
            id=self.id,
            turns=tuple(Turn(**turn.model_dump()) for turn in self.turns),
            language=self.language,
            started_at=self.started_at.isoformat() if self.started_at else None,
            customer_id=self.customer_id,
            agent_id=self.agent_id,
            queue=self.queue,
            case_id=self.case_id,
            product=self.product,
            roles=RoleDecision("given"),
        )


class CallSummary(BaseModel):
    """A call in a list.

    Score, band, outcome and flags are what holds after what people said; `corrected` tells that
    this differs from what the machine said, which is `machine_score` and `machine_band`. They are
    of the report that counts; for an agent, of the one that was released to them.
    """

    uid: str
    id: str
    language: str | None
    occurred_at: datetime
    customer_id: str | None
    agent_id: str | None
    queue: str | None
    case_id: str | None
    product: str | None
    turn_count: int
    duration_s: float | None
    score: float | None
    band: str | None
    machine_score: float | None
    machine_band: str | None
    corrected: bool
    resolved: bool | None
    failure: bool | None
    recovery: int | None
    transfers: int
    flags: list[str]
    reviewed_at: datetime | None
    released_at: datetime | None
    disputed: bool

    @classmethod
    def of(cls, listed: Listed) -> CallSummary:
        """The summary of a stored call."""
        figures = listed.report or listed.call
        own = {
            name: getattr(figures if name in Figures.__annotations__ else listed.call, name)
            for name in cls.model_fields
            if name not in ("id", "flags")
        }
        return cls(id=listed.call.external_id, flags=listed.flags, **own)


class JobOut(BaseModel):
    """A job and how far it is; `total` is null until all its calls are known."""

    uid: str
    kind: Literal["upload", "batch", "rescore"]
    status: Literal["PENDING", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED"]
    total: int | None
    completed: int
    failed: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    error: dict[str, str] | None

    @classmethod
    def of(cls, job: Job, progress: Progress) -> JobOut:
        """The state of a stored job."""
        counted = {"completed": progress.completed, "failed": progress.failed}
        own = {name: getattr(job, name) for name in cls.model_fields if name not in counted}
        own["error"] = from_error(job.error).fields() if job.error else None
        return cls.model_validate(own | counted)
