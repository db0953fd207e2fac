"""`kill -9` under load, in short form here; the long forms run with `make test-chaos`."""

import statistics
import time

import pytest

from tests.integration.ingest.conftest import Start
from tests.support.breaking import Survived, kill_broker, kill_gateway, survive, without_broker
from tests.support.broker import Broker
from tests.support.event_builders import event
from tests.support.gateway import Gateway
from tests.support.redis import RedisServer
from tests.support.waiting import until


def check(survived: Survived) -> None:
    print(f"\n{survived}")
    assert survived.acknowledged > 500
    assert set(survived.answers) <= {0, 202, 503}
    assert (survived.lost, survived.unacknowledged_batches) == (0, 0)


@pytest.mark.kafka
def test_a_killed_gateway_loses_nothing_it_has_acknowledged(start: Start) -> None:
    gateway = start()
    check(survive(gateway, rate=40, breaks=[kill_gateway(gateway)]))


@pytest.mark.kafka
def test_a_killed_broker_loses_and_repeats_nothing(start: Start, broker: Broker) -> None:
    gateway = start()
    survived = survive(gateway, rate=40, breaks=[without_broker(broker, 4)], last_s=4)
    check(survived)
    assert survived.answers[503] > 0
    assert survived.repeated == 0
    assert survived.growth_mb < 50


@pytest.mark.kafka
def test_without_redis_nothing_is_refused_or_slow_and_the_process_still_knows_its_own(
    start: Start, redis_server: RedisServer
) -> None:
    gateway = start()
    gateway.post([event("before")])
    # How fast this machine is now: the rest of the answer's time is no matter of Redis.
    usual = timed(gateway, "with")
    redis_server.kill()
    try:
        took = timed(gateway, "without")
        assert gateway.post([event("before"), event("without-1")]).json()["duplicates"] == 2
        assert statistics.median(took) < statistics.median(usual) + 0.05
        assert max(took) < max(usual) + 0.5
    finally:
        redis_server.start()
    sent: list[str] = []

    def marks_again() -> bool:
        if sent and redis_server.knows(sent[-1]):
            return True
        sent.append(f"after-{len(sent)}")
        assert gateway.post([event(sent[-1])]).json()["accepted"] == 1
        return False

    until(marks_again)
    gateway.kill()
    gateway.start()
    assert gateway.post([event(sent[-1])]).json()["duplicates"] == 1


def timed(gateway: Gateway, name: str) -> list[float]:
    """Seconds until the answer, of forty events."""
    took = []
    for number in range(40):
        began = time.monotonic()
        assert gateway.post([event(f"{name}-{number}")]).json()["accepted"] == 1
        took.append(time.monotonic() - began)
    return took


@pytest.mark.chaos
@pytest.mark.timeout(600)
def test_five_killed_gateways_and_three_killed_brokers_lose_nothing(start: Start, broker: Broker) -> None:
    gateway = start()
    one, two = kill_gateway(gateway), kill_broker(broker)
    check(survive(gateway, rate=100, breaks=[one, two, one, two, one, two, one, one], between_s=5, last_s=5))


@pytest.mark.chaos
@pytest.mark.timeout(600)
def test_half_a_minute_without_kafka(start: Start, broker: Broker) -> None:
    gateway = start()
    survived = survive(gateway, rate=100, breaks=[without_broker(broker, 30)], between_s=5, last_s=5)
    check(survived)
    assert survived.answers[503] > 0
    assert survived.repeated == 0
    assert survived.growth_mb < 50
