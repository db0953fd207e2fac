"""Measures how soon the job runs again after `kill -9` of the TaskManager that runs the adjust operator."""

import argparse
import json
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from statistics import median
from typing import Any

import psutil

from infra.local import flink
from infra.local import stack as local
from infra.local.home import Home, StackRecord
from infra.local.processes import StackError
from infra.local.stack import Stack
from infra.local.submit import submit


def kill_decider(stack: Stack, job_id: str, timeout_s: float = 90.0) -> float:
    """Kills the TaskManager of the adjust operator, starts another, and returns seconds until every task runs again."""
    name, pid = _decider(stack, job_id)
    attempts = _attempts(stack, job_id)
    slots = sum(each.startswith("taskmanager") for each in StackRecord.read(stack.home).services)
    with ThreadPoolExecutor(1) as pool:
        began = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        another = pool.submit(_replace, stack, pid, slots)
        while not _runs_again(stack, job_id, attempts):
            if time.monotonic() - began > timeout_s:
                # Why no other TaskManager started is the better reason, where there is one.
                another.result()
                raise StackError(f"the job has not recovered {timeout_s:.0f} s after {name} was killed")
            time.sleep(0.1)
        recovered_s = round(time.monotonic() - began, 1)
        another.result()
    return recovered_s


def _runs_again(stack: Stack, job_id: str, attempts: int) -> bool:
    try:
        return _attempts(stack, job_id) != attempts and _all_run(stack, job_id)
    except OSError:
        # The JobManager is busy with the very failure that is waited for.
        return False


def _replace(stack: Stack, pid: int, slots: int) -> None:
    """Starts another TaskManager. While the killed one is still dying it would count as alive, and none would start."""
    with suppress(psutil.NoSuchProcess):
        psutil.Process(pid).wait(30.0)
    local.up(stack.home, taskmanagers=slots)


def _vertices(stack: Stack, job_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = flink.get(stack.rest_port, f"/jobs/{job_id}")["vertices"]
    return found


def _all_run(stack: Stack, job_id: str) -> bool:
    return all(vertex["status"] == "RUNNING" for vertex in _vertices(stack, job_id))


def _subtasks(stack: Stack, job_id: str) -> list[dict[str, Any]]:
    (vertex,) = (each for each in _vertices(stack, job_id) if each["name"].startswith("adjust"))
    found: list[dict[str, Any]] = flink.get(stack.rest_port, f"/jobs/{job_id}/vertices/{vertex['id']}")["subtasks"]
    return found


def _attempts(stack: Stack, job_id: str) -> int:
    return sum(each["attempt"] for each in _subtasks(stack, job_id))


def _decider(stack: Stack, job_id: str) -> tuple[str, int]:
    """Name and pid of the TaskManager that runs the adjust operator: the one that listens on its data port."""
    port = int(_subtasks(stack, job_id)[0]["endpoint"].rpartition(":")[2])
    for name, service in StackRecord.read(stack.home).services.items():
        if name.startswith("taskmanager") and psutil.pid_exists(service.pid):
            listening = psutil.Process(service.pid).net_connections(kind="tcp")
            if any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in listening):
                return name, service.pid
    raise StackError(f"no TaskManager of this stack listens on {port}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=3)
    given = parser.parse_args()
    stack = local.up(Home.from_env(), taskmanagers=4, progress=lambda line: print(line, file=sys.stderr))
    job_id = submit(stack, "adjust", ["--startup", "latest", "--group-id", f"recovery-{int(time.time())}"])
    flink.wait_for_job(stack.rest_port, job_id)
    seconds = []
    for _ in range(given.kills):
        time.sleep(10.0)
        seconds.append(kill_decider(stack, job_id))
    flink.stop_job(stack.rest_port, job_id, savepoint=False)
    print(json.dumps({"recovery_s": median(seconds), "each": seconds}))


if __name__ == "__main__":
    main()
