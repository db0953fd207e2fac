"""A broker and a Redis for all of these tests, and a gateway for each file: nothing here needs Flink."""

from collections.abc import Callable, Iterator

import pytest

from infra.local.home import Home
from tests.support.gateway_processes import Broker, RedisServer, Running

Start = Callable[..., Running]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("edge"))


@pytest.fixture(scope="session")
def broker(home: Home) -> Iterator[Broker]:
    running = Broker(home)
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="session")
def redis_server(home: Home) -> Iterator[RedisServer]:
    running = RedisServer(home)
    try:
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def start(broker: Broker, redis_server: RedisServer, home: Home) -> Iterator[Start]:
    """Starts gateways; settings as keyword arguments, as the environment has them without their prefix."""
    started: list[Running] = []

    def begin(**more: str) -> Running:
        named = {
            name if name.isupper() else f"MICROADJUST_GATEWAY_{name.upper()}": value for name, value in more.items()
        }
        redis_url = named.pop("MICROADJUST_GATEWAY_REDIS_URL", redis_server.url)
        running = Running(broker, redis_url, home, named)
        started.append(running)
        return running.start()

    try:
        yield begin
    finally:
        for each in started:
            each.stop()


@pytest.fixture(scope="module")
def gateway(start: Start) -> Running:
    return start()
