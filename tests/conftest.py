"""What rooms share: a stack for each process, of which each test starts what it asks for, and a browser."""

import gc
import os
import shutil
from collections.abc import Iterator
from fcntl import LOCK_EX, LOCK_NB, flock
from typing import Any

import pytest
from selenium.webdriver import Chrome

from infra.local import stack as local
from infra.local.home import PROJECT, Home
from infra.local.stack import Stack
from tests.support.broker import Broker
from tests.support.browser import chromium
from tests.support.redis import RedisServer
from tests.support.room_scheduling import RoomScheduling

MAX_ID_CHARS = 60
GC_THRESHOLD = (20_000, 10, 10)


@pytest.fixture(autouse=True)
def frequent_garbage_collection() -> Iterator[None]:
    """Operators make the collector rare, as is right in a TaskManager: a process of tests would grow by gigabytes.

    Not as frequent as by default, which costs the tests of operators half of their time.
    """
    yield
    gc.set_threshold(*GC_THRESHOLD)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Writes dicts, lists and long texts as readable ids, where pytest would number or repeat them whole."""
    match val:
        case dict():
            text = " ".join(f"{name}={value}" for name, value in val.items()) or "empty"
        case list() | tuple():
            text = " ".join(map(str, val)) or "empty"
        case set():
            text = " ".join(sorted(map(str, val))) or "empty"
        case str() if len(val) > MAX_ID_CHARS:
            text = val
        case _:
            return None
    return text if len(text) <= MAX_ID_CHARS else f"{text[:MAX_ID_CHARS]}…"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> RoomScheduling:
    return RoomScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts what looks at a browser last, when the other process has ended: frames are what suffers from a busy machine."""
    items.sort(
        key=lambda item: "chrome" in getattr(item, "fixturenames", ()) or item.nodeid.startswith("tests/browser/")
    )


@pytest.fixture(scope="session")
def home() -> Iterator[Home]:
    """Folder of this process's stack. What an earlier run left in it is stopped first, and what was started in the end."""
    home = Home(PROJECT / ".microadjust" / "-".join(("test", *filter(None, [os.environ.get("PYTEST_XDIST_WORKER")]))))
    home.path.parent.mkdir(exist_ok=True)
    with home.path.with_suffix(".lock").open("w") as handle:
        try:
            flock(handle, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            pytest.fail(f"another test run uses {home.path}")
        local.down(home)
        shutil.rmtree(home.path, ignore_errors=True)
        try:
            yield home
        finally:
            local.down(home)


@pytest.fixture(scope="session")
def broker(home: Home) -> Broker:
    """A Kafka node; Flink is not needed for it."""
    return Broker(home)


@pytest.fixture(scope="session")
def bootstrap(broker: Broker) -> str:
    return broker.bootstrap


@pytest.fixture(scope="session")
def redis_server(home: Home) -> RedisServer:
    return RedisServer(home)


@pytest.fixture(scope="session")
def stack(home: Home, broker: Broker) -> Stack:
    """Flink beside the broker, with a JobManager and four TaskManagers."""
    return local.up(home, taskmanagers=4)


@pytest.fixture(scope="session")
def chrome() -> Iterator[Chrome]:
    with chromium() as chrome:
        yield chrome
