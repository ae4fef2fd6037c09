"""vCon: the call with our report among its analyses; a vCon that was read keeps all that it had."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from analyzer.conversation import Conversation, Turn
from analyzer.errors import UsageError
from analyzer.report import SCHEMA_VERSION, Report, to_dict
from analyzer.writing.staged import StagedFile

_VENDOR, _PRODUCT = "kasper", "kasper-qa"
_VCON_VERSION = "0.4.0"  # of the IETF draft, draft-ietf-vcon-vcon-core
# The same call gets the same uuid each time that it is written.
_NAMESPACE = uuid.UUID("6f0f2c3e-5a34-5b0e-9f0a-6d1f0c6a7c11")


class VconWriter(StagedFile):
    """Writes `.vcon.json` (one call) or `.vcon.jsonl` (one vCon per line)."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._single = path.name.lower().endswith(".vcon.json")
        self._count = 0
        self._file = self.staging.open("w", encoding="utf-8")

    def write(self, report: Report) -> None:
        """Add one vCon; `UsageError` for a second one in a file that holds one."""
        self._count += 1
        if self._single and self._count > 1:
            raise UsageError(
                f"{self.path}: a vCon holds one call; name the output .vcon.jsonl for several."
            )
        indent = 1 if self._single else None
        self._file.write(json.dumps(to_vcon(report), ensure_ascii=False, indent=indent) + "\n")

    def finish(self) -> None:
        """Close the file."""
        self._file.close()


def to_vcon(report: Report) -> dict[str, Any]:
    """The vCon of a call with the report appended as an `analysis` of type `report`."""
    conversation = report.conversation
    vcon = dict(conversation.original) if conversation.original else _fresh(conversation)
    dialogs = vcon.get("dialog") or []
    analysis = {
        "type": "report",
        "dialog": list(range(len(dialogs))),
        "vendor": _VENDOR,
        "product": _PRODUCT,
        "schema": f"kasper-report-{SCHEMA_VERSION}",
        "mediatype": "application/json",
        "encoding": "json",
        "body": to_dict(report),
    }
    others = [entry for entry in vcon.get("analysis") or [] if not _is_ours(entry)]
    return {**vcon, "analysis": [*others, analysis]}


def _is_ours(entry: Any) -> bool:
    """Whether an analysis is an earlier report of ours, which the new one replaces."""
    return isinstance(entry, dict) and (entry.get("type"), entry.get("vendor")) == (
        "report",
        _VENDOR,
    )


def _fresh(conversation: Conversation) -> dict[str, Any]:
    speakers = list(dict.fromkeys(turn.speaker or turn.role for turn in conversation.turns))
    roles = {turn.speaker or turn.role: turn.role for turn in conversation.turns}
    started = _time(conversation.started_at)
    offset, dialogs = 0.0, []
    for turn in conversation.turns:
        # a turn without a time of its own follows the one before it
        offset = offset if turn.start is None else turn.start
        dialogs.append(_dialog(turn, speakers.index(turn.speaker or turn.role), started, offset))
    return {
        "vcon": _VCON_VERSION,
        "uuid": str(uuid.uuid5(_NAMESPACE, f"{conversation.source}\0{conversation.id}")),
        "created_at": _stamp(started or datetime.now(UTC)),
        "parties": [{"name": speaker, "role": roles[speaker]} for speaker in speakers],
        "dialog": dialogs,
        "analysis": [],
    }


def _dialog(turn: Turn, party: int, started: datetime | None, offset: float) -> Mapping[str, Any]:
    # a dialog must have a start: without the call's own, offsets count from 1970
    begins = (started or datetime.fromtimestamp(0, UTC)) + timedelta(seconds=offset)
    dialog: dict[str, Any] = {
        "type": "text",
        "start": _stamp(begins),
        "parties": [party],
        "originator": party,
        "mediatype": "text/plain",
        "encoding": "none",
        "body": turn.text,
    }
    if turn.start is not None and turn.end is not None:
        dialog["duration"] = round(turn.end - turn.start, 3)
    return dialog


def _time(text: str | None) -> datetime | None:
    try:
        time = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return time.replace(tzinfo=UTC) if time and time.tzinfo is None else time


def _stamp(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds")
