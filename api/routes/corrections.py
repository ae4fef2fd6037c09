"""What people corrected, as training data in the notation of docs/traits.md."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response

from analyzer.language import LANGUAGES
from api import notation
from api.access import Permission, Principal
from api.deps import Allow, Db
from api.parameters import Since, Until
from api.storage import audit, statements
from api.verdict import judge

router = APIRouter(prefix="/v1", tags=["corrections"])

Exporter = Annotated[Principal, Depends(Allow(Permission.CALLS_EXPORT))]


@router.get(
    "/corrections",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "Labelled calls"}},
)
def corrections(
    db: Db,
    principal: Exporter,
    language: Annotated[
        Literal[LANGUAGES],  # type: ignore[valid-type]
        Query(description="The language of the calls."),
    ],
    voice: Annotated[
        str, Query(pattern=r"^[a-z]{1,2}$", description="Letters that no other file has.")
    ] = "zz",
    since: Since = None,
    until: Until = None,
) -> Response:
    """Reviewed calls of one language with what holds of them, the words redacted.

    Left out are calls that were stored unredacted, that are disputed or have no score, or in which
    it is not known who speaks. The file belongs into `data/training/` under the name it comes with.
    """
    filters = statements.between(since, until, language)
    written = []
    for about, subject, said in statements.judged(db, principal, filters):
        if not about.call.redacted or about.call.disputed:
            continue
        verdict = judge(subject, said)
        if notation.is_writable(subject.conversation, verdict):
            call_id = f"{language}-{voice}-{about.call.id:03d}"
            written.append(notation.written(call_id, subject.conversation, verdict))
    details = {"language": language, "calls": len(written)}
    audit.record(db, principal.name, "corrections.export", details=details)
    name = f'attachment; filename="{language}-{voice}.calls.txt"'
    headers = {"Content-Disposition": name}
    return Response("\n".join(written), headers=headers, media_type="text/plain; charset=utf-8")
