"""Empties the shared Redis for each test, and gives it topics and a gateway of its own."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import httpx
import pytest

from infra.local.home import Home
from schemas.topics import ADJUSTMENTS, EVENTS, OUTCOMES, REJECTED, SESSION_STATE
from tests.support.broker import Broker, PrefixedTopics
from tests.support.credentials import WRITE_KEY
from tests.support.gateway import Gateway, running_gateway
from tests.support.redis import RedisServer

Serve = Callable[..., AbstractContextManager[Gateway]]


@pytest.fixture
def redis_server(redis_server: RedisServer) -> RedisServer:
    """The shared server, running and empty."""
    redis_server.reset()
    return redis_server


@pytest.fixture
def topics(broker: Broker) -> PrefixedTopics:
    return PrefixedTopics.create(broker.bootstrap, (EVENTS, ADJUSTMENTS, OUTCOMES, REJECTED, SESSION_STATE))


@pytest.fixture
def serve(topics: PrefixedTopics, redis_server: RedisServer, home: Home) -> Serve:
    """Runs gateways as contexts; settings as keyword arguments, named as in `Settings`."""

    def begin(on: PrefixedTopics = topics, **settings: str) -> AbstractContextManager[Gateway]:
        return running_gateway(on, redis_server.url, home, **settings)

    return begin


@pytest.fixture
def gateway(serve: Serve) -> Iterator[Gateway]:
    with serve() as running:
        yield running


@pytest.fixture
def cms(gateway: Gateway) -> Iterator[httpx.Client]:
    with gateway.operator() as client:
        yield client


@pytest.fixture
def tracker(gateway: Gateway) -> Iterator[httpx.Client]:
    with gateway.http(x_write_key=WRITE_KEY) as client:
        yield client
