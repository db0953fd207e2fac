"""Fits an Isolation Forest with scikit-learn and exports one to ONNX. Needs both libraries; `scorer.py` does not."""

from typing import Final

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, helper
from sklearn.ensemble import IsolationForest

from models.isolation_forest.tree_arrays import Doubles, Floats, NodeIndex, TreeArrays, average_path_length

TREES: Final = 100
SAMPLES: Final = 256
"""Rows per tree, the size of Liu, Ting and Zhou (2008), Isolation Forest, ICDM."""


def fit(rows: Floats, seed: int) -> IsolationForest:
    """Fits a forest over `rows` (n, features). The same rows in the same order with the same seed give the same forest."""
    forest = IsolationForest(n_estimators=TREES, max_samples=min(SAMPLES, len(rows)), random_state=seed, n_jobs=1)
    return forest.fit(rows)


def to_onnx(forest: IsolationForest | TreeArrays) -> bytes:
    """Exports the forest to ONNX: inputs `x` (n, features) float32 and `explain` (bool), outputs `score` (n, 1) and
    `contribution` (n, features), empty unless asked for.

    `score` is 2^(-E[depth]/c), as in the paper and as minus scikit-learn's `score_samples`: one TreeEnsembleRegressor whose
    leaves weigh their depth plus c of their sample count. The usual export computes the depth outside of the trees and
    is 190 times slower on one row.

    `contribution` splits E[depth] at the root minus E[depth] at the leaf, in units of c, over the features split on
    along the way (Saabas 2014, "Interpreting random forests"): positive where a feature made the row easier to isolate.
    """
    trees = forest if isinstance(forest, TreeArrays) else TreeArrays.from_sklearn(forest)
    features, nodes = trees.features, _nodes(trees)
    path = trees.path_lengths()
    leaves = np.flatnonzero(trees.left < 0)
    gains = _gains(trees, path)[leaves]
    # Each leaf names at least one target, or the runtime refuses the model.
    gains[:, 0] += np.where((gains != 0.0).any(axis=1), 0.0, np.finfo(np.float32).tiny)
    which, targets = np.nonzero(gains)
    depths = _weights(trees, leaves, np.zeros(len(leaves), dtype=np.int64), path[leaves])
    parts = _weights(trees, leaves[which], targets, gains[which, targets])
    normaliser = average_path_length(trees.samples) * len(trees.roots)
    explain = helper.make_graph(
        [
            _ensemble("parts", features, [*nodes, *parts]),
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
            _ensemble("depth", 1, [*nodes, *depths]),
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


def _nodes(trees: TreeArrays) -> list[AttributeProto]:
    """Returns the trees as attributes of a TreeEnsembleRegressor, which counts the nodes of each tree from 0."""
    first = trees.roots[trees.tree]
    leaf = trees.left < 0
    return [
        _ints("nodes_falsenodeids", np.where(leaf, 0, trees.right - first)),
        _ints("nodes_featureids", trees.feature),
        AttributeProto(
            name="nodes_modes",
            type=AttributeProto.STRINGS,
            strings=[b"LEAF" if each else b"BRANCH_LEQ" for each in leaf.tolist()],
        ),
        _ints("nodes_nodeids", np.arange(len(first)) - first),
        _ints("nodes_treeids", trees.tree),
        _ints("nodes_truenodeids", np.where(leaf, 0, trees.left - first)),
        _floats("nodes_values", trees.threshold),
    ]


def _weights(trees: TreeArrays, leaves: NodeIndex, targets: NodeIndex, weights: Doubles) -> list[AttributeProto]:
    """Returns the weights of leaves and their targets as attributes."""
    return [
        _ints("target_ids", targets),
        _ints("target_nodeids", leaves - trees.roots[trees.tree[leaves]]),
        _ints("target_treeids", trees.tree[leaves]),
        _floats("target_weights", weights),
    ]


def _gains(trees: TreeArrays, path: Doubles) -> Doubles:
    """Returns, for each node (rows), by how much each feature (columns) shortened the expected path on the way to it."""
    inner = [nodes[trees.left[nodes] >= 0] for nodes in trees.levels()]
    expected = path.copy()
    for nodes in reversed(inner):
        yes, no = trees.left[nodes], trees.right[nodes]
        left, right = trees.sample_counts[yes], trees.sample_counts[no]
        expected[nodes] = (left * expected[yes] + right * expected[no]) / (left + right)
    gains = np.zeros((len(path), trees.features))
    for nodes in inner:
        for children in (trees.left[nodes], trees.right[nodes]):
            gains[children] = gains[nodes]
            gains[children, trees.feature[nodes]] += expected[nodes] - expected[children]
    return gains


def _ensemble(output: str, targets: int, columns: list[AttributeProto]) -> onnx.NodeProto:
    made = helper.make_node(
        "TreeEnsembleRegressor",
        ["x"],
        [output],
        domain="ai.onnx.ml",
        n_targets=targets,
        aggregate_function="SUM",
        post_transform="NONE",
    )
    # Not through `make_node`: it infers the type of every single number, which takes longer than all the rest.
    made.attribute.extend(columns)
    made.attribute.sort(key=lambda attribute: attribute.name)
    return made


def _ints(name: str, values: NodeIndex) -> AttributeProto:
    return AttributeProto(name=name, type=AttributeProto.INTS, ints=values.tolist())


def _floats(name: str, values: Floats | Doubles) -> AttributeProto:
    return AttributeProto(name=name, type=AttributeProto.FLOATS, floats=values.tolist())
