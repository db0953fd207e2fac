"""Starts, watches and stops the processes of the local stack."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from infra.local.home import ServiceRecord


class StackError(Exception):
    """Something the user can act on; the message says what."""


def start(argv: Sequence[str], log: Path, env: Mapping[str, str], ports: dict[str, int]) -> ServiceRecord:
    """Starts `argv` in a session of its own, so that it outlives the terminal that asked for it."""
    with log.open("ab") as out:
        child = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=dict(env),
            start_new_session=True,
        )
    return ServiceRecord(child.pid, psutil.Process(child.pid).create_time(), ports)


def find(record: ServiceRecord) -> psutil.Process | None:
    """Finds the process of a record; None if it has ended, even if its pid was given to another."""
    try:
        process = psutil.Process(record.pid)
        if abs(process.create_time() - record.started_at) > 1.0 or process.status() == psutil.STATUS_ZOMBIE:
            return None
    except psutil.NoSuchProcess:
        return None
    return process


def stop(record: ServiceRecord, timeout_s: float = 10.0) -> bool:
    """Terminates the process, and kills it if it does not end in time. Returns whether there was one."""
    process = find(record)
    if process is None:
        return False
    family = [process]
    # Any of them may end by itself between two of these lines.
    with suppress(psutil.NoSuchProcess):
        family += process.children(recursive=True)
        process.terminate()
    _, alive = psutil.wait_procs(family, timeout=timeout_s)
    for each in alive:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    psutil.wait_procs(alive, timeout=5.0)
    reap(record.pid)
    return True


def reap(pid: int) -> None:
    """Reaps an ended child of this process, so that it does not stay a zombie."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def free_port(preferred: int) -> int:
    """Returns `preferred` if it is free, else a free port of the system's choice. Loopback only."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise StackError("no free port on 127.0.0.1")


def listens(port: int) -> bool:
    """Tells whether a process listens on a local port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def is_listening(record: ServiceRecord, port: int) -> bool:
    """Tells whether the process of a record, or one that it has started, listens on a local port: another might as well."""
    process = find(record)
    if process is None:
        return False
    with suppress(psutil.NoSuchProcess):
        sockets = [each for one in (process, *process.children(recursive=True)) for each in one.net_connections("tcp")]
        return any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in sockets)
    return False


def wait_until(ready: Callable[[], bool], what: str, record: ServiceRecord, log: Path, timeout_s: float = 90.0) -> None:
    """Waits until `ready()`; raises `StackError` with the end of the log when the process dies or time is up.

    Stops the process unless it becomes ready: nobody has recorded it, so that `down` would not find it.
    """
    end = time.monotonic() + timeout_s
    try:
        while not ready():
            if find(record) is None:
                raise StackError(f"{what} ended while starting. {log} ends with:\n{tail(log)}")
            if time.monotonic() > end:
                raise StackError(f"{what} was not ready after {timeout_s:.0f} s. {log} ends with:\n{tail(log)}")
            time.sleep(0.1)
    except BaseException:
        stop(record)
        raise


def tail(log: Path, lines: int = 12) -> str:
    """Returns the last lines of a log."""
    if not log.exists():
        return "(no log)"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
