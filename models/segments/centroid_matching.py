"""Matches new centroids to old ones with the least total distance.

For two periods without common members, where ids cannot be told by them. Source: Kuhn (1955), the Hungarian method, in the
shortest augmenting path form of Jonker and Volgenant (1987).
"""

from math import inf, sqrt
from typing import Final

import numpy as np

from models.segments.mini_batch import Floats, squared_distances

FAR: Final = 1e9
"""Spreads between two centroids that share no known feature: the costs of an assignment have to be finite."""


def matched(old: Floats, new: Floats) -> tuple[dict[int, int], float]:
    """The old centroid of each new one, and the total distance. Where there are fewer old ones, some have none."""
    distances = np.minimum(np.sqrt(squared_distances(new, old)), FAR)
    if len(new) <= len(old):
        pairs = _assignment(distances.tolist())
        found = dict(enumerate(pairs))
    else:
        found = {column: row for row, column in enumerate(_assignment(distances.T.tolist()))}
    return found, sum(float(distances[each, partner]) for each, partner in found.items())


def _assignment(costs: list[list[float]]) -> list[int]:
    """The column of each row at least cost; at most as many rows as columns."""
    rows, columns = len(costs), len(costs[0]) if costs else 0
    row_price, column_price = [0.0] * (rows + 1), [0.0] * (columns + 1)
    row_of, way = [0] * (columns + 1), [0] * (columns + 1)
    for row in range(1, rows + 1):
        row_of[0], column = row, 0
        least, used = [inf] * (columns + 1), [False] * (columns + 1)
        while True:
            used[column] = True
            here, delta, following = row_of[column], inf, 0
            for each in range(1, columns + 1):
                if used[each]:
                    continue
                cost = costs[here - 1][each - 1] - row_price[here] - column_price[each]
                if cost < least[each]:
                    least[each], way[each] = cost, column
                if least[each] < delta:
                    delta, following = least[each], each
            for each in range(columns + 1):
                if used[each]:
                    row_price[row_of[each]] += delta
                    column_price[each] -= delta
                else:
                    least[each] -= delta
            column = following
            if row_of[column] == 0:
                break
        while column:
            row_of[column], column = row_of[way[column]], way[column]
    found = [0] * rows
    for column in range(1, columns + 1):
        if row_of[column]:
            found[row_of[column] - 1] = column - 1
    return found


def distance(a: Floats, b: Floats) -> float:
    return sqrt(float(squared_distances(a[None, :], b[None, :])[0, 0]))
