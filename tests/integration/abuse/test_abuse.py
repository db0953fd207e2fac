"""Attacks in short form, each with an honest sender beside it; `python -m infra.bench.abuse` runs them for longer."""

import pytest

from infra.bench.abuse import ATTACKS, Attack, measure
from infra.bench.mock_kafka import is_available
from infra.local.home import Home
from tests.support.redis import RedisServer

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.skipif(not is_available(), reason="this librdkafka has no mock cluster to steer"),
]

SECONDS = 3.0


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_honest_requests_are_accepted_and_memory_stays(attack: Attack, redis_server: RedisServer, home: Home) -> None:
    redis_server.reset()
    honest = measure(attack, SECONDS, redis_server.url, home)
    print(f"\n{attack.name}: {honest}")
    assert honest.requests > 10
    assert honest.accepted_share >= 0.99
    assert honest.growth_mb < 50
