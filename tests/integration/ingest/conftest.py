"""Gateways on the shared broker and Redis, at least one for each file."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from infra.local.home import Home
from schemas.topics import EVENTS, REJECTED
from tests.support.broker import Broker, PrefixedTopics
from tests.support.gateway import Gateway, running_gateway
from tests.support.redis import RedisServer

Start = Callable[..., Gateway]


@pytest.fixture(scope="module")
def start(broker: Broker, redis_server: RedisServer, home: Home) -> Iterator[Start]:
    """Starts gateways; settings as keyword arguments, named as in `Settings` or as in the environment."""
    with ExitStack() as started:

        def begin(**settings: str) -> Gateway:
            topics = PrefixedTopics.create(broker.bootstrap, (EVENTS, REJECTED))
            return started.enter_context(running_gateway(topics, redis_server.url, home, **settings))

        yield begin


@pytest.fixture(scope="module")
def gateway(start: Start) -> Gateway:
    return start()
