"""Links between documents lead somewhere where the files are read as they lie."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.docs.documents import DOCUMENTS, ROOT, prose

_LINK = re.compile(r"!?\[[^\]]*\]\(<?((?!https?:|mailto:)[^)\s>]+)>?\)")


def anchors(document: str) -> set[str]:
    """What headings can be linked by: small letters, hyphens for blanks, numbered where equal."""
    found: Counter[str] = Counter()
    names = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", prose(document), re.M):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        name = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        names.add(f"{name}-{found[name]}" if found[name] else name)
        found[name] += 1
    return names


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_somewhere(document: str) -> None:
    lost = []
    for link in _LINK.findall(prose(document)):
        path, _, anchor = link.partition("#")
        target = (ROOT / document).parent.joinpath(path).resolve() if path else ROOT / document
        inside = target.is_relative_to(ROOT) and target.exists()
        known = target.relative_to(ROOT).as_posix() if inside else ""
        if not inside or (anchor and anchor not in anchors(known)):
            lost.append(link)
    assert lost == []


def test_every_picture_is_shown_somewhere() -> None:
    shown = {
        (ROOT / document).parent.joinpath(link).resolve()
        for document in DOCUMENTS
        for link in _LINK.findall(prose(document))
    }
    pictures = set(Path(ROOT / "docs" / "images").iterdir())

    assert sorted(path.name for path in pictures - shown) == []
