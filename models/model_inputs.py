"""Turns what is known of a window into the row that one model reads, and finds what lies outside of its training range."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.feature import NAN
from schemas.model_cards import ModelCard

UNKNOWN_PLACE: Final = -1.0
"""Stands for a text without a place, and for none at all. One-hot, both are all zeros."""

MAX_FLOAT32: Final = float(np.finfo(np.float32).max)
"""Models read single precision: a number beyond, of either sign, is read as an unknown one, in training and in the job."""


class _Column(NamedTuple):
    name: str
    ranks: dict[str, float] | None
    """Of a category, the place of each text; None for a number."""
    low: float
    high: float
    others: frozenset[str]
    """Of a category, the texts that training has seen and that have no place."""


class ModelInputs:
    """The columns of one model, by its card."""

    def __init__(self, card: ModelCard) -> None:
        self._columns = [_column(name, card) for name in card.features]

    def row(self, numbers: Mapping[str, float | None], texts: Mapping[str, str | None]) -> "NDArray[np.float32]":
        """Returns the row: float32 (1, features), NaN for an unknown number, -1 for an unknown category."""
        values: list[float] = []
        for name, ranks, _, _, _ in self._columns:
            if ranks is None:
                number = numbers.get(name)
                values.append(NAN if number is None or abs(number) > MAX_FLOAT32 else number)
            else:
                text = texts.get(name)
                values.append(UNKNOWN_PLACE if text is None else ranks.get(text, UNKNOWN_PLACE))
        return np.array([values], dtype=np.float32)

    def outside(self, numbers: Mapping[str, float | None], texts: Mapping[str, str | None]) -> str | None:
        """Returns the name of the first feature that the model has seen no such value of; None if there is none.

        What is unknown is not outside: the model has learned of that, too.
        """
        for name, ranks, low, high, others in self._columns:
            if ranks is None:
                number = numbers.get(name)
                if number is not None and not low <= number <= high:
                    return name
            elif (text := texts.get(name)) is not None and text not in ranks and text not in others:
                return name
        return None


def _column(name: str, card: ModelCard) -> _Column:
    if name in card.categories:
        ranks = {text: float(place) for place, text in enumerate(card.categories[name])}
        return _Column(name, ranks, 0.0, 0.0, frozenset(card.other_texts.get(name, ())))
    low, high = card.ranges.get(name, (-np.inf, np.inf))
    return _Column(name, None, low, high, frozenset())
