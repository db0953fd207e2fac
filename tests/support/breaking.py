"""Breaks the gateway, the broker or Redis under load, and compares what was acknowledged with what stands on the topic."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

import psutil
from msgspec import Struct

from tests.support.broker import Broker
from tests.support.gateway import Gateway
from tests.support.load import Load


class Survived(Struct):
    """`repeated`: events that stand on the topic more than once. `growth_mb`: of the gateway's resident memory."""

    acknowledged: int
    lost: int
    repeated: int
    unacknowledged_batches: int
    answers: dict[int, int]
    growth_mb: float


def survive(
    gateway: Gateway, rate: float, breaks: Sequence[Callable[[], None]], between_s: float = 2.0, last_s: float = 2.0
) -> Survived:
    """`breaks` happen one after the other, each after so many seconds of load; they return when all is up again."""
    load = Load(gateway.port, rate).start()
    time.sleep(between_s)
    with Memory(gateway) as memory:
        for each in breaks:
            each()
            time.sleep(between_s)
        time.sleep(last_s)
        left = load.finish()
    found = Counter(str(each["event_id"]) for each in gateway.topics.records())
    return Survived(
        acknowledged=len(load.acknowledged),
        lost=len(load.acknowledged - found.keys()),
        repeated=sum(count > 1 for count in found.values()),
        unacknowledged_batches=left,
        answers=dict(load.answers),
        growth_mb=round(memory.growth_mb, 1),
    )


class Memory:
    """How far the resident memory of one process of the gateway's rises above where it was."""

    def __init__(self, gateway: Gateway) -> None:
        self._process = gateway.process
        self._before = self._process.memory_info().rss
        self._most = self._before
        self._stop = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "Memory":
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._watch.join()

    @property
    def growth_mb(self) -> float:
        return (self._most - self._before) / 2**20

    def _look(self) -> None:
        while not self._stop.wait(0.1):
            try:
                self._most = max(self._most, self._process.memory_info().rss)
            except psutil.NoSuchProcess:
                return


def kill_gateway(gateway: Gateway) -> Callable[[], None]:
    def kill() -> None:
        gateway.kill()
        gateway.start()

    return kill


def kill_broker(broker: Broker) -> Callable[[], None]:
    def kill() -> None:
        broker.kill()
        broker.start()

    return kill


def without_broker(broker: Broker, seconds: float) -> Callable[[], None]:
    def kill() -> None:
        broker.kill()
        time.sleep(seconds)
        broker.start()

    return kill
