"""Isolation Forest: fitted by scikit-learn, written as ONNX. Needs both libraries; scoring (`models/forest.py`) does not."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper
from sklearn.ensemble import IsolationForest

TREES: Final = 100
SAMPLES: Final = 256
"""Rows per tree, the size of Liu, Ting and Zhou (2008), Isolation Forest, ICDM."""

_EULER_GAMMA: Final = float(np.euler_gamma)
Floats = NDArray[np.float32]


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


def fit(rows: Floats, seed: int) -> IsolationForest:
    """A forest over `rows` (n, features). The same rows in the same order with the same seed give the same forest."""
    forest = IsolationForest(n_estimators=TREES, max_samples=min(SAMPLES, len(rows)), random_state=seed, n_jobs=1)
    return forest.fit(rows)


def to_onnx(forest: IsolationForest) -> bytes:
    """The forest as ONNX: inputs `x` (n, features) float32 and `explain` (bool), outputs `score` (n, 1) and
    `contribution` (n, features), empty unless asked for.

    `score` is 2^(-E[depth]/c), as in the paper and as minus scikit-learn's `score_samples`: one TreeEnsembleRegressor whose
    leaves weigh their depth plus c of what they hold. The usual export computes the depth outside of the trees and
    is 190 times slower on one row.

    `contribution` splits E[depth] at the root minus E[depth] at the leaf, in units of c, over the features split on
    along the way (Saabas 2014, "Interpreting random forests"): positive where a feature made the row easier to isolate.
    """
    features = forest.n_features_in_
    trees = [
        _Tree.of(estimator.tree_, columns, features)
        for estimator, columns in zip(forest.estimators_, forest.estimators_features_, strict=True)
    ]
    nodes = {
        f"nodes_{name}": _joined(getattr(tree, name) for tree in trees)
        for name in ("nodeids", "featureids", "values", "truenodeids", "falsenodeids")
    }
    nodes["nodes_treeids"] = _numbered(tree.nodeids for tree in trees)
    nodes["nodes_modes"] = [mode for tree in trees for mode in tree.modes]
    normaliser = float(average_path_length(forest.max_samples_)) * len(trees)
    explain = helper.make_graph(
        [
            _ensemble("parts", features, nodes, [tree.parts for tree in trees]),
            helper.make_node("Div", ["parts", "normaliser"], ["explained"]),
        ],
        "explain",
        [],
        [helper.make_tensor_value_info("explained", TensorProto.FLOAT, [None, features])],
    )
    leave = helper.make_graph(
        [helper.make_node("Identity", ["nothing"], ["unexplained"])],
        "leave",
        [],
        [helper.make_tensor_value_info("unexplained", TensorProto.FLOAT, [None, features])],
    )
    graph = helper.make_graph(
        [
            _ensemble("depth", 1, nodes, [tree.depths for tree in trees]),
            helper.make_node("Div", ["depth", "normaliser"], ["relative"]),
            helper.make_node("Neg", ["relative"], ["negative"]),
            helper.make_node("Pow", ["two", "negative"], ["score"]),
            # Runtimes compute every output of a model, wanted or not; a branch only if it is taken.
            helper.make_node("If", ["explain"], ["contribution"], then_branch=explain, else_branch=leave),
        ],
        "isolation_forest",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, features]),
            helper.make_tensor_value_info("explain", TensorProto.BOOL, []),
        ],
        [
            helper.make_tensor_value_info("score", TensorProto.FLOAT, [None, 1]),
            helper.make_tensor_value_info("contribution", TensorProto.FLOAT, [None, features]),
        ],
        [
            helper.make_tensor("normaliser", TensorProto.FLOAT, [1], [normaliser]),
            helper.make_tensor("two", TensorProto.FLOAT, [1], [2.0]),
            helper.make_tensor("nothing", TensorProto.FLOAT, [0, features], []),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)])
    model.ir_version = 8
    data: bytes = model.SerializeToString()
    return data


@dataclass(frozen=True, slots=True)
class _Weights:
    """What leaves weigh: (leaf, target, weight), one row each."""

    nodeids: NDArray[np.int64]
    ids: NDArray[np.int64]
    weights: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Tree:
    """One tree in the columns of a TreeEnsembleRegressor."""

    nodeids: NDArray[np.int64]
    featureids: NDArray[np.int64]
    values: NDArray[np.float64]
    modes: list[str]
    truenodeids: NDArray[np.int64]
    falsenodeids: NDArray[np.int64]
    depths: _Weights
    parts: _Weights

    @classmethod
    def of(cls, tree: Any, columns: NDArray[np.int64], features: int) -> "_Tree":
        leaf = tree.children_left < 0
        feature = np.where(leaf, 0, columns[tree.feature])
        depth = _depths(tree)
        counts, which = np.unique(tree.n_node_samples, return_inverse=True)
        held = np.array([average_path_length(count) for count in counts])[which]
        leaves = np.flatnonzero(leaf)
        path = depth + held
        gains = _gains(tree, depth, path, feature, features)[leaves]
        # Each leaf names at least one target, or the runtime refuses the model.
        gains[:, 0] += np.where((gains != 0.0).any(axis=1), 0.0, np.finfo(np.float32).tiny)
        rows, targets = np.nonzero(gains)
        return cls(
            nodeids=np.arange(tree.node_count),
            featureids=feature,
            values=np.where(leaf, 0.0, _as_float32_below(tree.threshold)),
            modes=["LEAF" if each else "BRANCH_LEQ" for each in leaf],
            truenodeids=np.maximum(tree.children_left, 0),
            falsenodeids=np.maximum(tree.children_right, 0),
            depths=_Weights(leaves, np.zeros(len(leaves), dtype=np.int64), path[leaves]),
            parts=_Weights(leaves[rows], targets, gains[rows, targets]),
        )


def _depths(tree: Any) -> NDArray[np.int64]:
    depth = np.zeros(tree.node_count, dtype=np.int64)
    level, nodes = 0, np.zeros(1, dtype=np.int64)
    while len(nodes):
        depth[nodes] = level
        level += 1
        inner = nodes[tree.children_left[nodes] >= 0]
        nodes = np.concatenate((tree.children_left[inner], tree.children_right[inner]))
    return depth


def _gains(
    tree: Any, depth: NDArray[np.int64], path: NDArray[np.float64], feature: NDArray[np.int64], features: int
) -> NDArray[np.float64]:
    """For each node, how much shorter each feature has made the expected path on the way to it."""
    inner = tree.children_left >= 0
    expected = path.copy()
    gains = np.zeros((tree.node_count, features))
    for level in range(int(depth.max()) - 1, -1, -1):
        nodes = np.flatnonzero(inner & (depth == level))
        yes, no = tree.children_left[nodes], tree.children_right[nodes]
        left, right = tree.n_node_samples[yes], tree.n_node_samples[no]
        expected[nodes] = (left * expected[yes] + right * expected[no]) / (left + right)
    for level in range(int(depth.max())):
        nodes = np.flatnonzero(inner & (depth == level))
        for children in (tree.children_left[nodes], tree.children_right[nodes]):
            gains[children] = gains[nodes]
            gains[children, feature[nodes]] += expected[nodes] - expected[children]
    return gains


def _as_float32_below(thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    """scikit-learn compares float32 values with a float64 threshold; the next float32 at or below it splits alike."""
    rounded = thresholds.astype(np.float32)
    below = np.nextafter(rounded, np.float32(-np.inf))
    return np.where(rounded > thresholds, below, rounded).astype(np.float64)


def _joined(parts: Iterable[NDArray[Any]]) -> list[Any]:
    joined: list[Any] = np.concatenate(list(parts)).tolist()
    return joined


def _numbered(parts: Iterable[NDArray[Any]]) -> list[Any]:
    return _joined(np.full(len(part), number) for number, part in enumerate(parts))


def _ensemble(output: str, targets: int, nodes: dict[str, Any], weights: list[_Weights]) -> onnx.NodeProto:
    return helper.make_node(
        "TreeEnsembleRegressor",
        ["x"],
        [output],
        domain="ai.onnx.ml",
        n_targets=targets,
        aggregate_function="SUM",
        post_transform="NONE",
        target_treeids=_numbered(part.nodeids for part in weights),
        target_nodeids=_joined(part.nodeids for part in weights),
        target_ids=_joined(part.ids for part in weights),
        target_weights=_joined(part.weights for part in weights),
        **nodes,
    )
