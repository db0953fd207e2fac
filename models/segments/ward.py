"""Weighted Ward linkage on micro-clusters.

Source: Ward (1963), JASA 58(301), 236-244, with each micro-cluster counted as often as the rows it stands for.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from models.segments.mini_batch import Floats


@dataclass(frozen=True, slots=True)
class Merge:
    """Two groups of micro-clusters become one. `increase` is that of the within-cluster sum of squares."""

    left: tuple[int, ...]
    right: tuple[int, ...]
    increase: float

    @property
    def height(self) -> float:
        """The height as scipy and R's ward.D2 give it."""
        return sqrt(2.0 * self.increase)


def merges(points: Floats, weights: Floats) -> list[Merge]:
    """All merges, cheapest first. Of equally cheap ones, that of the group with the lowest member."""
    members: list[tuple[int, ...]] = [(index,) for index in range(len(points))]
    centres = [np.asarray(point, dtype=np.float64) for point in points]
    masses = [float(weight) for weight in weights]
    found: list[Merge] = []
    while len(members) > 1:
        increase, left, right = min(
            (_increase(centres[i], masses[i], centres[j], masses[j]), i, j)
            for i in range(len(members))
            for j in range(i + 1, len(members))
        )
        found.append(Merge(members[left], members[right], increase))
        mass = masses[left] + masses[right]
        centres[left] = (centres[left] * masses[left] + centres[right] * masses[right]) / mass
        masses[left], members[left] = mass, tuple(sorted(members[left] + members[right]))
        del centres[right], masses[right], members[right]
    return found


def _increase(first: Floats, first_mass: float, second: Floats, second_mass: float) -> float:
    difference = first - second
    return first_mass * second_mass / (first_mass + second_mass) * float(difference @ difference)


def groups(points: Floats, weights: Floats, k: int) -> list[tuple[int, ...]]:
    """The k groups that are left when merging stops, each sorted, ordered by their first member."""
    left: set[tuple[int, ...]] = {(index,) for index in range(len(points))}
    for merge in merges(points, weights)[: max(0, len(points) - k)]:
        left -= {merge.left, merge.right}
        left.add(tuple(sorted(merge.left + merge.right)))
    return sorted(left)
