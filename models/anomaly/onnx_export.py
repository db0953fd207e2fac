"""Exports anomaly models to one ONNX graph. Needs onnx; `scorer.py` does not."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import AttributeProto, GraphProto, NodeProto, TensorProto, helper, numpy_helper

from models.anomaly.calibration import Calibration
from models.anomaly.fit import MEMBERS, AnomalyModel
from models.anomaly.robust_scale import MAX_DEVIATIONS
from models.anomaly.scorer import CALIBRATION_KEY
from models.isolation_forest.onnx_export import to_onnx as forest_to_onnx


def to_onnx(model: AnomalyModel, calibration: Calibration | None = None, members: Sequence[str] = MEMBERS) -> bytes:
    """Exports `members` to ONNX: inputs `x` (n, features) float32 and `explain` (bool), outputs `score` (n, members) and
    `contribution` (n, members, features), empty unless asked for. An unknown value is NaN, in `x` and in both outputs.

    Median and spread are part of the graph. The contribution is a feature's share of the squares: of the residuals for the
    autoencoder, of the squashed deviations for the deviation; for the forest that of `isolation_forest.onnx_export`. The
    calibration stands among the model's metadata.
    """
    graph = _Graph(model)
    for member in members:
        getattr(graph, f"add_{member}")()
    made = helper.make_model(
        graph.finished(), opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    )
    made.ir_version = 8
    if calibration is not None:
        helper.set_model_props(made, {CALIBRATION_KEY: calibration.to_json()})
    data: bytes = made.SerializeToString()
    return data


class _Graph:
    """Collects the nodes of the members. Those of `_explained` run only where contributions are asked for."""

    def __init__(self, model: AnomalyModel) -> None:
        self._model = model
        self._features = len(model.medians)
        self._nodes: list[NodeProto] = []
        self._explained: list[NodeProto] = []
        self._constants: list[TensorProto] = []
        self._scores: list[str] = []
        self._parts: list[str] = []
        self._scale()

    def _add(self, kind: str, inputs: Sequence[str], output: str, explained: bool = False, **attributes: Any) -> str:
        (self._explained if explained else self._nodes).append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def _constant(self, name: str, values: NDArray[Any] | float) -> str:
        as_array = np.asarray(values, dtype=None if isinstance(values, np.ndarray) else np.float32)
        self._constants.append(numpy_helper.from_array(as_array, name))
        return name

    def _scale(self) -> None:
        """Adds what all members read: `squashed`, 0 where unknown, and `known`, of which `count` (n, 1) are."""
        self._constant("zero", 0.0)
        self._constant("axis", np.array([1], dtype=np.int64))
        self._constant("unknown", float("nan"))
        centre = self._constant("centre", self._model.scale.centre)
        spread = self._constant("inverse_spread", self._model.scale.inverse_spread)
        limits = self._constant("lowest", -MAX_DEVIATIONS), self._constant("highest", MAX_DEVIATIONS)
        self._add("Sub", ["x", centre], "distance")
        self._add("Mul", ["distance", spread], "deviations")
        self._add("IsNaN", ["deviations"], "missing")
        self._add("Where", ["missing", "zero", "deviations"], "filled")
        self._add("Clip", ["filled", *limits], "clipped")
        self._add("Asinh", ["clipped"], "squashed")
        self._add("Not", ["missing"], "is_known")
        self._add("Cast", ["is_known"], "known", to=TensorProto.FLOAT)
        self._add("ReduceSum", ["known", "axis"], "count")

    def add_autoencoder(self) -> None:
        values = "squashed"
        network = self._model.autoencoder
        for layer, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
            operands = [values, self._constant(f"weight{layer}", weight), self._constant(f"bias{layer}", bias)]
            values = self._add("Gemm", operands, f"layer{layer}")
            if layer % 2 == 0:
                values = self._add("Tanh", [values], f"tanh{layer}")
        self._add("Sub", ["squashed", values], "difference")
        self._add("Mul", ["difference", "known"], "residual")
        self._add("Mul", ["residual", "residual"], "squares")
        self._add("ReduceSum", ["squares", "axis"], "sum")
        self._add("Div", ["sum", "count"], "mean")
        self._scores.append(self._add("Sqrt", ["mean"], "autoencoder"))
        self._share("autoencoder", "squares", "sum")

    def add_deviation(self) -> None:
        self._add("Abs", ["squashed"], "sizes")
        self._add("ReduceMax", ["sizes"], "largest", axes=[1])
        # NaN where nothing is known.
        self._add("Div", ["count", "count"], "some")
        self._scores.append(self._add("Mul", ["largest", "some"], "deviation"))
        self._add("Mul", ["squashed", "squashed"], "deviation_squares", explained=True)
        self._add("ReduceSum", ["deviation_squares", "axis"], "deviation_sum", explained=True)
        self._share("deviation", "deviation_squares", "deviation_sum")

    def add_forest(self) -> None:
        forest: GraphProto = onnx.load_from_string(forest_to_onnx(self._model.forest)).graph
        _prefix(forest, "forest_")
        self._constant("medians", self._model.medians)
        self._add("IsNaN", ["x"], "x_missing")
        self._add("Where", ["x_missing", "medians", "x"], "forest_x")
        for node in forest.node:
            (self._explained if node.op_type == "If" else self._nodes).append(node)
        self._constants.extend(forest.initializer)
        self._add("Identity", ["explain"], "forest_explain")
        self._add("Equal", ["count", "zero"], "none")
        self._add("Where", ["none", "unknown", "forest_score"], "forest")
        self._scores.append("forest")
        self._part("forest", "forest_contribution")

    def _share(self, member: str, squares: str, total: str) -> None:
        self._part(member, self._add("Div", [squares, total], f"{member}_share", explained=True))

    def _part(self, member: str, values: str) -> None:
        masked = self._add("Where", ["missing", "unknown", values], f"{member}_masked", explained=True)
        self._parts.append(self._add("Unsqueeze", [masked, "axis"], f"{member}_part", explained=True))

    def finished(self) -> GraphProto:
        shape = [None, len(self._scores), self._features]
        self._constant("nothing", np.zeros((0, len(self._scores), self._features), dtype=np.float32))
        self._add("Concat", self._parts, "explained", explained=True, axis=1)
        explain = helper.make_graph(
            self._explained, "explain", [], [helper.make_tensor_value_info("explained", TensorProto.FLOAT, shape)]
        )
        leave = helper.make_graph(
            [helper.make_node("Identity", ["nothing"], ["unexplained"])],
            "leave",
            [],
            [helper.make_tensor_value_info("unexplained", TensorProto.FLOAT, shape)],
        )
        self._add("Concat", self._scores, "score", axis=1)
        self._add("If", ["explain"], "contribution", then_branch=explain, else_branch=leave)
        return helper.make_graph(
            self._nodes,
            "anomaly",
            [
                helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, self._features]),
                helper.make_tensor_value_info("explain", TensorProto.BOOL, []),
            ],
            [
                helper.make_tensor_value_info("score", TensorProto.FLOAT, [None, len(self._scores)]),
                helper.make_tensor_value_info("contribution", TensorProto.FLOAT, shape),
            ],
            self._constants,
        )


def _prefix(graph: GraphProto, prefix: str) -> None:
    """Renames every value in place, those of branches too: `onnx.compose` leaves out what a branch reads from outside."""
    for node in graph.node:
        node.input[:] = [prefix + name for name in node.input]
        node.output[:] = [prefix + name for name in node.output]
        for attribute in node.attribute:
            if attribute.type == AttributeProto.GRAPH:
                _prefix(attribute.g, prefix)
    for named in (*graph.initializer, *graph.output):
        named.name = prefix + named.name
