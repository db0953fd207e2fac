"""Exports gradient-boosted trees to ONNX: one tree node, and before it the one-hot columns."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import AttributeProto, TensorProto, helper

from models.learning.boosting import Boosting
from models.learning.columns import Doubles, Floats

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
    """Exports the model: input `x` (rows, features) float32, output `y` (rows, 3), the number and its two
    quantiles, or (rows, classes) of probabilities.

    `x` holds NaN for an unknown number and -1 for an unknown text. Where a number is missing, each split of the tree node says
    which way the fill of training would have gone, so nothing fills anything at run time. Thresholds and sums are float64, as
    scikit-learn's: a sum of 100 float32 near 450 words would be off by a thousandth of a word.
    """
    wide_nodes, source, constants = _one_hot(model)
    outputs = len(model.classes) or 1 + len(model.quantiles)
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
    double = helper.make_node("Cast", ["x"], ["double"], to=TensorProto.DOUBLE)
    levels = model.one_hot.levels
    if not levels:
        return [double], "double", []
    where, place = zip(*levels, strict=True)
    nodes = [
        double,
        helper.make_node("Gather", ["x", "where"], ["gathered"], axis=1),
        helper.make_node("Equal", ["gathered", "place"], ["equal"]),
        helper.make_node("Cast", ["equal"], ["hot"], to=TensorProto.DOUBLE),
        helper.make_node("Concat", ["double", "hot"], ["wide"], axis=1),
    ]
    constants = [
        helper.make_tensor("where", TensorProto.INT64, [len(where)], where),
        helper.make_tensor("place", TensorProto.FLOAT, [len(place)], [float(each) for each in place]),
    ]
    return nodes, "wide", constants


def _ensemble(model: Boosting, source: str, outputs: int) -> onnx.NodeProto:
    nodes, base = _nodes(model), _base_values(model)
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
            _doubles("base_values_as_tensor", base),
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
            _doubles("nodes_values_as_tensor", np.where(leaf, 0.0, nodes.threshold)),
            _ints("target_ids", nodes.target[leaves]),
            _ints("target_nodeids", nodes.node[leaves]),
            _ints("target_treeids", nodes.tree[leaves]),
            _doubles("target_weights_as_tensor", nodes.value[leaves]),
        ]
    )
    made.attribute.sort(key=lambda attribute: attribute.name)
    return made


def _missing_goes_left(model: Boosting, nodes: _Nodes) -> Places:
    fills = np.array([*model.one_hot.fills, *(0.0 for _ in model.one_hot.levels)])
    left: Places = (~nodes.leaf & (fills[np.where(nodes.leaf, 0, nodes.feature)] <= nodes.threshold)).astype(np.int64)
    return left


def _nodes(model: Boosting) -> _Nodes:
    """Lays all trees end to end; two classes share one row of trees, whose sum is the log odds of the second."""
    parts = []
    one_sum = len(model.classes) == 2
    for number, (tree, target, rate) in enumerate(model.single_trees()):
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
                np.full(count, 1 if one_sum else target),
            )
        )
    return _Nodes(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _base_values(model: Boosting) -> Doubles:
    """Returns what stands before the first tree: the whole sum for one row without that of its trees."""
    row = np.zeros((1, len(model.one_hot.names)), dtype=np.float32)
    if model.classes:
        raw = np.array(model.trees.decision_function(row), dtype=np.float64).reshape(-1)
        return (
            np.array([0.0, *_base(model.trees, row, raw)]) if len(model.classes) == 2 else _base(model.trees, row, raw)
        )
    ensembles = (model.trees, *model.quantiles)
    return np.concatenate([_base(each, row, np.array(each.predict(row), dtype=np.float64)) for each in ensembles])


def _base(ensemble: Any, row: Floats, whole: Doubles) -> Doubles:
    for stage in ensemble.estimators_:
        whole = whole - ensemble.learning_rate * np.array([each.predict(row)[0] for each in stage])
    return whole


def _ints(name: str, values: Places) -> AttributeProto:
    return AttributeProto(name=name, type=AttributeProto.INTS, ints=values.tolist())


def _doubles(name: str, values: Doubles) -> AttributeProto:
    packed = values.astype("<f8").tobytes()
    tensor = helper.make_tensor(name, TensorProto.DOUBLE, [len(values)], packed, raw=True)
    return AttributeProto(name=name, type=AttributeProto.TENSOR, t=tensor)
