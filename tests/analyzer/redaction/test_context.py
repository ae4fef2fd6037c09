from __future__ import annotations

import pytest

from analyzer.redaction.context import Asked, asked_for
from analyzer.redaction.passage import Passage


@pytest.mark.parametrize(
    ("text", "before", "expected"),
    [
        ("kundenummer, nej kontonummer 4471", (), Asked("ACCOUNT", here=True)),
        ("4471 er mit kundenummer", (), Asked("REFERENCE", here=True)),
        ("ja det er 4471", ("Kundenummer?",), Asked("REFERENCE", leads=True)),
        ("vi var fire der ventede i timevis til 4471", ("Kundenummer?",), Asked("REFERENCE")),
        ("4471", ("Kundenummer?", "a", "b", "c", "d"), Asked(None)),
        ("4471", (), Asked(None)),
    ],
)
def test_the_nearest_word_says_what_a_number_is(
    text: str, before: tuple[str, ...], expected: Asked
) -> None:
    assert asked_for(Passage(text, "da", before), text.index("4471")) == expected
