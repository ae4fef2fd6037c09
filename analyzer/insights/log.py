"""A call log to look at as a whole: the tables of many scored calls, read from where they are.

What `kasper score -o calls.jsonl` or `.parquet` and `kasper batch -o scores/` write is read as it
is, everything else as transcripts, which are scored on the way.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from analyzer.conversation import Conversation, RoleDecision
from analyzer.errors import TranscriptError, UsageError
from analyzer.frames import (
    CALL_COLUMNS,
    EVIDENCE_COLUMNS,
    TURN_COLUMNS,
    Frames,
    call_row,
    evidence_rows,
    to_frame,
)
from analyzer.report import SCHEMA_VERSION, Report, from_dict
from analyzer.scorecard import Scorecard

# Calls that the model reads at once.
_BATCH = 64
_OF_THE_CALL = ("started_at", "customer_id", "agent_id", "queue", "case_id", "product")


@dataclass(frozen=True, slots=True)
class Log:
    """Calls in the order of their start, and their evidence; `turns` is empty if not known.

    `calls` has two columns beside those of a report: `at`, the moment in UTC, and `day`, the date
    where the call took place. Calls without a start come last.
    """

    calls: pd.DataFrame
    evidence: pd.DataFrame
    turns: pd.DataFrame


def make_log(frames: Frames) -> Log:
    """The log of some tables."""
    calls = frames.calls
    at = pd.to_datetime(calls["started_at"], format="ISO8601", utc=True, errors="coerce")
    day = pd.to_datetime(calls["started_at"].str[:10], format="%Y-%m-%d", errors="coerce")
    calls = calls.assign(at=at, day=day.where(at.notna()))
    calls = calls.sort_values(["at", "call"], ignore_index=True)
    return Log(calls, frames.evidence, frames.turns)


def read_log(
    paths: Sequence[str], scorecard: Scorecard | None = None
) -> tuple[Log, list[TranscriptError]]:
    """The log behind files, folders, globs or URLs, and what could not be read.

    A call that is there several times counts as it is in the last. `UsageError` if there is none.
    """
    tables: list[Frames] = []
    errors: list[TranscriptError] = []
    transcripts = []
    for path in paths:
        name = path.lower()
        if (Path(path) / "calls").is_dir() and (Path(path) / "evidence").is_dir():
            tables.append(_from_folder(Path(path)))
        elif name.endswith(".parquet") and (table := _from_parquet(path)) is not None:
            tables.append(table)
        elif name.endswith(".jsonl") and _holds_reports(path):
            tables.append(_from_json_lines(path))
        else:
            transcripts.append(path)
    if transcripts:
        tables.append(to_frame(_scored(transcripts, scorecard, errors)))
    if not any(len(table.calls) for table in tables):
        nothing = "There is no call in what was given; name scored calls or transcripts."
        raise UsageError("\n".join([*map(str, errors), nothing]))
    return make_log(_together(tables)), errors


def _together(tables: Sequence[Frames]) -> Frames:
    """All tables as one; a call that is in several of them is that of the last."""
    parts: list[Frames] = []
    seen: set[str] = set()
    for table in reversed(tables):
        parts.append(Frames(*(frame[~frame["call"].isin(seen)] for frame in table)))
        seen |= set(table.calls["call"])
    calls, turns, evidence = (pd.concat(own) for own in zip(*reversed(parts), strict=True))
    return Frames(
        calls=calls.drop_duplicates("call", keep="last"),
        turns=turns.drop_duplicates(["call", "turn"], keep="last"),
        evidence=evidence.drop_duplicates(["call", "label", "turn", "start"], keep="last"),
    )


def _scored(
    paths: Sequence[str], scorecard: Scorecard | None, errors: list[TranscriptError]
) -> Iterator[Report]:
    from analyzer.reading import stream
    from analyzer.scoring import score_many

    parsed = stream(paths)
    while batch := list(islice(parsed, _BATCH)):
        errors += [item for item in batch if isinstance(item, TranscriptError)]
        conversations = [item for item in batch if isinstance(item, Conversation)]
        for result in score_many(conversations, scorecard=scorecard):
            if not isinstance(result, TranscriptError):
                yield result


def _from_folder(folder: Path) -> Frames:
    """The tables that `kasper batch` wrote."""

    def table(name: str, columns: dict[str, str]) -> pd.DataFrame:
        parts = [_part(path) for path in sorted((folder / name).glob("*"))]
        return _typed(pd.concat(parts) if parts else pd.DataFrame(), columns)

    return Frames(
        calls=table("calls", CALL_COLUMNS),
        turns=table("turns", TURN_COLUMNS),
        evidence=table("evidence", EVIDENCE_COLUMNS),
    )


def _part(path: Path) -> pd.DataFrame:
    if path.name.endswith(".parquet"):
        return pd.read_parquet(path, dtype_backend="numpy_nullable")
    return pd.read_json(path, lines=True, dtype=False)


def _from_parquet(path: str) -> Frames | None:
    """The tables of a file that `kasper score` wrote, `None` if it is another one."""
    try:
        frame = pd.read_parquet(path, dtype_backend="numpy_nullable")
    except (OSError, ValueError):  # a URL, or damaged: the reader of transcripts says what is wrong
        return None
    if not {"call", "evidence", "score", "model_version"} <= set(frame.columns):
        return None
    found = frame[["call", "evidence"]].explode("evidence").dropna(subset="evidence")
    evidence = pd.DataFrame(found["evidence"].tolist(), columns=list(EVIDENCE_COLUMNS)[1:])
    evidence.insert(0, "call", found["call"].to_numpy())
    return _without_turns(frame, evidence)


def _holds_reports(path: str) -> bool:
    try:
        with Path(path).open(encoding="utf-8") as file:
            first = json.loads(file.readline())
    except (OSError, ValueError):
        return False
    return isinstance(first, dict) and {"schema_version", "evidence", "scorecard"} <= set(first)


def _from_json_lines(path: str) -> Frames:
    calls, evidence = [], []
    with Path(path).open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                call, found = _rows(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise UsageError(
                    f"{path}, line {number}: no report of schema version {SCHEMA_VERSION} "
                    f"({type(error).__name__}: {error}); score the calls again."
                ) from None
            calls.append(call)
            evidence += found
    return _without_turns(pd.DataFrame(calls), pd.DataFrame(evidence))


def _rows(body: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The rows of a report without its transcript, which a line does not hold."""
    conversation = Conversation(
        id=body["id"],
        turns=(),
        language=body["language"],
        source=body["source"],
        format=body["format"],
        roles=RoleDecision(**body["roles"]),
        **{name: body.get(name) for name in _OF_THE_CALL},
    )
    report = from_dict(body, conversation)
    row = call_row(report)
    row |= {"turn_count": body["turn_count"], "duration_s": body["duration_s"]}
    return row, evidence_rows(report)


def _without_turns(calls: pd.DataFrame, evidence: pd.DataFrame) -> Frames:
    return Frames(
        calls=_typed(calls, CALL_COLUMNS),
        turns=_typed(pd.DataFrame(), TURN_COLUMNS),
        evidence=_typed(evidence, EVIDENCE_COLUMNS),
    )


def _typed(frame: pd.DataFrame, columns: dict[str, str]) -> pd.DataFrame:
    return frame.reindex(columns=list(columns)).astype(columns)


def most_likely(log: Log, labels: Iterable[str]) -> pd.DataFrame:
    """Call x label: the highest probability with which a label was found in a call, else 0."""
    wanted = list(labels)
    found = log.evidence[log.evidence["label"].isin(wanted)]
    table = found.groupby(["call", "label"])["probability"].max().unstack("label")
    return table.reindex(index=log.calls["call"], columns=wanted).astype(float).fillna(0.0)
