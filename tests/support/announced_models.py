"""Small ONNX models and their announcements, without any library that learns."""

import json
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from typing import Any, Final

import msgspec
import numpy as np
import onnx
from onnx import TensorProto, helper

from models.announced.artefact import pack
from models.announced.checking import CheckedModel, check_record
from models.anomaly.fit import fit
from models.anomaly.onnx_export import to_onnx as anomaly_to_onnx
from models.features import FOREST_FEATURES
from models.isolation_forest.registry import to_feature_row
from schemas.model_cards import ModelCard, ModelRecord
from tests.support.builders import forest_model, minutes

ALARM_RATE: Final = 0.01


def linear_model(weights: Sequence[Sequence[float]], bias: Sequence[float]) -> bytes:
    """`y` = x times `weights` (features x outputs) plus `bias`; an unknown number counts as 0."""
    rows, columns = len(weights), len(bias)
    flat = [value for row in weights for value in row]
    nodes = [
        helper.make_node("IsNaN", ["x"], ["unknown"]),
        helper.make_node("Where", ["unknown", "zero", "x"], ["known"]),
        helper.make_node("Gemm", ["known", "weights", "bias"], ["y"]),
    ]
    return serialised(
        nodes,
        rows,
        columns,
        [
            helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0]),
            helper.make_tensor("weights", TensorProto.FLOAT, [rows, columns], flat),
            helper.make_tensor("bias", TensorProto.FLOAT, [columns], list(bias)),
        ],
    )


def class_model(probabilities: Sequence[float], features: int = 1) -> bytes:
    """Gives each row the same probabilities."""
    return linear_model([[0.0] * len(probabilities)] * features, probabilities)


def serialised(nodes: Sequence[Any], features: int, columns: int, tensors: Sequence[Any] = ()) -> bytes:
    """The bytes of a model of these nodes, from `x` (rows, features) to `y` (rows, columns)."""
    graph = helper.make_graph(
        list(nodes),
        "model",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, features])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, columns])],
        list(tensors),
    )
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


LENGTH_FEATURES = ["clicks", "device", "session_age_ms"]


def length_card(artefact: bytes, **changed: Any) -> ModelCard:
    card = ModelCard(
        id="length",
        version=1,
        kind="length",
        features=LENGTH_FEATURES,
        threshold=None,
        sha256=sha256(artefact).hexdigest(),
        trained_on="a fixture",
        categories={"device": ["phone", "desktop"]},
        ranges={"clicks": (0.0, 20.0)},
        half_width=80.0,
        max_half_width=150.0,
        coverage=0.9,
    )
    return msgspec.structs.replace(card, **changed)


def length_model(base: float = 400.0) -> bytes:
    """`base` words, 10 less for each click, 100 more on a desktop."""
    return linear_model([[-10.0], [100.0], [0.0]], [base])


def tone_card(artefact: bytes, **changed: Any) -> ModelCard:
    card = ModelCard(
        id="tone",
        version=1,
        kind="tone",
        features=["clicks"],
        threshold=None,
        sha256=sha256(artefact).hexdigest(),
        trained_on="a fixture",
        classes=["friendly", "formal"],
        min_probability=0.3,
        coverage=0.9,
    )
    return msgspec.structs.replace(card, **changed)


def forest_announcement(seed: int = 11, **changed: Any) -> tuple[str, str]:
    """Key and body of a record that announces a forest."""
    artefact = forest_model(seed)
    card = ModelCard(
        id="isolation_forest",
        version=2,
        kind="isolation_forest",
        features=list(FOREST_FEATURES),
        threshold=0.6,
        sha256=sha256(artefact).hexdigest(),
        trained_on="a fixture",
    )
    return announced(msgspec.structs.replace(card, **changed), artefact)


@cache
def _anomaly_model() -> tuple[bytes, float]:
    """A combination over ordinary minutes, and the score from which it alarms."""
    rows = np.concatenate([to_feature_row(row) for row in minutes(256)])
    model, calibration = fit(rows[:176], rows[176:], 3, ALARM_RATE, FOREST_FEATURES)
    return anomaly_to_onnx(model, calibration), 1.0 - ALARM_RATE


def announced_anomaly(**changed: Any) -> tuple[str, str]:
    """Key and body of a record that announces a combination of detectors."""
    artefact, threshold = _anomaly_model()
    card = ModelCard(
        id="anomaly",
        version=1,
        kind="anomaly",
        features=list(FOREST_FEATURES),
        threshold=threshold,
        sha256=sha256(artefact).hexdigest(),
        trained_on="a fixture",
    )
    return announced(msgspec.structs.replace(card, **changed), artefact)


def announced(card: ModelCard, artefact: bytes, from_ms: int = 0) -> tuple[str, str]:
    """Key and body of a record of models.v1."""
    record = ModelRecord(card, pack(artefact), None, from_ms)
    return card.id, msgspec.json.encode(record).decode()


def announced_checked(card: ModelCard, artefact: bytes) -> CheckedModel:
    """What the job checks of a record that announces this model."""
    return check_record(*announced(card, artefact))


def announced_length(base: float = 400.0, from_ms: int = 0, **changed: Any) -> tuple[str, str]:
    """Key and body of a record that announces a length."""
    artefact = length_model(base)
    return announced(length_card(artefact, **changed), artefact, from_ms)


def announced_tone(probabilities: Sequence[float], **changed: Any) -> tuple[str, str]:
    """Key and body of a record that announces a tone: `friendly` and `formal` with these probabilities for every row."""
    artefact = class_model(probabilities)
    return announced(tone_card(artefact, **changed), artefact)


def edited(body: str, **changed: Any) -> str:
    """A record with other fields; those of the card as ``card={…}``."""
    data = json.loads(body)
    data["card"] |= changed.pop("card", {})
    return json.dumps(data | changed)
