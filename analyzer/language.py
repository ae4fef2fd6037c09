"""The language of a call: Danish, Bokmål, Nynorsk, Swedish or English, or none of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from analyzer.conversation import Conversation

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

LANGUAGES = ("da", "nb", "nn", "sv", "en")

# Codes under which the same languages come in; region and script are cut off before.
_ALIASES = {"no": "nb", "nob": "nb", "nno": "nn", "dan": "da", "swe": "sv", "eng": "en"}
_NAMES = {
    "danish": "da", "dansk": "da", "norwegian": "nb", "norsk": "nb", "bokmål": "nb",
    "nynorsk": "nn", "swedish": "sv", "svenska": "sv", "svensk": "sv", "english": "en",
}  # fmt: skip

# py3langid tells Norwegian from Danish and Swedish well, Bokmål from Nynorsk poorly on speech: the
# words below decide between those two. Each is written so in one of the standards only.
_NYNORSK = re.compile(
    r"\b(?:eg|ikkje|kva|kvar|kven|korleis|kvifor|nokon|noko|berre|mykje|meir|dykk|dykkar|vere|vert|"
    r"vore|gjere|gjer|sjå|òg|frå|ho|me|heiter|høyrer|kjem|skulle|veit|gonger|sidan|difor|dei)\b"
)
_BOKMAAL = re.compile(
    r"\b(?:jeg|ikke|hva|hvor|hvem|hvordan|hvorfor|noen|noe|bare|mye|mer|dere|være|blir|vært|gjøre|"
    r"gjør|også|fra|hun|heter|hører|kommer|vet|ganger|siden|derfor|de)\b"
)
# Below this share of certainty a language is not asserted; on a handful of words the
# identifier is close to chance.
_MIN_CONFIDENCE = 0.5
_MIN_LETTERS = 12
# More text than this does not change the answer.
_MAX_CHARACTERS = 800
_LOOKALIKES = ("de", "nl", "fi", "fr", "es", "it", "pl", "is", "et", "pt")


def normalise(code: str) -> str | None:
    """The one of `LANGUAGES` that a code or name (`da-DK`, `no`, `Svenska`) means, else `None`."""
    lowered = code.strip().lower()
    base = re.split(r"[-_]", lowered)[0]
    base = _NAMES.get(lowered, _ALIASES.get(base, base))
    return base if base in LANGUAGES else None


def detect(texts: Sequence[str]) -> str | None:
    """The code of the language of these turns together, `None` when it cannot be told.

    The code may be of a language that is not analysed, such as `de`.
    """
    text = " ".join(texts)[:_MAX_CHARACTERS]
    if sum(character.isalpha() for character in text) < _MIN_LETTERS:
        return None
    code, confidence = _identifier().classify(text)
    if confidence < _MIN_CONFIDENCE:
        return None
    return _standard(normalise(code) or code, text)


def language_of(conversation: Conversation) -> str | None:
    """The call's language: what the file says, otherwise what is detected; see `detect`."""
    texts = [turn.text for turn in conversation.spoken_turns]
    if conversation.language:
        stated = normalise(conversation.language) or conversation.language
        return _standard(stated, " ".join(texts)[:_MAX_CHARACTERS])
    return detect(texts)


def _standard(code: str, text: str) -> str:
    """`nb` or `nn`, whichever the words speak for; `code` if they do not tell or it is another."""
    if code not in ("nb", "nn"):
        return code
    lowered = text.lower()
    nynorsk, bokmaal = len(_NYNORSK.findall(lowered)), len(_BOKMAAL.findall(lowered))
    return code if nynorsk == bokmaal else "nn" if nynorsk > bokmaal else "nb"


@cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(["da", "no", "nn", "sv", "en", *_LOOKALIKES])
    return identifier
