"""Exports gradient-boosted trees to ONNX: one tree node, and before it the one-hot columns."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import AttributeProto, TensorProto, helper

from models.isolation_forest.tree_arrays import at_or_below
from models.learning.boosting import Boosting
from models.learning.columns import Doubles

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Nodes:
    """All nodes of all trees, one array per column. Nodes of a tree count from 0."""

    tree: Places
    node: Places
    left: Places
    right: Places
    feature: Places
    threshold: Doubles
    value: Doubles
    target: Places

    @property
    def leaf(self) -> NDArray[np.bool_]:
        return self.left < 0


def to_onnx(model: Boosting) -> bytes:
    """Exports the model: input `x` (rows, features) float32, output `y` (rows, 1), or (rows, classes) of probabilities.

    `x` holds NaN for an unknown number and -1 for an unknown text. Where a number is missing, each split of the tree node says
    which way the fill of training would have gone, so nothing fills anything at run time. Equal to scikit-learn but for the
    rounding of float32 sums; thresholds are rounded down to float32, which splits float32 inputs alike.
    """
    wide_nodes, source, constants = _one_hot(model)
    outputs = max(len(model.classes), 1)
    graph = helper.make_graph(
        [*wide_nodes, _ensemble(model, source, outputs)],
        "boosting",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, len(model.columns.names)])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, outputs])],
        constants,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)])
    made.ir_version = 8
    data: bytes = made.SerializeToString(deterministic=True)
    return data


def _one_hot(model: Boosting) -> tuple[list[onnx.NodeProto], str, list[onnx.TensorProto]]:
    """Returns the nodes that append the one-hot columns, the name of what they give, and their constants."""
    levels = model.one_hot.levels
    if not levels:
        return [], "x", []
    where, place = zip(*levels, strict=True)
    nodes = [
        helper.make_node("Gather", ["x", "where"], ["gathered"], axis=1),
        helper.make_node("Equal", ["gathered", "place"], ["equal"]),
        helper.make_node("Cast", ["equal"], ["hot"], to=TensorProto.FLOAT),
        helper.make_node("Concat", ["x", "hot"], ["wide"], axis=1),
    ]
    constants = [
        helper.make_tensor("where", TensorProto.INT64, [len(where)], where),
        helper.make_tensor("place", TensorProto.FLOAT, [len(place)], [float(each) for each in place]),
    ]
    return nodes, "wide", constants


def _ensemble(model: Boosting, source: str, outputs: int) -> onnx.NodeProto:
    nodes, base = _nodes(model, outputs), _base_values(model, outputs)
    leaf = nodes.leaf
    leaves = np.flatnonzero(leaf)
    made = helper.make_node(
        "TreeEnsembleRegressor",
        [source],
        ["y"],
        domain="ai.onnx.ml",
        n_targets=outputs,
        aggregate_function="SUM",
        post_transform="SOFTMAX" if model.classes else "NONE",
    )
    made.attribute.extend(
        [
            _floats("base_values", base),
            _ints("nodes_falsenodeids", np.where(leaf, 0, nodes.right)),
            _ints("nodes_featureids", np.where(leaf, 0, nodes.feature)),
            _ints("nodes_missing_value_tracks_true", _missing_goes_left(model, nodes)),
            AttributeProto(
                name="nodes_modes",
                type=AttributeProto.STRINGS,
                strings=[b"LEAF" if each else b"BRANCH_LEQ" for each in leaf.tolist()],
            ),
            _ints("nodes_nodeids", nodes.node),
            _ints("nodes_treeids", nodes.tree),
            _ints("nodes_truenodeids", np.where(leaf, 0, nodes.left)),
            _floats("nodes_values", np.where(leaf, 0.0, at_or_below(nodes.threshold))),
            _ints("target_ids", nodes.target[leaves]),
            _ints("target_nodeids", nodes.node[leaves]),
            _ints("target_treeids", nodes.tree[leaves]),
            _floats("target_weights", nodes.value[leaves]),
        ]
    )
    made.attribute.sort(key=lambda attribute: attribute.name)
    return made


def _missing_goes_left(model: Boosting, nodes: _Nodes) -> Places:
    fills = np.array([*model.one_hot.fills, *(0.0 for _ in model.one_hot.levels)])
    left: Places = (~nodes.leaf & (fills[np.where(nodes.leaf, 0, nodes.feature)] <= nodes.threshold)).astype(np.int64)
    return left


def _nodes(model: Boosting, outputs: int) -> _Nodes:
    """Lays all trees end to end; two classes share one row of trees, whose sum is the log odds of the second."""
    rate = model.trees.learning_rate
    parts = []
    for number, (tree, target) in enumerate(_trees(model)):
        count = tree.node_count
        parts.append(
            (
                np.full(count, number),
                np.arange(count),
                tree.children_left,
                tree.children_right,
                tree.feature,
                tree.threshold,
                tree.value[:, 0, 0] * rate,
                np.full(count, 1 if outputs == 2 else target),
            )
        )
    return _Nodes(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _trees(model: Boosting) -> list[tuple[Any, int]]:
    return [(each.tree_, target) for stage in model.trees.estimators_ for target, each in enumerate(stage)]


def _base_values(model: Boosting, outputs: int) -> Doubles:
    """Returns what stands before the first tree: the whole sum for one row without that of its trees."""
    row = np.zeros((1, len(model.one_hot.names)), dtype=np.float32)
    raw = model.trees.decision_function(row) if model.classes else model.trees.predict(row)
    start = np.array(raw, dtype=np.float64).reshape(-1)
    for stage in model.trees.estimators_:
        start -= model.trees.learning_rate * np.array([each.predict(row)[0] for each in stage])
    return np.array([0.0, start[0]]) if outputs == 2 else start


def _ints(name: str, values: Places) -> AttributeProto:
    return AttributeProto(name=name, type=AttributeProto.INTS, ints=values.tolist())


def _floats(name: str, values: NDArray[Any]) -> AttributeProto:
    return AttributeProto(name=name, type=AttributeProto.FLOATS, floats=values.tolist())
