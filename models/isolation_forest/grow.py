"""Grows an Isolation Forest in numpy: all trees at once, level by level."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.isolation_forest.tree_arrays import Doubles, Floats, NodeIndex, TreeArrays

_GREATEST: Final = np.finfo(np.float32).max


def grow_trees(rows: Floats, seed: int, trees: int, samples: int) -> TreeArrays:
    """Grows a forest over `rows` (n, features) by Liu, Ting and Zhou (2008), Isolation Forest, ICDM, algorithms 1 and 2.

    Each tree sees `samples` of the rows, or all where there are fewer. It splits on a feature drawn from those that still
    vary, at a value drawn from between that feature's extremes, and ends at the depth of a balanced tree. scikit-learn
    draws from the same distribution, tree by tree, which takes several times as long (`infra/bench/refit.py`). The same
    rows in the same order with the same seed give the same forest.
    """
    random = np.random.default_rng(seed)
    rows = np.clip(rows, -_GREATEST, _GREATEST)
    samples = min(samples, len(rows))
    seen = _draw(random, len(rows), trees, samples).ravel()
    levels: list[tuple[NDArray[Any], ...]] = []
    grown = 0
    # Of each level: the tree of each node, and the values under way, in the order of the nodes they have come to.
    tree, values, node = np.arange(trees), rows[seen], np.repeat(np.arange(trees), samples)
    for remaining in range(int(np.ceil(np.log2(max(samples, 2)))), -1, -1):
        here = np.arange(len(tree))
        starts = np.searchsorted(node, here)
        sample_counts = np.diff(starts, append=len(node))
        low, high = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
        feature = np.where(high > low, random.random(low.shape), -1.0).argmax(axis=1)
        lowest, highest = low[here, feature], high[here, feature]
        splits = (lowest < highest) & (remaining > 0)
        threshold = _between(lowest, highest, random.random(len(tree)))
        grown += len(tree)
        left = np.where(splits, grown + 2 * (np.cumsum(splits) - 1), -1)
        right = np.where(splits, left + 1, -1)
        levels.append((tree, np.where(splits, feature, 0), np.where(splits, threshold, 0), left, right, sample_counts))
        if not splits.any():
            break
        stays = splits[node]
        values, node = values[stays], node[stays]
        goes_right = values[np.arange(len(node)), feature[node]] > threshold[node]
        node = left[node] - grown + goes_right
        order = np.argsort(node, kind="stable")
        values, node = values[order], node[order]
        tree = np.repeat(tree[splits], 2)
    return _by_tree(rows.shape[1], samples, [np.concatenate(column) for column in zip(*levels, strict=True)])


def sampled_rows(count: int, seed: int, trees: int, samples: int) -> NodeIndex:
    """Returns which of `count` rows each tree of `grow_trees` was grown from, one line per tree."""
    return _draw(np.random.default_rng(seed), count, trees, min(samples, count))


def _draw(random: np.random.Generator, count: int, trees: int, samples: int) -> NodeIndex:
    return np.argsort(random.random((trees, count)), axis=1)[:, :samples]


def _between(lowest: Floats, highest: Floats, share: Doubles) -> Floats:
    """Draws a value from `lowest` up to but not including `highest`, so that both children get something."""
    drawn = (lowest + share * (highest.astype(np.float64) - lowest)).astype(np.float32)
    return np.where(drawn < highest, drawn, lowest)


def _by_tree(features: int, samples: int, columns: list[NDArray[Any]]) -> TreeArrays:
    """Sorts the nodes by tree and renumbers the children."""
    order = np.argsort(columns[0], kind="stable")
    place: NodeIndex = np.empty_like(order)
    place[order] = np.arange(len(order))
    tree, feature, threshold, left, right, sample_counts = (column[order] for column in columns)
    left, right = (np.where(child >= 0, place[child], -1) for child in (left, right))
    return TreeArrays(features, samples, tree, feature, threshold.astype(np.float32), left, right, sample_counts)
