"""Turns what is known of a window into the row that one model reads, and finds what training has seen nothing like."""

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


MIN_UNKNOWN_SHARE: Final = 0.01
MIN_UNKNOWN_ROWS: Final = 20
"""Training rows without a value, as a share and as a number, from which a model is asked without it. Asked without the input that
says most, 0.9 intervals of the worlds of `infra/simulate/preferences.py` held 0.56 to 0.91 of the truths where it was unknown in
fewer than 9 training rows, and 0.84 to 0.93 from 19 rows on."""

Numbers = Mapping[str, float | None]
Texts = Mapping[str, str | None]


class _Column(NamedTuple):
    name: str
    ranks: dict[str, float] | None
    """Of a category, the place of each text; None for a number."""
    low: float
    high: float
    others: frozenset[str]
    """Of a category, the texts that training has seen and that have no place."""
    may_be_unknown: bool


class ModelInputs:
    """The columns of one model, by its card."""

    def __init__(self, card: ModelCard) -> None:
        self._columns = [_column(name, card) for name in card.features]
        most = card.unknown_at_once
        self._unknown_at_once = len(card.features) if most is None else most

    def row(self, numbers: Numbers, texts: Texts) -> "NDArray[np.float32]":
        """Returns the row: float32 (1, features), NaN for an unknown number, -1 for an unknown category."""
        values: list[float] = []
        for name, ranks, _, _, _, _ in self._columns:
            if ranks is None:
                number = numbers.get(name)
                values.append(NAN if number is None or abs(number) > MAX_FLOAT32 else number)
            else:
                text = texts.get(name)
                values.append(UNKNOWN_PLACE if text is None else ranks.get(text, UNKNOWN_PLACE))
        return np.array([values], dtype=np.float32)

    def outside(self, numbers: Numbers, texts: Texts) -> str | None:
        """Returns the name of the first feature that the model has seen no such value of; None if there is none.

        An unknown value is such a one where training hardly ever saw the feature unknown, or so many features at once: what the
        model answers then, it has learned from nobody.
        """
        unknown = 0
        for name, ranks, low, high, others, may_be_unknown in self._columns:
            if is_unknown(numbers.get(name) if ranks is None else texts.get(name)):
                unknown += 1
                if not may_be_unknown or unknown > self._unknown_at_once:
                    return name
            elif ranks is None:
                number = numbers.get(name)
                if number is not None and not low <= number <= high:
                    return name
            elif (text := texts.get(name)) is not None and text not in ranks and text not in others:
                return name
        return None


def is_unknown(value: float | str | None) -> bool:
    """
    >>> is_unknown(None), is_unknown(NAN), is_unknown(0.0), is_unknown("")
    (True, True, False, False)
    """
    return value is None or value != value


def is_enough(rows: float, of: int) -> bool:
    """Whether a model has learned of what so many of its training rows have.

    >>> is_enough(20, 2_000), is_enough(19, 1_000), is_enough(20, 2_001)
    (True, False, False)
    """
    return rows >= MIN_UNKNOWN_ROWS and rows >= MIN_UNKNOWN_SHARE * of


def _column(name: str, card: ModelCard) -> _Column:
    share, of = card.unknown_shares.get(name), card.training_rows
    # A share is a fraction of two whole numbers: the product is the first of them again.
    may_be_unknown = share is None or of is None or is_enough(round(share * of), of)
    if name in card.categories:
        ranks = {text: float(place) for place, text in enumerate(card.categories[name])}
        return _Column(name, ranks, 0.0, 0.0, frozenset(card.other_texts.get(name, ())), may_be_unknown)
    low, high = card.ranges.get(name, (-np.inf, np.inf))
    return _Column(name, None, low, high, frozenset(), may_be_unknown)
