"""Starts, stops and inspects the local stack as a whole."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from infra.local import flink, kafka, processes, redis
from infra.local.home import Home, ServiceRecord, StackRecord

DEFAULT_TASKMANAGERS: Final = 3


@dataclass(frozen=True, slots=True)
class Ports:
    """Preferred ports. A port that is taken is replaced by a free one, which `status` shows."""

    kafka: int = 19092
    kafka_controller: int = 19093
    flink_rest: int = 18081
    flink_rpc: int = 16123
    redis: int = 16379

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> "Ports":
        """Reads `MICROADJUST_KAFKA_PORT` and so on. Raises `StackError`."""
        wanted = {}
        for name in cls.__slots__:
            key = f"MICROADJUST_{name.upper()}_PORT"
            if key in environ:
                if not environ[key].isdigit() or not 0 < int(environ[key]) < 65536:
                    raise processes.StackError(f"{key}={environ[key]!r} is not a port: give 1 to 65535")
                wanted[name] = int(environ[key])
        return cls(**wanted)


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    name: str
    up: bool
    pid: int
    ports: dict[str, int]
    uptime_s: float
    resident_mb: float


@dataclass(frozen=True, slots=True)
class Stack:
    """Addresses of a running stack."""

    home: Home
    kafka_port: int
    rest_port: int

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.kafka_port}"


Progress = Callable[[str], None]


def up(
    home: Home,
    ports: Ports | None = None,
    taskmanagers: int = DEFAULT_TASKMANAGERS,
    with_redis: bool = False,
    progress: Progress = lambda _: None,
    memory: flink.Memory = flink.Memory(),  # noqa: B008 - frozen
) -> Stack:
    """Starts the services that are not running, whatever state an earlier run left behind.

    `memory` is for a Flink that starts now; one that runs keeps what it has.
    """
    ports = ports or Ports.from_env()
    with home.locked():
        record = StackRecord.read(home)
        _forget_the_dead(record)

        def ensure(name: str, begin: Callable[[], ServiceRecord]) -> ServiceRecord:
            if name not in record.services:
                progress(f"starting {name}")
                record.services[name] = begin()
                record.write(home)
            return record.services[name]

        broker = ensure("kafka", lambda: kafka.start(home, ports.kafka, ports.kafka_controller))
        kafka.create_topics(f"127.0.0.1:{broker.ports['broker']}")
        if "jobmanager" not in record.services:
            # TaskManagers of a JobManager that is gone hold on to its old address.
            for name in [name for name in record.services if name.startswith("taskmanager")]:
                processes.stop(record.services.pop(name))
        manager = ensure(
            "jobmanager",
            lambda: flink.start_jobmanager(home, ports.flink_rest, ports.flink_rpc, memory),
        )
        for number in range(1, taskmanagers + 1):
            name = f"taskmanager-{number}"
            ensure(name, lambda name=name: flink.start_taskmanager(home, name))  # type: ignore[misc]
        progress("waiting for Flink's slots")
        flink.wait_for_slots(manager.ports["rest"], taskmanagers)
        if with_redis:
            ensure("redis", lambda: redis.start(home, ports.redis))
    return Stack(home, broker.ports["broker"], manager.ports["rest"])


def _forget_the_dead(record: StackRecord) -> None:
    for name, service in list(record.services.items()):
        if processes.find(service) is None:
            del record.services[name]


def running(home: Home) -> Stack:
    """Returns the running stack; raises `StackError` where there is none."""
    record = StackRecord.read(home)
    _forget_the_dead(record)
    try:
        broker, manager = record.services["kafka"], record.services["jobmanager"]
    except KeyError as missing:
        raise processes.StackError(f"{missing.args[0]} is not running: start it with `microadjust up`") from None
    return Stack(home, broker.ports["broker"], manager.ports["rest"])


def down(home: Home, progress: Progress = lambda _: None) -> list[str]:
    """Stops the services this stack started, and nothing else. Returns their names."""
    stopped = []
    with home.locked():
        record = StackRecord.read(home)
        order = sorted(record.services, key=lambda name: (name == "kafka", name == "jobmanager"))
        for name in order:
            progress(f"stopping {name}")
            if processes.stop(record.services.pop(name)):
                stopped.append(name)
            record.write(home)
    return stopped


def status(home: Home) -> list[ServiceStatus]:
    """Returns the status of each process this stack started, dead ones included."""
    lines = []
    for name, service in StackRecord.read(home).services.items():
        process = processes.find(service)
        lines.append(
            ServiceStatus(
                name=name,
                up=process is not None,
                pid=service.pid,
                ports=service.ports,
                uptime_s=time.time() - service.started_at if process else 0.0,
                resident_mb=process.memory_info().rss / 2**20 if process else 0.0,
            )
        )
    return lines
