"""The first page: where each role begins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import RedirectResponse

from api.access import Permission, Principal
from api.deps import Allow

router = APIRouter()


@router.get("/")
def home(principal: Annotated[Principal, Depends(Allow(Permission.SELF))]) -> RedirectResponse:
    """On to the queue; those who have none, agents, to their calls."""
    return RedirectResponse("/queue" if principal.may(Permission.REVIEWS_WRITE) else "/calls", 303)
