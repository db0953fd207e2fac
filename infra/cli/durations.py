"""Reads durations of the command line."""

from models.learning.errors import TrainingDataError

_UNITS_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}


def duration_ms(text: str) -> int:
    """Milliseconds of a time such as 7d. Raises `TrainingDataError`.

    >>> duration_ms("7d")
    604800000
    """
    count, unit = text[:-1], text[-1:]
    if not count.isdecimal() or unit not in _UNITS_MS or len(count) > 6:
        raise TrainingDataError(f"--last {text}: give a number with m, h or d, as 7d")
    return int(count) * _UNITS_MS[unit]
