"""Watches named numbers against a reference range: which of them have another distribution now?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.drift import kolmogorov_smirnov
from models.drift.population_stability import bin_shares, index_of, threshold, value_edges

Floats = NDArray[np.float64]

LEVEL: Final = 0.001
"""Probability that a look at an undrifted range raises any alarm, over all numbers together (Bonferroni)."""

MIN_ROWS: Final = 30
"""Known values below which a number is not judged: three for each tenth of the reference."""


@dataclass(frozen=True, slots=True)
class Finding:
    """How a number or a category compares with its reference range. It has drifted where both tests say so.

    `changed` says of a category which text has changed most.
    """

    subject: str
    psi: float
    psi_threshold: float
    distance: float
    p: float
    rows: int
    has_drifted: bool = True
    changed: str | None = None


class DriftWatch:
    """Two tests must agree. The chi-square threshold of PSI is too low for small samples, where a bin may be empty by chance; the
    Kolmogorov-Smirnov test is exact there, but finds far less where only the tails change.
    """

    def __init__(self, references: Mapping[str, Sequence[float] | Floats], level: float = LEVEL) -> None:
        """`references` hold the values of the reference range by name, NaN where unknown."""
        self._references: dict[str, Floats] = {}
        for name, values in sorted(references.items()):
            known = _known(values)
            if len(known) >= MIN_ROWS:
                self._references[name] = known
        self._edges = {name: value_edges(values) for name, values in self._references.items()}
        self._level = level / max(1, len(self._references))

    @property
    def subjects(self) -> list[str]:
        """The names that can be judged."""
        return list(self._references)

    def look(self, current: Mapping[str, Sequence[float] | Floats]) -> list[Finding]:
        """What has drifted in a range of values that the reference does not share, most drifted first."""
        return [each for each in self.judge(current) if each.has_drifted]

    def judge(self, current: Mapping[str, Sequence[float] | Floats]) -> list[Finding]:
        """All numbers of which enough values are known, drifted or not, by falling PSI."""
        found = []
        for name, reference in self._references.items():
            values = _known(current.get(name, ()))
            if len(values) < MIN_ROWS:
                continue
            distance = kolmogorov_smirnov.statistic(reference, values)
            p = kolmogorov_smirnov.p_value(distance, len(reference), len(values))
            edges = self._edges[name]
            psi = index_of(bin_shares(reference, edges), bin_shares(values, edges))
            # A constant has one bin, and no PSI: there the exact test decides alone.
            limit = threshold(len(edges) + 1, len(reference), len(values), self._level) if len(edges) else 0.0
            has_drifted = p < self._level and psi >= limit
            found.append(Finding(name, psi, limit, distance, p, len(values), has_drifted))
        return sorted(found, key=lambda each: (-each.psi, each.subject))


def _known(values: Sequence[float] | Floats) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    return np.asarray(array[np.isfinite(array)])
