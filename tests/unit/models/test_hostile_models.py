"""Announcements that are valid in every part and would still harm the job: by memory, time, chance, names or numbers."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from models.announced.errors import ModelRefusedError
from models.announced.onnx_graph import require_plain_graph
from models.announced.registry import ModelRegistry
from models.isolation_forest.registry import ForestRegistry, ForestVersion
from models.isolation_forest.schedule import RefitSchedule
from models.isolation_forest.scorer import ForestScorer
from models.predictions.prediction import Prediction, Silence, predict
from schemas.model_cards import MAX_VERSION
from tests.support.announced_models import (
    announced,
    announced_anomaly,
    announced_length,
    class_model,
    edited,
    length_card,
    linear_model,
    serialised,
    tone_card,
)
from tests.support.builders import forest_model

node = helper.make_node


def registry() -> ModelRegistry:
    forests = ForestRegistry(RefitSchedule(0, 0), ForestVersion(lambda: ForestScorer(forest_model()), 0.62, "forest@1"))
    return ModelRegistry(forests)


def whole(name: str, values: Sequence[int]) -> Any:
    return helper.make_tensor(name, TensorProto.INT64, [len(values)], values)


def zeros(name: str, *shape: int) -> Any:
    return numpy_helper.from_array(np.zeros(shape, dtype=np.float32), name)


NUMBERS = [helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0]), whole("one", [1])]
KNOWN = [node("IsNaN", ["x"], ["u"]), node("Where", ["u", "zero", "x"], ["known"])]
SUM = [*KNOWN, node("ReduceSum", ["known", "one"], ["sum"], keepdims=1)]


def beside(*nodes: Any, tensors: Sequence[Any] = ()) -> bytes:
    """A model that answers the sum of the row; `nodes` make a value `big` beside it, which changes nothing."""
    tail = [
        node("ReduceSum", ["big"], ["total"], keepdims=0),
        node("Mul", ["total", "zero"], ["nothing"]),
        node("Add", ["sum", "nothing"], ["y"]),
    ]
    return serialised([*SUM, *nodes, *tail], 3, 1, [*NUMBERS, *tensors])


def claimed_small(artefact: bytes) -> bytes:
    """The same with a claim that `big` is one number, which inference would believe."""
    model = onnx.load_model_from_string(artefact)
    model.graph.value_info.append(helper.make_tensor_value_info("big", TensorProto.FLOAT, [1]))
    return bytes(model.SerializeToString())


def doubled(times: int) -> list[Any]:
    names = ["known", *(f"d{each}" for each in range(1, times)), "big"]
    return [node("Concat", [a, a], [b], axis=1) for a, b in pairwise(names)]


def through_if() -> bytes:
    """Both branches give columns of other lengths, so that no length is told; then all by all."""

    def branch(name: str, value: str) -> Any:
        made = helper.make_tensor_value_info(f"{name}_out", TensorProto.FLOAT, None)
        return helper.make_graph([node("Identity", [value], [f"{name}_out"])], name, [], [made])

    nodes = [
        node("Greater", ["total_sum", "zero"], ["more"]),
        node("If", ["more"], ["column"], then_branch=branch("a", "long"), else_branch=branch("b", "short")),
        node("Transpose", ["column"], ["across"], perm=[1, 0]),
        node("Add", ["column", "across"], ["big"]),
    ]
    first = [node("ReduceSum", ["known"], ["total_sum"], keepdims=0)]
    return beside(*first, *nodes, tensors=[zeros("long", 20_000, 1), zeros("short", 1, 1)])


OUTER = beside(node("Add", ["column", "line"], ["big"]), tensors=[zeros("column", 16_000, 1), zeros("line", 1, 16_000)])

LAYERS = [
    node("MatMul", ["start", "weights"], ["h0"]),
    *(node("MatMul", [f"h{each}", "weights"], [f"h{each + 1}"]) for each in range(2_000)),
    node("Identity", ["h2000"], ["big"]),
]

DIVISION = [
    node("Cast", ["known"], ["whole"], to=TensorProto.INT64),
    node("Sub", ["whole", "whole"], ["none"]),
    node("Add", ["none", "least"], ["low"]),
    node("Sub", ["none", "one"], ["minus"]),
    node("Div", ["low", "minus"], ["quotient"]),
    node("Cast", ["quotient"], ["big"], to=TensorProto.FLOAT),
]


def with_sparse_numbers() -> bytes:
    model = onnx.load_model_from_string(linear_model([[1.0]] * 3, [0.0]))
    values = helper.make_tensor("sparse", TensorProto.FLOAT, [1], [1.0])
    values.ClearField("float_data")
    values.data_location = TensorProto.EXTERNAL
    entry = values.external_data.add()
    entry.key, entry.value = "location", "../../../../etc/hostname"
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, whole("at", [0]), [10]))
    return bytes(model.SerializeToString())


@pytest.mark.parametrize(
    ("artefact", "reason"),
    [
        (beside(node("Expand", ["zero", "size"], ["big"]), tensors=[whole("size", [250_000_000])]), "uses Expand"),
        (
            beside(node("ConstantOfShape", ["size"], ["big"]), tensors=[whole("size", [250_000_000])]),
            "uses ConstantOfShape",
        ),
        (OUTER, "makes 256,000,000 numbers"),
        (claimed_small(OUTER), "makes 256,000,000 numbers"),
        (beside(*doubled(30)), "numbers at once"),
        (through_if(), "makes 400,000,000 numbers"),
        (beside(*LAYERS, tensors=[zeros("start", 1, 500), zeros("weights", 500, 500)]), "steps for a row"),
        (beside(*DIVISION, tensors=[whole("least", [-(2**63)])]), "divides integers"),
        (beside(node("RandomNormalLike", ["x"], ["big"])), "uses RandomNormalLike"),
        (beside(node("RandomUniformLike", ["x"], ["big"])), "uses RandomUniformLike"),
        (with_sparse_numbers(), "sparse tensors"),
    ],
)
def test_a_graph_that_could_take_memory_time_or_the_process_is_refused_before_it_runs(
    artefact: bytes, reason: str
) -> None:
    with pytest.raises(ModelRefusedError, match=reason):
        registry().announce(*announced(length_card(artefact), artefact))


def test_what_is_exported_here_passes() -> None:
    registry().announce(*announced_anomaly())
    require_plain_graph(forest_model())
    require_plain_graph(beside(node("Identity", ["known"], ["big"])))


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        ({"version": 10**30}, "the version is none"),
        ({"version": MAX_VERSION + 1}, "the version is none"),
        ({"version": -1}, "the version is none"),
        ({"id": "length.s\n\x1b[2J", "segment": "s\n\x1b[2J"}, "is no id of a model"),
        ({"id": "length." + "a" * 100_000, "segment": "a" * 100_000}, "is no id of a model"),
        ({"id": "length.../../x", "segment": "../../x"}, "is no id of a model"),
        ({"id": "length.", "segment": ""}, "is no id of a model"),
        ({"trained_from_ms": -(10**15)}, "trained_from_ms is no time in milliseconds since 1970"),
        ({"trained_until_ms": 10**18}, "trained_until_ms is no time in milliseconds since 1970: 1000000000000000000"),
        ({"half_width": 1e308}, r"half_width is 1e\+308 words; expected 100,000 at most"),
        ({"half_width": -100_001.0}, "half_width is -100001 words"),
    ],
)
def test_a_card_with_a_name_or_number_that_the_job_cannot_pass_on_is_refused(card: dict[str, Any], reason: str) -> None:
    key, body = announced_length()
    with pytest.raises(ModelRefusedError, match=reason) as refused:
        registry().announce(str(card.get("id", key)), edited(body, card=card))
    assert len(str(refused.value)) < 400
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("from_ms", [-1, 2**62, 10**30])
def test_a_time_that_is_none_is_refused(from_ms: int) -> None:
    key, body = announced_length()
    with pytest.raises(ModelRefusedError, match="no event time"):
        registry().announce(key, edited(body, from_ms=from_ms))


@pytest.mark.parametrize("name", ["", "a\n\x1b[2J", "x" * 65])
def test_a_class_that_no_parameter_can_be_is_refused(name: str) -> None:
    artefact = class_model([0.8, 0.2])
    with pytest.raises(ModelRefusedError, match="a class is called by"):
        registry().announce(*announced(tone_card(artefact, classes=[name, "b"]), artefact))


def test_the_same_version_with_other_bytes_is_refused_until_the_first_is_deleted() -> None:
    models = registry()
    models.announce(*announced_length(400.0, version=3))
    with pytest.raises(ModelRefusedError, match="version 3 is in force with other bytes"):
        models.announce(*announced_length(500.0, version=3))
    models.announce(*announced_length(400.0, from_ms=60_000, version=3))
    models.withdraw("length")
    models.announce(*announced_length(500.0, version=3))


def answer(artefact: bytes, **numbers: float) -> Prediction | Silence:
    models = registry()
    models.announce(*announced(length_card(artefact, ranges={}, max_half_width=None), artefact))
    model = models.find("length", None, 0)
    assert model is not None
    return predict(model, numbers, {"device": "phone"})


SEVEN = helper.make_tensor("seven", TensorProto.FLOAT, [], [7.0])
AT_SEVEN = [*SUM, node("Sub", ["sum", "seven"], ["off"]), node("Div", ["off", "off"], ["y"])]
PLACE = [
    *SUM,
    node("Cast", ["sum"], ["place"], to=TensorProto.INT64),
    node("Gather", ["table", "place"], ["y"], axis=0),
]


def test_a_model_that_fails_for_a_row_that_it_was_not_tried_with_is_silent_there(
    caplog: pytest.LogCaptureFixture,
) -> None:
    no_number = serialised(AT_SEVEN, 3, 1, [*NUMBERS, SEVEN])
    assert isinstance(answer(no_number, clicks=1.0), Prediction)
    assert answer(no_number, clicks=7.0) == Silence("unusable", None, {})
    beyond = serialised(PLACE, 3, 1, [*NUMBERS, zeros("table", 10)])
    assert isinstance(answer(beyond, clicks=9.0), Prediction)
    for _ in range(3):
        assert answer(beyond, clicks=10.0) == Silence("unusable", None, {})
    assert [each.getMessage() for each in caplog.records] == ["length version 1 failed for a row and is silent for it"]


def test_a_length_that_no_text_has_is_silence() -> None:
    steep = linear_model([[1e30], [0.0], [0.0]], [0.0])
    found = answer(steep, clicks=1.0)
    assert isinstance(found, Silence)
    assert found.reason == "unusable"
