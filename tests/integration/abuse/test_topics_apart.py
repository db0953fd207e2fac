"""Topics that cannot be written, one at a time: what goes on, and how `/health` and `/ready` tell it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from infra.bench.abuse import sessions_beside
from infra.bench.mock_kafka import BROKER, DEAD_BROKER, UNKNOWN_TOPIC, MockKafka, is_available, mock_kafka
from infra.local.home import Home
from schemas.topics import EVENTS, OUTCOMES, REJECTED
from tests.support.broker import PrefixedTopics
from tests.support.event_builders import event, now_ms
from tests.support.gateway import Gateway, running_gateway
from tests.support.redis import RedisServer
from tests.support.waiting import until

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.skipif(not is_available(), reason="this librdkafka has no mock cluster to steer"),
]


@contextmanager
def gateway_on(kafka: MockKafka, redis_server: RedisServer, home: Home, **settings: str) -> Iterator[Gateway]:
    with running_gateway(PrefixedTopics(kafka.bootstrap, ""), redis_server.url, home, **settings) as gateway:
        until(lambda: gateway.client.get("/ready").status_code == 200)
        yield gateway


def outcome(gateway: Gateway) -> int:
    sent = {"command_id": "c", "session_id": "anna", "status": "applied", "occurred_at_ms": now_ms()}
    return gateway.client.post("/v1/outcomes", json={"outcomes": [sent]}).status_code


def test_without_the_topic_of_outcomes_events_go_on(redis_server: RedisServer, home: Home) -> None:
    with mock_kafka({OUTCOMES.name: UNKNOWN_TOPIC}) as kafka, gateway_on(kafka, redis_server, home) as gateway:
        for _ in range(4):
            assert outcome(gateway) == 503
            assert gateway.post([event()]).status_code == 202
        health = gateway.client.get("/health")
        assert (health.status_code, health.json()["state"], health.json()["missing_topics"]) == (
            200,
            "degraded",
            [OUTCOMES.name],
        )
        assert f"lacks topics: {OUTCOMES.name}" in gateway.log


def test_without_the_topic_of_rejected_events_a_batch_with_one_is_stored_and_answered(
    redis_server: RedisServer, home: Home
) -> None:
    with (
        mock_kafka({REJECTED.name: UNKNOWN_TOPIC}) as kafka,
        gateway_on(kafka, redis_server, home, ack_timeout_ms="500") as gateway,
    ):
        for _ in range(4):
            told = gateway.post([event(), {"type": "dance"}])
            assert (told.status_code, told.json()["accepted"], len(told.json()["rejected"])) == (202, 1, 1)
            assert gateway.client.post("/v1/events", content=b"{").status_code == 400
            assert gateway.post([event()]).status_code == 202
        counted = 'microadjust_collector_rejected_unstored_total{why="kafka"}'
        assert counted in gateway.client.get("/metrics").text


def test_a_partition_that_cannot_be_written_stops_only_its_own_readers(redis_server: RedisServer, home: Home) -> None:
    beside = sessions_beside(1)
    own = next(each for each in (f"reader-{n}" for n in range(100)) if each not in sessions_beside(1, 100))
    with (
        mock_kafka(has_dead_broker=True) as kafka,
        gateway_on(kafka, redis_server, home, ack_timeout_ms="500") as gateway,
    ):
        kafka.set_leader(EVENTS.name, 1, DEAD_BROKER)
        assert gateway.post([event(session_id=own)]).status_code == 503
        for session_id in beside:
            assert gateway.post([event(session_id=session_id)]).status_code == 202
        assert gateway.post([event(session_id=own)]).status_code == 503
        health: dict[str, Any] = gateway.client.get("/health").json()
        assert (health["state"], health["topics_not_acknowledging"]) == ("degraded", [EVENTS.name])
        assert gateway.client.get("/ready").status_code == 200
        kafka.set_leader(EVENTS.name, 1, BROKER)
        until(lambda: gateway.post([event(session_id=own)]).status_code == 202, 60)
        until(lambda: gateway.client.get("/health").json()["topics_not_acknowledging"] == [])


def test_without_the_topic_of_events_the_gateway_does_not_become_ready(redis_server: RedisServer, home: Home) -> None:
    with (
        mock_kafka({EVENTS.name: UNKNOWN_TOPIC}) as kafka,
        running_gateway(PrefixedTopics(kafka.bootstrap, ""), redis_server.url, home) as gateway,
    ):
        until(lambda: EVENTS.name in gateway.client.get("/ready").json()["why"])
        assert gateway.client.get("/health").status_code == 503
        assert gateway.client.get("/live").status_code == 200


def test_a_busy_batch_of_many_sessions_makes_nobody_elses_state_degraded(redis_server: RedisServer, home: Home) -> None:
    """A reading may time out on a busy machine; the circuit must not open because of the batch."""
    with mock_kafka() as kafka, gateway_on(kafka, redis_server, home) as gateway, gateway.operator() as cms:
        before = degraded_share(cms)
        for n in range(5):
            assert gateway.post([event(session_id=f"s{n}-{each}") for each in range(1_000)]).status_code == 202
            during = degraded_share(cms)
            assert during <= before + 0.5
        until(lambda: not cms.get("/v1/sessions/someone-else").json()["degraded"])


def degraded_share(cms: Any) -> float:
    found = []
    for _ in range(20):
        found.append(bool(cms.get("/v1/sessions/someone-else").json()["degraded"]))
        time.sleep(0.02)
    return sum(found) / len(found)
