"""What the learner reads of models.v1: the models in force, since when, and on what they were trained."""

import pytest

from infra.bench.mock_kafka import is_available, mock_kafka
from infra.kafka.connection import KafkaConnection
from infra.learner.announced_models import announced_models
from models.feature_stream.read_back import InForce
from schemas.model_cards import ModelCard, ModelRecord, shadow_key
from schemas.topics import MODELS
from tests.support.mock_topics import write


def card(version: int, trained_from_ms: int | None = None) -> ModelCard:
    until_ms = None if trained_from_ms is None else trained_from_ms + 10
    return ModelCard("length", version, "length", ["clicks"], None, "", "a recording", until_ms, trained_from_ms)


def test_the_newest_version_in_force_is_known_and_shadows_and_broken_records_are_left_out() -> None:
    if not is_available():
        pytest.skip("this client brings no mock cluster")
    with mock_kafka() as cluster:
        write(
            cluster,
            MODELS.name,
            [
                ("length", ModelRecord(card(1), "", None, 5)),
                ("length", ModelRecord(card(2, 40), "", None, 70)),
                (shadow_key("length"), ModelRecord(card(3), "", None, 90, "shadow")),
                ("tone", b"{broken"),
            ],
        )
        assert announced_models(KafkaConnection(cluster.bootstrap)) == {"length": InForce(2, 70, (40, 50))}
