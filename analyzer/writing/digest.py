"""The weekly digest as a page, as text (Markdown) and as an e-mail with both."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from markupsafe import Markup

from analyzer.errors import UsageError
from analyzer.insights.digest import Digest
from analyzer.writing.catalogue import gettext, speaking, translations
from analyzer.writing.digest_words import DigestPage, digest_page
from analyzer.writing.html import TEMPLATES, as_variables, environment
from analyzer.writing.markdown import escaped
from analyzer.writing.staged import StagedFile

SUFFIXES = (".html", ".md", ".eml")
# A call's id -> the address of its page. Where there is one, nobody needs to read the id.
Address = Callable[[str], str]


def digest_html(
    digest: Digest,
    language: str,
    *,
    unread: int = 0,
    address: Address | None = None,
    home: str = "",
) -> str:
    """A page that needs no other file, no script and no network, as mail programs want it.

    `home` is the address to which its name leads.
    """
    with speaking(translations(language)):
        page = digest_page(digest, language, unread, linked=address is not None)
        context = as_variables(page) | {"style": Markup(_style()), "address": address, "home": home}
        return environment().get_template("digest.html.j2").render(context)


def style_hash() -> str:
    """The hash of the page's style, for a Content-Security-Policy."""
    return f"sha256-{base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()}"


def digest_text(
    digest: Digest, language: str, *, unread: int = 0, address: Address | None = None
) -> str:
    """The digest as Markdown, which reads as plain text."""
    with speaking(translations(language)):
        page = digest_page(digest, language, unread, linked=address is not None)
        return "\n".join(_lines(page, address)) + "\n"


def digest_mail(digest: Digest, language: str, *, unread: int = 0) -> bytes:
    """An e-mail without sender and receiver: the text, and the page in its place."""
    mail = EmailMessage(policy=SMTP)
    with speaking(translations(language)):
        page = digest_page(digest, language, unread)
        mail["Subject"] = gettext(
            "Kasper, %(week)s: %(summary)s", week=page.title.lower(), summary=page.summary
        ).rstrip(".")
    mail["Content-Language"] = language
    # quoted-printable keeps lines short and what follows readable on the way
    mail.set_content(digest_text(digest, language, unread=unread), cte="quoted-printable")
    html = digest_html(digest, language, unread=unread)
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    return mail.as_bytes()


def write_digest(digest: Digest, path: Path, language: str, *, unread: int = 0) -> None:
    """The digest into a `.html`, `.md` or `.eml`; `UsageError` for another suffix."""
    check_suffix(path)
    name = path.name.lower()
    if name.endswith(".eml"):
        content = digest_mail(digest, language, unread=unread)
    elif name.endswith(".html"):
        content = digest_html(digest, language, unread=unread).encode("utf-8", "xmlcharrefreplace")
    else:
        content = digest_text(digest, language, unread=unread).encode("utf-8", "replace")
    with StagedFile(path) as file:
        file.staging.write_bytes(content)


def check_suffix(path: Path) -> None:
    """`UsageError` if a digest cannot be written to the path."""
    if not path.name.lower().endswith(SUFFIXES):
        raise UsageError(f"{path}: the name must end in one of: {', '.join(SUFFIXES)}.")
    if not path.parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}; make it first.")


def _style() -> str:
    return (TEMPLATES / "digest.css").read_text("utf-8")


def _lines(page: DigestPage, address: Address | None) -> Iterator[str]:
    yield f"# {page.title}, {page.period}"
    yield ""
    yield f"**{page.summary}**"
    yield ""
    if page.facts:
        yield ", ".join(f"{fact.value} {fact.name}" for fact in page.facts) + "."
        yield ""
    yield page.compared
    for section in page.sections:
        yield ""
        yield f"## {section.title}"
        yield ""
        if section.lead:
            yield section.lead
            yield ""
        for item in section.items:
            named = escaped(item.head)
            if item.call and address:
                named = f"[{named}]({address(item.call)})"
            elif item.call:
                named = f"{escaped(item.call)} · {named}"
            yield "- " + ": ".join(filter(None, (named, escaped(item.text))))
            if item.detail:
                yield f"  {item.detail}"
            for quote in item.quotes:
                note = escaped(quote.note)
                if quote.call and address:
                    note = f"[{note}]({address(quote.call)})"
                yield f"  {escaped(quote.words)} ({note})"
    yield ""
    yield "---"
    for line in page.footer:
        yield ""
        yield line
