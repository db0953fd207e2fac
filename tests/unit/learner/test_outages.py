"""What is known of retrainings lasts while Kafka goes and comes."""

import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from infra.bench.mock_kafka import MockKafka, is_available, mock_kafka
from infra.kafka.connection import KafkaConnection
from infra.learner.model_hook import ModelHook
from infra.learner.service import LearnerService, LearnerSettings
from models.feature_stream.retrainings import MIN_GAP_MS
from models.segments.learner import LearningOptions


@pytest.fixture
def kafka() -> Iterator[MockKafka]:
    if not is_available():
        pytest.skip("this client brings no mock cluster")
    with mock_kafka() as cluster:
        yield cluster


def service_on(kafka: MockKafka, hook: ModelHook) -> LearnerService:
    settings = LearnerSettings(
        KafkaConnection(kafka.bootstrap), LearningOptions(), look_back_ms=None, models=("length",)
    )
    return LearnerService(settings, hook, ModelHook())


def test_the_time_between_retrainings_lasts_where_kafka_goes_and_comes(kafka: MockKafka) -> None:
    service = service_on(kafka, ModelHook("true"))
    with closing(service._reader), closing(service._refused):  # noqa: SLF001
        assert service._begun().retrainings.ask("length", ("clicks",), 5)  # noqa: SLF001
        assert not service._begun().retrainings.ask("length", ("clicks",), 6)  # noqa: SLF001


def test_a_training_that_fails_while_kafka_is_away_makes_the_next_wait(kafka: MockKafka) -> None:
    service = service_on(kafka, ModelHook("false"))
    with closing(service._reader), closing(service._refused):  # noqa: SLF001
        retrainings = service._begun().retrainings  # noqa: SLF001
        assert retrainings.ask("length", ("clicks",), 5)
        service._hook.start("length")  # noqa: SLF001
        assert service.learner is None
        for _ in range(100):
            service._settle()  # noqa: SLF001
            time.sleep(0.05)
        assert not retrainings.ask("length", ("clicks",), 5 + MIN_GAP_MS)
        assert retrainings.ask("length", ("clicks",), 5 + 2 * MIN_GAP_MS)
