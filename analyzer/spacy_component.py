"""Kasper in a spaCy pipeline: `nlp.add_pipe("kasper")` fills `doc.spans["kasper"]`.

    import spacy
    from spacy import displacy

    nlp = spacy.blank("da")
    nlp.add_pipe("kasper")
    doc = nlp("Kunde: Hvor er min pakke?\\nMedarbejder: Det er ikke mit bord.")
    displacy.render(doc, style="span", options={"spans_key": "kasper"})

Each line of the text is a turn; a speaker in front (`Kunde: …`) gives the role, otherwise it is
decided from the words. A span's label is the trait, `span._.kasper` the `Evidence`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from spacy.language import Language
from spacy.tokens import Doc, Span

from analyzer.classifier import Classifier, default_classifier
from analyzer.conversation import Conversation, Turn
from analyzer.evidence import find_evidence
from analyzer.reading.speaker_names import role_of
from analyzer.roles import with_roles

SPANS_KEY = "kasper"
_LINE = re.compile(r"[^\n]*\S[^\n]*")
_SPEAKER = re.compile(r"\s*([^\W\d_][^:\n]{0,39}):\s+")


@Language.factory("kasper", assigns=["doc.spans"], default_config={"agent_speaker": None})
def make_kasper(nlp: Language, name: str, agent_speaker: str | None) -> KasperComponent:
    """The component with the published classifier."""
    return KasperComponent(default_classifier(), agent_speaker)


class KasperComponent:
    """Adds a span for every piece of evidence, in the words' own places."""

    def __init__(self, classifier: Classifier, agent_speaker: str | None = None) -> None:
        self._classifier = classifier
        self._agent_speaker = agent_speaker
        if not Span.has_extension("kasper"):
            Span.set_extension("kasper", default=None)

    def __call__(self, doc: Doc) -> Doc:
        """The same `doc` with its spans set."""
        lines = list(_turns(doc.text))
        spans: list[Span] = []
        if lines:
            conversation = Conversation("doc", tuple(turn for turn, _ in lines))
            conversation = with_roles(conversation, self._classifier, self._agent_speaker)
            scores = self._classifier.classify(conversation)
            evidence, _ = find_evidence(conversation, scores, self._classifier.thresholds)
            for item in evidence:
                offset = lines[item.turn][1]
                span = doc.char_span(
                    offset + item.start,
                    offset + item.end,
                    label=item.label,
                    alignment_mode="expand",
                )
                if span is not None:
                    span._.kasper = item
                    spans.append(span)
        doc.spans[SPANS_KEY] = spans
        return doc


def _turns(text: str) -> Iterator[tuple[Turn, int]]:
    """The lines of a text as turns, each with the place in the text where its words begin."""
    for line in _LINE.finditer(text):
        speaker = _SPEAKER.match(line[0])
        role = role_of(speaker[1]) if speaker else "unknown"
        if speaker and role != "unknown":
            said = line[0][speaker.end() :]
            yield Turn(said, role, speaker[1]), line.start() + speaker.end()
        else:
            yield Turn(line[0]), line.start()
