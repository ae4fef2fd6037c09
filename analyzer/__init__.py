"""Kasper: an analyzer of customer-service calls that shows the words which prove what it says.

    from analyzer import read, score

    for conversation in read("calls.vtt"):
        report = score(conversation)
        print(report.band, report.score, [evidence.text for evidence in report.evidence])

Importing this package imports nothing heavy: each name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analyzer.conversation import Conversation, Turn
    from analyzer.errors import KasperError, ModelError, ScorecardError, TranscriptError, UsageError
    from analyzer.evidence import Evidence
    from analyzer.frames import Frames, to_frame
    from analyzer.reading import read, stream
    from analyzer.report import Report, to_dict, to_json
    from analyzer.scorecard import Scorecard
    from analyzer.scorecard import load as load_scorecard
    from analyzer.scoring import score

__version__ = "0.1.0"

_HOMES = {
    "Conversation": "analyzer.conversation",
    "Evidence": "analyzer.evidence",
    "Frames": "analyzer.frames",
    "KasperError": "analyzer.errors",
    "ModelError": "analyzer.errors",
    "Report": "analyzer.report",
    "Scorecard": "analyzer.scorecard",
    "ScorecardError": "analyzer.errors",
    "TranscriptError": "analyzer.errors",
    "Turn": "analyzer.conversation",
    "UsageError": "analyzer.errors",
    "load_scorecard": "analyzer.scorecard:load",
    "read": "analyzer.reading",
    "score": "analyzer.scoring",
    "stream": "analyzer.reading",
    "to_dict": "analyzer.report",
    "to_frame": "analyzer.frames",
    "to_json": "analyzer.report",
}

__all__ = [
    "Conversation",
    "Evidence",
    "Frames",
    "KasperError",
    "ModelError",
    "Report",
    "Scorecard",
    "ScorecardError",
    "TranscriptError",
    "Turn",
    "UsageError",
    "load_scorecard",
    "read",
    "score",
    "stream",
    "to_dict",
    "to_frame",
    "to_json",
]


def __getattr__(name: str) -> Any:
    home, _, own_name = _HOMES.get(name, "").partition(":")
    if not home:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), own_name or name)
