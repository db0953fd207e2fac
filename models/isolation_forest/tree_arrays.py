"""Isolation Forest trees in a columnar layout, independent of the library that grew them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
NodeIndex = NDArray[np.int64]

_EULER_GAMMA: Final = float(np.euler_gamma)

_PATH_UNITS: Final = 2**20
"""Parts of a split in which out-of-bag paths are counted, as whole numbers: their sums depend on no order. No c(n) up to 512 lies
so near to the middle between two that the last digit of a logarithm could decide."""

_LN_2: Final = 0.6931471805599453
_TERMS: Final = 22


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
class TreeArrays:
    """All nodes of a forest, one array per column, one entry per node. The nodes of a tree lie together, its root first."""

    features: int
    samples: int
    """Rows that each tree was grown from."""

    tree: NodeIndex
    feature: NodeIndex
    """Index of the feature that a node splits on; 0 at a leaf."""

    threshold: Floats
    """A row goes left where its value is at most this; 0 at a leaf."""

    left: NodeIndex
    """Index of a child among all nodes; -1 at a leaf."""

    right: NodeIndex
    sample_counts: NodeIndex
    """Rows of the tree's sample that reached the node."""

    @classmethod
    def from_sklearn(cls, forest: Any) -> "TreeArrays":
        """Returns the trees of a fitted `sklearn.ensemble.IsolationForest`, splitting float32 values as it does."""
        grown = [estimator.tree_ for estimator in forest.estimators_]
        counts = np.array([tree.node_count for tree in grown])
        number = np.repeat(np.arange(len(grown)), counts)
        first = (np.cumsum(counts) - counts)[number]
        left, right, feature, threshold, sample_counts = (
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
            sample_counts=sample_counts,
        )

    @property
    def roots(self) -> NodeIndex:
        return np.flatnonzero(np.diff(self.tree, prepend=-1))

    def levels(self) -> Iterator[NodeIndex]:
        """Yields the nodes of all trees at depth 0, 1, 2 and so on."""
        nodes = self.roots
        while len(nodes):
            yield nodes
            inner = nodes[self.left[nodes] >= 0]
            nodes = np.concatenate((self.left[inner], self.right[inner]))

    def path_lengths(self) -> Doubles:
        """Returns, for each node, its depth plus c of its sample count: the path length of a row that ends there."""
        depth = np.zeros(len(self.tree), dtype=np.int64)
        for level, nodes in enumerate(self.levels()):
            depth[nodes] = level
        counts, which = np.unique(self.sample_counts, return_inverse=True)
        lengths: Doubles = depth + np.array([average_path_length(count) for count in counts])[which]
        return lengths

    def scores(self, rows: Floats) -> Doubles:
        """Scores `rows` (n, features) from 0 to 1, as the ONNX model does, many rows at once."""
        mean_paths = self.path_lengths()[self._leaves(rows)].mean(axis=1)
        scores: Doubles = np.exp2(-mean_paths / average_path_length(self.samples))
        return scores

    def out_of_bag_scores(self, rows: Floats, sampled: NodeIndex) -> Doubles:
        """Scores each row that a forest was grown over by the trees that have not seen it (Breiman 2001, Random Forests,
        Machine Learning 45, section 3.1), so that a row does not make itself ordinary. `sampled` holds the rows of each tree;
        NaN for a row that all of them have seen.

        The same bits on every processor, since a threshold follows from them that stands in commands: sums of whole numbers, and
        of floating point numbers only what IEEE 754 defines. Logarithms and powers differ in the last digit.
        """
        unseen = np.ones((len(rows), len(sampled)), dtype=np.int64)
        unseen[sampled, np.arange(len(sampled))[:, None]] = 0
        paths = _whole(self.path_lengths())[self._leaves(rows)]
        with np.errstate(invalid="ignore"):
            means = (paths * unseen).sum(axis=1) / unseen.sum(axis=1)
        return _exp2(-means / _whole(np.array(average_path_length(self.samples))))

    def _leaves(self, rows: Floats) -> NodeIndex:
        """Returns where each row (rows) ends in each tree (columns)."""
        nodes = np.tile(self.roots, (len(rows), 1))
        which = np.arange(len(rows))[:, None]
        while (inner := self.left[nodes] >= 0).any():
            goes_left = rows[which, self.feature[nodes]] <= self.threshold[nodes]
            nodes = np.where(inner, np.where(goes_left, self.left[nodes], self.right[nodes]), nodes)
        return nodes


def _whole(lengths: Doubles) -> NodeIndex:
    units: NodeIndex = np.rint(lengths * _PATH_UNITS).astype(np.int64)
    return units


def _exp2(exponents: Doubles) -> Doubles:
    """Two to the power of small `exponents` by sums and products alone: Taylor's series about the nearest whole number."""
    whole = np.rint(exponents)
    rest = (exponents - whole) * _LN_2
    power = np.ones_like(rest)
    for term in range(_TERMS, 0, -1):
        power = 1.0 + power * rest / term
    scaled: Doubles = np.ldexp(power, np.where(np.isnan(whole), 0.0, whole).astype(np.int64))
    return scaled


def _at_or_below(thresholds: Doubles) -> Floats:
    """scikit-learn compares float32 values with a float64 threshold; the next float32 at or below it splits alike."""
    rounded = thresholds.astype(np.float32)
    return np.where(rounded > thresholds, np.nextafter(rounded, np.float32(-np.inf)), rounded)
