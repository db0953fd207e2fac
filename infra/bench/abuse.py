"""Attacks a gateway with an honest sender beside it, whose accepted share and p99 count, and prints how far memory grows.

The gateway runs with its default limits, against a broker that fails on command (`mock_kafka.py`) and a real Redis. It is asked
as its users do; attackers have another address than the honest sender and the public write key.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import psutil

from infra.bench import abuse_attacks
from infra.bench.honest_sender import Honest, HonestSender
from infra.bench.mock_kafka import BROKER, DEAD_BROKER, UNKNOWN_TOPIC, MockKafka, mock_kafka
from infra.gateway.auth import push_tokens
from infra.kafka.partitioner import partition_of
from infra.local import processes, redis
from infra.local.home import PROJECT, Home
from schemas.topics import EVENTS, OUTCOMES

KEY: Final = "public-key-of-the-bench"
SECRET: Final = "secret-of-the-bench-only"
PARTITIONS: Final = 4


@dataclass(frozen=True, slots=True)
class Target:
    """A running gateway."""

    port: int
    process: psutil.Process
    kafka: MockKafka


@dataclass(frozen=True, slots=True)
class Attack:
    """`begin` starts it on a target. `failing`: a topic that is missing from the start. `sessions`: the honest sender's."""

    name: str
    begin: Callable[[Target], AbstractContextManager[None]]
    failing: str = ""
    sessions: tuple[str, ...] = ()


def push_path(session_id: str) -> str:
    token = push_tokens.sign(session_id, time.time_ns() // 1_000_000 + 3_600_000, [SECRET])
    return f"/v1/push?session_id={session_id}&token={token}"


def sessions_beside(partition: int, count: int = 20) -> tuple[str, ...]:
    """Session ids that fall on any other partition."""
    found = (f"reader-{number}" for number in range(1_000))
    return tuple(each for each in found if partition_of(each.encode(), PARTITIONS) != partition)[:count]


@contextmanager
def without_leader(target: Target) -> Iterator[None]:
    """Takes a partition's leader away, while another reader's page sends events for it."""
    target.kafka.set_leader(EVENTS.name, 1, DEAD_BROKER)
    lost = next(each for each in (f"lost-{n}" for n in range(100)) if partition_of(each.encode(), PARTITIONS) == 1)
    try:
        with HonestSender(target.port, KEY, target.process, [lost]):
            yield
    finally:
        target.kafka.set_leader(EVENTS.name, 1, BROKER)


ATTACKS: Final = (
    Attack("none", lambda target: nullcontext()),
    Attack("34 slow uploads", lambda target: abuse_attacks.slow_uploads(target.port)),
    Attack("300 idle connections", lambda target: abuse_attacks.idle_connections(target.port)),
    Attack("ping flood", lambda target: abuse_attacks.ping_flood(target.port, push_path("flood"))),
    Attack("85-byte bombs at 20/s", lambda target: abuse_attacks.bombs(target.port, KEY)),
    Attack("one partition without leader", without_leader, sessions=sessions_beside(1)),
    Attack("outcomes.v1 missing", lambda target: abuse_attacks.outcomes(target.port, KEY), failing=OUTCOMES.name),
)


@contextmanager
def gateway(kafka: MockKafka, redis_url: str, home: Home) -> Iterator[Target]:
    """Runs a gateway with default limits."""
    port = processes.free_port(0)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MICROADJUST_")} | {
        "MICROADJUST_HOME": str(home.path),
        "MICROADJUST_BOOTSTRAP": kafka.bootstrap,
        "MICROADJUST_GATEWAY_PORT": str(port),
        "MICROADJUST_GATEWAY_REDIS_URL": redis_url,
        "MICROADJUST_GATEWAY_DRAIN_S": "0",
        "MICROADJUST_WRITE_KEYS": f"bench:{KEY}",
        "MICROADJUST_PUSH_SECRETS": SECRET,
        "PYTHONPATH": str(PROJECT),
    }
    log = home.log(f"abused-gateway-{port}")
    service = processes.start([sys.executable, "-m", "infra.cli", "gateway"], log, environ, {"http": port})
    try:
        processes.wait_until(lambda: processes.listens(port), "the gateway", service, log)
        yield Target(port, psutil.Process(service.pid), kafka)
    finally:
        processes.stop(service)


def measure(attack: Attack, seconds: float, redis_url: str, home: Home, warm_s: float = 3.0) -> Honest:
    """Attacks a gateway of its own. Its memory is compared with what it was after some honest requests."""
    with (
        mock_kafka({attack.failing: UNKNOWN_TOPIC} if attack.failing else None, has_dead_broker=True) as kafka,
        gateway(kafka, redis_url, home) as target,
    ):
        with HonestSender(target.port, KEY, target.process, attack.sessions):
            time.sleep(warm_s)
        with HonestSender(target.port, KEY, target.process, attack.sessions) as sender, attack.begin(target):
            time.sleep(seconds)
        return sender.result()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each attack")
    parser.add_argument("--only", default="", help="text that the name of an attack has to contain")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="microadjust-bench-") as folder:
        home = Home(Path(folder))
        store = redis.start(home, 0)
        try:
            for attack in ATTACKS:
                if given.only in attack.name:
                    found = measure(attack, given.seconds, f"redis://127.0.0.1:{store.ports['redis']}/0", home)
                    print(f"{attack.name:30} {msgspec.json.encode(found).decode()}", flush=True)
        finally:
            processes.stop(store)


if __name__ == "__main__":
    main()
