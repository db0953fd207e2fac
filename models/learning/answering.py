"""Finds out which rows the job would answer: those of which no input lies outside of the model's training range."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.learning.examples import MIN_SESSIONS, Examples
from models.model_inputs import ModelInputs
from schemas.model_cards import ModelCard


@dataclass(frozen=True, slots=True)
class Answered:
    """`rows` (rows,) says of each row whether the job would answer it; `outside` counts the others by the first input that lies
    outside of its range."""

    rows: NDArray[np.bool_]
    outside: Counter[str]

    @property
    def share(self) -> float:
        """Share of the rows that would be answered, 0 to 1."""
        return float(self.rows.mean())


def find_answered(card: ModelCard, rows: Examples) -> Answered:
    """Asks of each row what the job asks of a window. Raises `TrainingDataError` where the rows lack an input."""
    inputs, given = ModelInputs(card), rows.only(card.features)
    columns = [_as_the_job_knows(given.column(name)) for name in card.features]
    found = []
    for values in zip(*columns, strict=True):
        known = dict(zip(card.features, values, strict=True))
        found.append(inputs.outside(known, known))
    return Answered(np.array([each is None for each in found]), Counter(each for each in found if each is not None))


def can_judge(rows: Examples) -> bool:
    """Whether the rows are of enough sessions for an interval that says something."""
    sessions = len(rows) if rows.sessions is None else len(set(rows.sessions.tolist()))
    return sessions >= MIN_SESSIONS


def _as_the_job_knows(column: NDArray[Any]) -> list[Any]:
    """Texts as they are, and None instead of NaN: the job has no number then."""
    return [None if value != value else value for value in column.tolist()]
