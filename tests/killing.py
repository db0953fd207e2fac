"""Killing TaskManagers under load, and what must have come out all the same."""

import os
import signal
import threading
import time
from collections.abc import Sequence

import psutil
from msgspec import Struct

from infra.local import flink
from infra.local import stack as local
from infra.local.home import StackRecord
from infra.local.stack import Stack
from infra.simulate.replay import Replayed
from tests.stack import RunningJob, expected, start_job


class Survived(Struct):
    """What a run with kills gave. `recovery_s`: from each kill until every task ran again."""

    commands: int
    lost: int
    duplicated: int
    different: int
    missing_events: int
    recovery_s: list[float]


def survive(stack: Stack, records: Sequence[bytes], speed: float, kills_at_s: Sequence[float]) -> Survived:
    """Replays `records` and kills the TaskManager that decides at each of these seconds; compares with the reference."""
    job = start_job(stack)
    results: list[Replayed] = []
    player = threading.Thread(target=lambda: results.append(job.replay(records, speed)))
    player.start()
    began, recovery = time.monotonic(), []
    for at_s in kills_at_s:
        time.sleep(max(began + at_s - time.monotonic(), 0))
        recovery.append(_kill(job))
    player.join()
    (done,) = results
    account = job.settle(done.sent)
    wanted = expected(records, done).commands
    found = job.commands(len(wanted))
    job.cancel()
    return Survived(
        commands=len(found),
        lost=len(wanted.keys() - found.keys()),
        # `commands` fails on an id that comes twice, so what is left are commands nobody asked for.
        duplicated=len(found.keys() - wanted.keys()),
        different=sum(found[each] != wanted[each] for each in found.keys() & wanted.keys()),
        missing_events=account.missing,
        recovery_s=recovery,
    )


def _kill(job: RunningJob) -> float:
    """Kills the TaskManager of the adjust operator, starts another, and returns seconds until every task runs again."""
    home = job.stack.home
    name, pid = _decider(job)
    attempts = _attempts(job)
    began = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    psutil.Process(pid).wait(timeout=10) if psutil.pid_exists(pid) else None
    slots = sum(each.startswith("taskmanager") for each in StackRecord.read(home).services)
    threading.Thread(target=lambda: local.up(home, taskmanagers=slots)).start()
    while time.monotonic() - began < 90:
        try:
            if _attempts(job) != attempts and _all_run(job):
                return round(time.monotonic() - began, 1)
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"the job has not recovered 90 s after {name} was killed")


def _vertices(job: RunningJob) -> list[dict[str, object]]:
    found: list[dict[str, object]] = flink.get(job.stack.rest_port, f"/jobs/{job.job_id}")["vertices"]
    return found


def _all_run(job: RunningJob) -> bool:
    return all(vertex["status"] == "RUNNING" for vertex in _vertices(job))


def _adjust(job: RunningJob) -> dict[str, object]:
    (vertex,) = (each for each in _vertices(job) if str(each["name"]).startswith("adjust"))
    detail: dict[str, object] = flink.get(job.stack.rest_port, f"/jobs/{job.job_id}/vertices/{vertex['id']}")
    return detail


def _attempts(job: RunningJob) -> int:
    subtasks = _adjust(job)["subtasks"]
    assert isinstance(subtasks, list)
    return sum(each["attempt"] for each in subtasks)


def _decider(job: RunningJob) -> tuple[str, int]:
    """Name and pid of the TaskManager that runs the adjust operator: the one that listens on its data port."""
    subtasks = _adjust(job)["subtasks"]
    assert isinstance(subtasks, list)
    port = int(subtasks[0]["endpoint"].rpartition(":")[2])
    for name, service in StackRecord.read(job.stack.home).services.items():
        if name.startswith("taskmanager") and psutil.pid_exists(service.pid):
            listening = psutil.Process(service.pid).net_connections(kind="tcp")
            if any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in listening):
                return name, service.pid
    raise AssertionError(f"no TaskManager of this stack listens on {port}")
