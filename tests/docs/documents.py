"""The documents as tests see them: their files, and the fenced blocks in each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATTERNS = ("*.md", "docs/**/*.md", "models/*/*.md", "data/*/README.md", "notebooks/*.md")
DOCUMENTS = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8")
    for pattern in PATTERNS
    for path in sorted(ROOT.glob(pattern))
}
_FENCE = re.compile(r"^( *)```([^\n]*)\n(.*?)^ *```$", re.M | re.S)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: the language that it names, and its text."""

    language: str
    text: str


def blocks(document: str) -> list[Block]:
    """The fenced blocks of a document in their order."""
    return [
        Block(language.strip(), text) for _, language, text in _FENCE.findall(DOCUMENTS[document])
    ]


def prose(document: str) -> str:
    """A document without its fenced blocks."""
    return _FENCE.sub("", DOCUMENTS[document])
