"""About Kasper: what everyone who is signed in may know of it, and the documents for offices."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from api import documents
from api.access import Permission, Principal
from api.deps import Allow, Db, Service, ServiceDep
from api.documents import DOCUMENTS, Installation
from api.pages.operation import Setter
from api.pages.render import language_of, page
from api.problems import not_found
from api.trust import card_of

router = APIRouter()

Reader = Annotated[Principal, Depends(Allow(Permission.SELF))]
_FIRST = "worker-information"


@router.get("/about")
def about_page(request: Request, parts: ServiceDep, db: Db, principal: Reader) -> Response:
    """What those whose calls are judged should know."""
    return _document(request, parts, db, principal, _FIRST)


@router.get("/about/{name}")
def about_document(
    request: Request, parts: ServiceDep, db: Db, principal: Reader, name: str
) -> Response:
    """Another of the documents that are for everyone."""
    if name not in DOCUMENTS or not DOCUMENTS[name].for_everyone:
        raise not_found("document")
    return _document(request, parts, db, principal, name)


@router.get("/admin/documents")
def documents_page(request: Request, parts: ServiceDep, db: Db, principal: Setter) -> Response:
    """Every document, and how to get them."""
    about, today = _installation(parts, db), _today()
    return page(
        request,
        principal,
        "admin_documents.html.j2",
        documents=DOCUMENTS,
        settings=parts.settings,
        card=card_of(about.model),
        completed=_completed(parts.settings.documents_dir),
        today=today,
    )


@router.get("/admin/documents/kasper-documents.zip")
def documents_zip(parts: ServiceDep, db: Db, principal: Setter) -> Response:
    """All of them, written now."""
    headers = {"content-disposition": 'attachment; filename="kasper-documents.zip"'}
    packed = documents.archive(_installation(parts, db), _today())
    return Response(packed, media_type="application/zip", headers=headers)


def _document(
    request: Request, parts: Service, db: Session, principal: Principal, name: str
) -> Response:
    """The document as the employer completed it, with what is set now; else as it is written."""
    language = language_of(request, principal)
    about = _installation(parts, db)
    completed = _completed(parts.settings.documents_dir).get(f"{name}.{language}.md")
    text = (
        completed.read_text("utf-8")
        if completed
        else documents.write(name, language, about, _today())
    )
    return page(
        request,
        principal,
        "about.html.j2",
        name=name,
        title=DOCUMENTS[name].title,
        tabs={own: each.title for own, each in DOCUMENTS.items() if each.for_everyone},
        document=documents.to_html(text),
        as_set=documents.to_html(documents.write("_as-set", language, about, _today()))
        if completed
        else "",
    )


def _installation(parts: Service, db: Session) -> Installation:
    return documents.stored(db, parts.settings, parts.classifier.info)


def _completed(folder: Path | None) -> dict[str, Path]:
    """The files that stand in place of documents for everyone."""
    found = sorted(folder.glob("*.md")) if folder and folder.is_dir() else []
    return {
        path.name: path
        for path in found
        if (known := DOCUMENTS.get(path.name.split(".")[0])) and known.for_everyone
    }


def _today() -> date:
    return datetime.now(UTC).date()
