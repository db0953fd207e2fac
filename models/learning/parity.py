"""Compares the exported model with scikit-learn's, on rows that are chosen to tell them apart."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from models.learning.boosting import Boosting
from models.learning.columns import Doubles, Floats
from models.learning.scorer import load_scorer
from models.model_inputs import UNKNOWN_PLACE

PARITY_ROWS: Final = 100_000
MAX_DIFFERENCE: Final = 1e-5

_CHANGED: Final = 0.15
"""Share of values that are replaced, by each kind of odd value."""


@dataclass(frozen=True, slots=True)
class Parity:
    """The largest difference between both over so many rows: of probabilities, or of numbers by their size where that is above 1,
    since a float32 near 450 is good for 3e-5 only."""

    rows: int
    difference: float

    @property
    def holds(self) -> bool:
        return self.difference <= MAX_DIFFERENCE


def compare(model: Boosting, artefact: bytes, seen: Floats, seed: int, rows: int = PARITY_ROWS) -> Parity:
    asked = odd_rows(model, seen, seed, rows)
    exported = load_scorer(artefact).scores(asked).astype(np.float64)
    return Parity(rows, largest_difference(model.predict(asked), exported))


def largest_difference(one: Doubles, other: Doubles) -> float:
    return float((np.abs(one - other) / np.maximum(1.0, np.abs(one))).max())


def odd_rows(model: Boosting, seen: Floats, seed: int, rows: int) -> Floats:
    """Draws rows of `seen`, and replaces values: by others of their column, by thresholds and the float32 on both sides of
    one, by what is missing or unknown, and by numbers far outside."""
    random = np.random.default_rng(seed)
    made: Floats = seen[random.integers(0, len(seen), rows)]
    for where, name in enumerate(model.columns.names):
        known = seen[:, where]
        _replace(made, where, known[random.integers(0, len(known), rows)], random)
        if name in model.columns.categories:
            beyond = float(len(model.columns.categories[name]))
            _replace(made, where, random.choice(np.array([UNKNOWN_PLACE, beyond], dtype=np.float32), rows), random)
            continue
        if len(edges := _edges(model, where)):
            _replace(made, where, random.choice(edges, rows), random)
        _replace(made, where, np.full(rows, np.nan, dtype=np.float32), random)
        far = np.array([-1e30, -1e9, -1.0, -0.0, 0.0, 1e-30, 1e9, 1e30], dtype=np.float32)
        _replace(made, where, random.choice(far, rows), random, _CHANGED / 5)
    return made


def _replace(rows: Floats, where: int, values: Floats, random: np.random.Generator, share: float = _CHANGED) -> None:
    changed = random.random(len(rows)) < share
    rows[changed, where] = values[changed]


def _edges(model: Boosting, where: int) -> Floats:
    """Returns the thresholds of an input as float32, each with its two neighbours."""
    found = [tree.threshold[tree.feature == where] for tree, _, _ in model.single_trees()]
    return with_neighbours(np.concatenate(found))


def with_neighbours(thresholds: Doubles | Floats) -> Floats:
    """Returns thresholds as float32, each once with the float32 before and after it.

    >>> with_neighbours(np.array([1.0, 1.0])).tolist()
    [0.9999999403953552, 1.0, 1.0000001192092896]
    """
    at = np.unique(thresholds.astype(np.float32))
    return np.concatenate((np.nextafter(at, np.float32(-np.inf)), at, np.nextafter(at, np.float32(np.inf))))
