"""Parameters of addresses that are more than one route's own, each described once."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Path, Query

from api.schemas import Id, Key, Text

CallUid = Annotated[str, Path(description="The `uid` of a call.")]
JobUid = Annotated[str, Path(description="The `uid` of a job.")]
AgentId = Annotated[Key, Path(description="The id by which calls name the agent.")]
CustomerId = Annotated[
    Key, Path(description="The id by which calls name the customer.", examples=["k-77"])
]
Team = Annotated[Key, Path(description="The name of a team.")]
StatementId = Annotated[Id, Path(description="The `id` of what somebody said of a call.")]
# Which calls.
Queue = Annotated[
    Text | None, Query(min_length=1, max_length=200, description="Only calls of this queue.")
]
Since = Annotated[date | None, Query(description="Only calls of this day and later ones.")]
Until = Annotated[date | None, Query(description="Only calls of this day and earlier ones.")]
# Pages of lists.
Cursor = Annotated[int | None, Query(ge=0, lt=2**63, description="`next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=200, description="How many to give at most.")]
