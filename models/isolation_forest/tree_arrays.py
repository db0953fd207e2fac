"""The trees of an Isolation Forest as columns of nodes, whoever grew them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Places = NDArray[np.int64]

_EULER_GAMMA: Final = float(np.euler_gamma)


def average_path_length(samples: float) -> float:
    """Mean depth of an unsuccessful search in a binary tree of so many samples: c(n) of Liu et al. (2008), equation 1.

    >>> round(average_path_length(256), 4)
    10.2448
    """
    if samples <= 1:
        return 0.0
    if samples == 2:
        return 1.0
    return 2.0 * (float(np.log(samples - 1.0)) + _EULER_GAMMA) - 2.0 * (samples - 1.0) / samples


@dataclass(frozen=True, slots=True)
class Trees:
    """All nodes of a forest, each column one entry a node. The nodes of a tree lie together, its root first."""

    features: int
    samples: int
    """Rows that each tree has seen."""

    tree: Places
    feature: Places
    """What a node splits on; 0 at a leaf."""

    threshold: Floats
    """A row goes left where its value is at most this; 0 at a leaf."""

    left: Places
    """Place of a child among all nodes; -1 at a leaf."""

    right: Places
    held: Places
    """Rows seen by a tree that came to the node."""

    @classmethod
    def of(cls, forest: Any) -> "Trees":
        """The trees of a fitted `sklearn.ensemble.IsolationForest`, splitting float32 values as it does."""
        grown = [estimator.tree_ for estimator in forest.estimators_]
        counts = np.array([tree.node_count for tree in grown])
        number = np.repeat(np.arange(len(grown)), counts)
        first = (np.cumsum(counts) - counts)[number]
        left, right, feature, threshold, held = (
            np.concatenate([getattr(tree, name) for tree in grown])
            for name in ("children_left", "children_right", "feature", "threshold", "n_node_samples")
        )
        leaf = left < 0
        columns = np.array(forest.estimators_features_)
        return cls(
            features=int(forest.n_features_in_),
            samples=int(forest.max_samples_),
            tree=number,
            feature=np.where(leaf, 0, columns[number, feature]),
            threshold=np.where(leaf, np.float32(0.0), _at_or_below(threshold)),
            left=np.where(leaf, -1, left + first),
            right=np.where(leaf, -1, right + first),
            held=held,
        )

    @property
    def roots(self) -> Places:
        return np.flatnonzero(np.diff(self.tree, prepend=-1))

    def levels(self) -> Iterator[Places]:
        """The nodes of all trees at depth 0, 1, 2 and so on."""
        nodes = self.roots
        while len(nodes):
            yield nodes
            inner = nodes[self.left[nodes] >= 0]
            nodes = np.concatenate((self.left[inner], self.right[inner]))

    def path_lengths(self) -> Doubles:
        """For each node its depth plus c of what it holds: how far a row has come that ends there."""
        depth = np.zeros(len(self.tree), dtype=np.int64)
        for level, nodes in enumerate(self.levels()):
            depth[nodes] = level
        counts, which = np.unique(self.held, return_inverse=True)
        lengths: Doubles = depth + np.array([average_path_length(count) for count in counts])[which]
        return lengths

    def scores(self, rows: Floats) -> Doubles:
        """How anomalous each of `rows` (n, features) is, 0 to 1: what the model says of it, for many rows at once."""
        places = np.tile(self.roots, (len(rows), 1))
        which = np.arange(len(rows))[:, None]
        while (inner := self.left[places] >= 0).any():
            goes_left = rows[which, self.feature[places]] <= self.threshold[places]
            places = np.where(inner, np.where(goes_left, self.left[places], self.right[places]), places)
        mean = self.path_lengths()[places].mean(axis=1)
        scores: Doubles = np.exp2(-mean / average_path_length(self.samples))
        return scores


def _at_or_below(thresholds: Doubles) -> Floats:
    """scikit-learn compares float32 values with a float64 threshold; the next float32 at or below it splits alike."""
    rounded = thresholds.astype(np.float32)
    return np.where(rounded > thresholds, np.nextafter(rounded, np.float32(-np.inf)), rounded)
