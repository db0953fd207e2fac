"""Watches how often named numbers are unknown: has a sender stopped to send what they are made of?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, lgamma
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVEL: Final = 0.0001
"""Probability that a look at an undrifted range finds any rise, over all numbers together (Bonferroni). It adds to the level of
the watch for distributions, of which it is a tenth."""

MIN_RISE: Final = 0.1
"""Least rise of the share. A convention: in long ranges a far smaller rise is no chance, and no fault either."""


@dataclass(frozen=True, slots=True)
class UnknownFinding:
    """In which share of the rows a number is unknown, of the reference and of a range of `rows`. `p` is the probability of so
    large a share by chance."""

    subject: str
    reference_share: float
    share: float
    p: float
    rows: int
    has_risen: bool


class UnknownWatch:
    """Looks for rises alone: a number that becomes known more often, as habits do while they are learnt, is no fault."""

    def __init__(self, references: Mapping[str, Sequence[float] | Floats], level: float = LEVEL) -> None:
        """`references` hold the values of the reference range by name, NaN where unknown."""
        self._references = {name: _counted(values) for name, values in sorted(references.items())}
        self._level = level / max(1, len(self._references))

    def judge(self, current: Mapping[str, Sequence[float] | Floats], rows: int) -> list[UnknownFinding]:
        """All numbers that were or are unknown in any row, risen or not, by falling rise. One that is not among `current` is
        unknown in all of its `rows`."""
        found = []
        for name, (reference_unknown, reference_rows) in self._references.items():
            unknown = _counted(current[name])[0] if name in current else rows
            if not rows or not reference_rows or not reference_unknown + unknown:
                continue
            before, now = reference_unknown / reference_rows, unknown / rows
            p = rise_p(reference_unknown, reference_rows, unknown, rows)
            has_risen = now - before >= MIN_RISE and p < self._level
            found.append(UnknownFinding(name, before, now, p, rows, has_risen))
        return sorted(found, key=lambda each: (each.reference_share - each.share, each.subject))


def rise_p(reference_unknown: int, reference_rows: int, unknown: int, rows: int) -> float:
    """The probability of at least so many unknown among `rows`, given how many there are in both together: Fisher's exact test,
    which holds for the smallest samples.

    Fisher's tea: of four cups with milk first, three are told, and one of the other four is not.

    >>> round(rise_p(1, 4, 3, 4), 6)
    0.242857
    """
    total = reference_unknown + unknown
    all_ways = _log_ways(reference_rows + rows, total)
    counts = range(unknown, min(rows, total) + 1)
    return min(1.0, sum(exp(_log_ways(rows, k) + _log_ways(reference_rows, total - k) - all_ways) for k in counts))


def _log_ways(of: int, chosen: int) -> float:
    """The logarithm of the binomial coefficient."""
    return lgamma(of + 1) - lgamma(chosen + 1) - lgamma(of - chosen + 1)


def _counted(values: Sequence[float] | Floats) -> tuple[int, int]:
    """How many are unknown, and how many there are."""
    array = np.asarray(values, dtype=np.float64)
    return int(np.count_nonzero(~np.isfinite(array))), len(array)
