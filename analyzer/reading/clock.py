"""Clock times as transcripts write them, in seconds."""

from __future__ import annotations

import re

# Ten digits are enough for any time since 1970; more would only make numbers overflow.
_CLOCK = re.compile(r"^(?:(\d{1,10}):)?(\d{1,2}):(\d{2}(?:[.,]\d{1,9})?)$")
_ISO = re.compile(
    r"^P(?:(\d{1,10})D)?T?(?:(\d{1,10})H)?(?:(\d{1,10})M)?(?:(\d{1,10}(?:\.\d{1,9})?)S)?$"
)


def seconds(text: str) -> float | None:
    """Seconds of `12.5`, `01:02`, `1:02:03,450` or `PT1M2.5S`; `None` if it is no time."""
    text = text.strip().strip("[]()")
    if clock := _CLOCK.match(text):
        hours, minutes, rest = clock.groups()
        return int(hours or 0) * 3600 + int(minutes) * 60 + float(rest.replace(",", "."))
    if (iso := _ISO.match(text)) and any(iso.groups()):
        days, hours, minutes, rest = (float(part or 0) for part in iso.groups())
        return days * 86400 + hours * 3600 + minutes * 60 + rest
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None
