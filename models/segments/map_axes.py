"""Finds the two axes along which segments differ most, for a map of them.

Without numpy: the gateway, which draws the map for the console, has none.
"""

from collections.abc import Sequence
from math import atan2, cos, sin
from typing import Final, NamedTuple

from models.segments.columns import scaled
from schemas.segments import Segment

Matrix = list[list[float]]

MAX_SWEEPS: Final = 50
"""Jacobi's method needs about six for a dozen features."""

NEGLIGIBLE: Final = 1e-12
"""Share of the greatest variance below which an axis is rounding: two segments differ along one line only."""

TELLING: Final = 0.3
"""Least part of a feature in an axis that is named by it."""


class SegmentMap(NamedTuple):
    """The place of each segment along two axes, in spreads, and the words for each axis: the features that it follows most."""

    places: list[tuple[float, float]]
    words: tuple[str, str]


def principal_axes(segments: Sequence[Segment]) -> SegmentMap:
    """Places segments along the principal axes of their centres, weighted by the segments' shares."""
    first = segments[0]
    names = [name for name in first.centroid if all(name in each.centroid for each in segments)]
    points = [
        [scaled(each.centroid[name], first.scales.get(name)) / first.spread[name] for name in names]
        for each in segments
    ]
    weights = [max(each.share, 1e-6) for each in segments]
    total = sum(weights)
    means = [
        sum(w * row[column] for w, row in zip(weights, points, strict=True)) / total for column in range(len(names))
    ]
    centred = [[value - mean for value, mean in zip(row, means, strict=True)] for row in points]
    covariance = [
        [sum(w * row[i] * row[j] for w, row in zip(weights, centred, strict=True)) / total for j in range(len(names))]
        for i in range(len(names))
    ]
    axes = [*_main_axes(covariance), [0.0] * len(names), [0.0] * len(names)][:2]
    across, up = ([sum(a * b for a, b in zip(row, axis, strict=True)) for row in centred] for axis in axes)
    return SegmentMap(list(zip(across, up, strict=True)), (_words(axes[0], names), _words(axes[1], names)))


def _main_axes(covariance: Matrix) -> list[list[float]]:
    """The directions of the two greatest variances, fewer where nothing varies."""
    variances, axes = eigen(covariance)
    order = sorted(range(len(variances)), key=lambda place: -variances[place])[:2]
    least = NEGLIGIBLE * max(variances, default=0.0)
    found = []
    for place in order:
        if variances[place] <= least:
            continue
        axis = [row[place] for row in axes]
        # The sign of an axis is arbitrary: its greatest part points right, and up.
        greatest = max(axis, key=abs)
        found.append(axis if greatest > 0.0 else [-part for part in axis])
    return found


def eigen(symmetric: Matrix) -> tuple[list[float], Matrix]:
    """The eigenvalues of a symmetric matrix, and its eigenvectors as columns, in no order.

    Source: Jacobi (1846), Journal für die reine und angewandte Mathematik 30, 51-94.

    >>> values, _ = eigen([[2.0, 1.0], [1.0, 2.0]])
    >>> sorted(round(value, 9) for value in values)
    [1.0, 3.0]
    """
    size = len(symmetric)
    a = [list(row) for row in symmetric]
    vectors = [[float(i == j) for j in range(size)] for i in range(size)]
    whole = sum(value * value for row in a for value in row)
    for _ in range(MAX_SWEEPS):
        # Not `** 2`, which raises where the square is too large: the map of a far centre is no reason to stop.
        beside = sum(a[i][j] * a[i][j] for i in range(size) for j in range(size) if i != j)
        if beside <= 1e-30 * whole:
            break
        for p in range(size - 1):
            for q in range(p + 1, size):
                if a[p][q] != 0.0:
                    _rotate(a, vectors, p, q)
    return [a[i][i] for i in range(size)], vectors


def _rotate(a: Matrix, vectors: Matrix, p: int, q: int) -> None:
    """Makes a[p][q] 0 by a rotation in the plane of p and q."""
    angle = 0.5 * atan2(2.0 * a[p][q], a[q][q] - a[p][p])
    c, s = cos(angle), sin(angle)
    for k in range(len(a)):
        a[k][p], a[k][q] = c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]
    for k in range(len(a)):
        a[p][k], a[q][k] = c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]
    for row in vectors:
        row[p], row[q] = c * row[p] - s * row[q], s * row[p] + c * row[q]


def _words(axis: Sequence[float], names: Sequence[str]) -> str:
    order = sorted(range(len(names)), key=lambda index: (-abs(axis[index]), index))
    telling = [index for index in order[:2] if abs(axis[index]) > TELLING]
    return ", ".join(("more " if axis[index] > 0 else "less ") + names[index] for index in telling) or "nothing more"
