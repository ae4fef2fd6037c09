"""E-mail addresses, written and spoken, and web addresses that hold a user."""

from __future__ import annotations

import re
from collections.abc import Iterator

from analyzer.redaction.passage import Detection, Passage

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_DOT = r"(?:punktum|punkt|prik|dot)"
_JOINT = (
    rf"(?:{_DOT}|underscore|understrek|understreg|understreck|bindestreg|bindestrek|streg|dash)"
)
_AT = r"(?:snabel[- ]?a|krøll[- ]?alfa|alfa ?krøll|kanelbulle|kringla|at)"
_TOP = r"(?:dk|no|se|fi|ie|com|net|org|eu|uk|nu|io|co|d k|n o|s e)"
_SPOKEN = re.compile(
    rf"\b[\w.+-]+(?: {_JOINT} [\w-]+)*,? {_AT},? [\w-]+(?: {_JOINT} [\w-]+)*? {_DOT} {_TOP}"
    rf"(?: {_DOT} {_TOP})?\b",
    re.I,
)
_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"')\]\0]+", re.I)
_USER = re.compile(
    r"@|~\w|[?&][\w-]+=|/(?:users?|u|profiles?|profil|accounts?|konto|kunde[rn]?|kund|customers?|"
    r"members?|medlem|in|id)/[^/]",
    re.I,
)


def find_emails(passage: Passage) -> Iterator[Detection]:
    """E-mail addresses and URLs of a person."""
    text = passage.text
    if "@" in text:
        for match in _EMAIL.finditer(text):
            yield Detection(match.start(), match.end(), "EMAIL", match[0].lower())
    if "." in text and ("://" in text or "www." in passage.lower):
        for match in _URL.finditer(text):
            if _USER.search(match[0]):
                yield Detection(match.start(), match.end(), "URL", match[0])
    if not _DOTS.isdisjoint(passage.forms):
        for match in _SPOKEN.finditer(text):
            yield Detection(match.start(), match.end(), "EMAIL", _written(match[0].lower()))


_DOTS = frozenset({"punktum", "punkt", "prik", "dot"})


def _written(spoken: str) -> str:
    """ "anna snabel-a firma punktum dk" as `anna@firma.dk`."""
    dotted = re.sub(rf" {_DOT} ", ".", re.sub(rf",? {_AT},? ", "@", spoken, count=1))
    return dotted.replace(" ", "")
