"""A real broker for all of these tests, and for each a Redis of its own and topics that nobody else uses."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from infra.local import kafka, processes
from infra.local.home import Home
from tests.support.isolated_topics import Places, RedisServer
from tests.support.push_clients import WRITE_KEY, Gateway, served


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Bootstrap address of one Kafka node, without the rest of the stack: nothing here needs Flink."""
    service = kafka.start(Home(tmp_path_factory.mktemp("kafka")), 0, 0)
    try:
        yield f"127.0.0.1:{service.ports['broker']}"
    finally:
        processes.stop(service)


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(Home(tmp_path))
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def places(broker: str, redis_server: RedisServer) -> Places:
    return Places.fresh(broker, redis_server.port)


@pytest.fixture
def gateway(places: Places, tmp_path: Path) -> Iterator[Gateway]:
    with served(places, Home(tmp_path)) as running:
        yield running


@pytest.fixture
def cms(gateway: Gateway) -> Iterator[httpx.Client]:
    with gateway.operator() as client:
        yield client


@pytest.fixture
def tracker(gateway: Gateway) -> Iterator[httpx.Client]:
    with gateway.http(x_write_key=WRITE_KEY) as client:
        yield client
