"""Score a stored or incoming conversation under a stored revision of a scorecard."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from analyzer.classifier import Classifier
from analyzer.conversation import Conversation
from analyzer.report import Report
from analyzer.scorecard import Scorecard, loads
from analyzer.scoring import score
from api.payload import conversation_of
from api.settings import Settings
from api.storage.tables import Call, ScorecardRevision


@lru_cache(maxsize=64)
def card_of(toml: str) -> Scorecard:
    """The scorecard that a revision's text holds."""
    return loads(toml)


def score_under(
    conversation: Conversation,
    revision: ScorecardRevision,
    classifier: Classifier,
    settings: Settings,
) -> Report:
    """The report on a conversation, redacted where redaction is on."""
    card = numbered_card(revision)
    return score(conversation, classifier=classifier, scorecard=card, redact=settings.redact)


def score_again(call: Call, revision: ScorecardRevision, classifier: Classifier) -> Report:
    """The report on a stored call, whose words stay as they are: evidence counts in them."""
    conversation = conversation_of(call)
    report = score(conversation, classifier=classifier, scorecard=numbered_card(revision))
    return replace(report, redacted=call.redacted)


def numbered_card(revision: ScorecardRevision) -> Scorecard:
    """The scorecard of a revision, with the number that it has here."""
    return card_of(revision.toml).model_copy(update={"revision": revision.number})
