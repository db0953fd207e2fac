"""Reads durations of the command line."""

import re
from typing import Final

_UNITS_MS: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


class DurationError(ValueError):
    """Raised for a text that is no duration; the message names the option and an example."""


def duration_ms(text: str, option: str = "--last") -> int:
    """Milliseconds of the value of an option, such as 60m. Raises `DurationError`.

    >>> duration_ms("90s"), duration_ms("7d")
    (90000, 604800000)
    """
    found = re.fullmatch(r"([0-9]{1,6})([smhd])", text)
    if found is None or int(found[1]) == 0:
        raise DurationError(f"{option} {text}: give a number above 0 with s, m, h or d, as 60m or 7d")
    return int(found[1]) * _UNITS_MS[found[2]]
