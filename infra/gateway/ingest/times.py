"""Reads times as senders write them."""

import math
from datetime import UTC, datetime
from typing import Any, Final

from schemas.events import EARLIEST_MS

_MAX_SECONDS: Final = 10_000_000_000
"""Times of ten digits are seconds: as milliseconds they would lie in the first months of 1970."""


def milliseconds(given: Any) -> int | None:
    """Reads ISO 8601, or milliseconds or seconds since 1970 as a number or its digits; None for anything else.

    A number of ten digits is seconds. A leap second is the second after it, 24:00 the next midnight.

    >>> milliseconds("2026-11-22T10:00:00.250Z"), milliseconds("2026-11-22"), milliseconds("soon")
    (1795341600250, 1795305600000, None)
    >>> milliseconds("1795341600250"), milliseconds(1795341600.25), milliseconds("20261122")
    (1795341600250, 1795341600250, None)
    """
    if type(given) is str:
        text = given.strip()
        if not text.isascii() or not text.replace(".", "", 1).isdigit():
            return _iso_milliseconds(text)
        if len(text.partition(".")[0]) not in (10, 13):
            return None
        given = float(text)
    if not (type(given) is int or type(given) is float) or not abs(given) < 2**53:
        return None
    return math.floor(given * 1000 if EARLIEST_MS / 1000 <= given < _MAX_SECONDS else given)


def _iso_milliseconds(text: str) -> int | None:
    if len(text) > 64:
        return None
    text = text.removesuffix(" UTC").removesuffix(" GMT") + ("Z" if text.endswith((" UTC", " GMT")) else "")
    text = text.replace("z", "Z").replace("t", "T")
    late_s = 0
    if (at := text.find(":60", 14)) == 16:
        text, late_s = text[:at] + ":59" + text[at + 3 :], 1
    elif text[10:13] in ("T24", " 24") and text[13:].strip(":0.Z") == "":
        text, late_s = text[:11] + "00" + text[13:], 86_400
    try:
        at_time = datetime.fromisoformat(text)
        aware = at_time if at_time.tzinfo else at_time.replace(tzinfo=UTC)
        return round(aware.timestamp() * 1000) + late_s * 1000
    except (ValueError, OverflowError):
        return None
