"""Reads what `--rename` says: which column is which feature, in which unit."""

from math import isfinite

from models.learning.errors import TrainingDataError


def renaming(text: str) -> tuple[str, str, float]:
    """Returns column, feature and factor. Raises `TrainingDataError`.

    >>> renaming("session_duration=session_age_ms*1000")
    ('session_duration', 'session_age_ms', 1000.0)
    """
    column, _, feature = text.partition("=")
    feature, separator, factor = feature.partition("*")
    try:
        number = float(factor) if separator else 1.0
    except ValueError:
        number = 0.0
    if not column or not feature or not (isfinite(number) and number > 0.0):
        raise TrainingDataError(
            f"--rename {text}: give COLUMN=FEATURE or COLUMN=FEATURE*FACTOR, as session_duration=session_age_ms*1000"
        )
    return column, feature, number
