"""Reads what `--rename` says: which column is which feature, in which unit."""

from math import isfinite
from typing import NamedTuple

from models.learning.errors import TrainingDataError
from schemas.model_cards import ModelCard


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


class Renaming(NamedTuple):
    """One `--rename` of a training: its text, the column, and the factor that brings it to the feature's unit."""

    text: str
    column: str
    factor: float


def renamings_of(card: ModelCard) -> dict[str, Renaming]:
    """Returns what a model's card says of its renamed columns, by feature. Raises `TrainingDataError`."""
    found = {}
    for text in card.options.get("rename", ()):
        column, feature, factor = renaming(text)
        found[feature] = Renaming(text, column, factor)
    return found
