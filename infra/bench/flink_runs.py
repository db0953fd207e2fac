"""Runs a Flink job on the local stack and samples how many records its source has read."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.bench.meter import Sample
from infra.local import flink, processes, stack
from infra.local.home import StackRecord
from infra.local.processes import StackError
from infra.local.stack import Stack
from infra.local.submit import run

EVERY_S: Final = 0.5
"""Flink fetches its metrics when asked, at most every two seconds, and answers with what it fetched last: each new value is
seen one question later, always as much later, so that the differences are right."""

READ_TIMEOUT_S: Final = 180.0

_ENDED: Final = ("FINISHED", "FAILED", "CANCELED")


@dataclass(frozen=True, slots=True)
class FlinkRun:
    """Samples of one run: records read by the source over time, and whether it came to its end."""

    samples: list[Sample]
    finished: bool


def stop_taskmanagers(on: Stack) -> None:
    """Stops the TaskManagers and waits until the JobManager has noticed."""
    with on.home.locked():
        record = StackRecord.read(on.home)
        for name in [name for name in record.services if name.startswith("taskmanager")]:
            processes.stop(record.services.pop(name))
        record.write(on.home)
    end = time.monotonic() + 60.0
    while (state := flink.overview(on.rest_port)) is None or state["taskmanagers"]:
        if time.monotonic() > end:
            raise StackError("the JobManager does not notice that its TaskManagers have ended: see the logs")
        time.sleep(0.2)


def restart_taskmanagers(on: Stack) -> None:
    """Replaces the TaskManagers: each run begins with the same cold JVM, and with the code as it is now, since thread
    mode keeps its interpreter, modules included, as long as the process lives."""
    stop_taskmanagers(on)
    stack.up(on.home)


def _cpu_s(on: Stack) -> float:
    """Processor time of the TaskManagers so far."""
    services = StackRecord.read(on.home).services
    found = [processes.find(each) for name, each in services.items() if name.startswith("taskmanager")]
    return float(sum(sum(each.cpu_times()[:2]) for each in found if each is not None))


def run_script(on: Stack, script: Path, options: Sequence[str]) -> str:
    """Submits a script of this folder, with the project's packages beside it; the job's id."""
    return run(on, script.name, ("-py", str(script)), options)


def watch(on: Stack, job_id: str, source: str, limit_s: float) -> FlinkRun:
    """Follows a job until it ends, cancelling it `limit_s` after its first record. `source` is part of the name of the
    source's vertex. Raises `StackError` when the job fails or restarts: such a run measures nothing."""
    samples: list[Sample] = []
    try:
        while (state := _look(on, job_id, source, samples)) not in _ENDED:
            reading = [each for each in samples if each.records]
            if reading and samples[-1].at_s - reading[0].at_s > limit_s:
                break
            if not reading and samples[-1].at_s - samples[0].at_s > READ_TIMEOUT_S:
                raise StackError(f"job {job_id} has read nothing for {READ_TIMEOUT_S:.0f} s: see the logs")
            time.sleep(max(0.0, samples[-1].at_s + EVERY_S - time.monotonic()))
    finally:
        # Also where somebody pressed Ctrl-C.
        if _state(on, job_id) not in _ENDED:
            flink.stop_job(on.rest_port, job_id, savepoint=False)
    if state in ("FAILED", "CANCELED"):
        raise StackError(f"job {job_id} ended as {state}: {_cause(on, job_id)}")
    # The last number comes with the end of the job, which is later than the last record.
    return FlinkRun(samples[:-1] if state == "FINISHED" else samples, state == "FINISHED")


def _look(on: Stack, job_id: str, source: str, samples: list[Sample]) -> str:
    """Takes one sample and returns the job's state."""
    now_s = time.monotonic()
    job = flink.get(on.rest_port, f"/jobs/{job_id}", timeout_s=20.0)
    (vertex,) = (each for each in job["vertices"] if source in each["name"])
    samples.append(Sample(now_s, int(vertex["metrics"]["read-records"]), _cpu_s(on)))
    if job["timestamps"]["RESTARTING"] or job["timestamps"]["FAILING"]:
        raise StackError(f"job {job_id} has failed and would start again: {_cause(on, job_id)}")
    return str(job["state"])


def _state(on: Stack, job_id: str) -> str:
    return str(flink.get(on.rest_port, f"/jobs/{job_id}", timeout_s=20.0)["state"])


def _cause(on: Stack, job_id: str) -> str:
    answer = flink.get(on.rest_port, f"/jobs/{job_id}/exceptions?maxExceptions=1", timeout_s=20.0)
    entries = answer["exceptionHistory"]["entries"]
    lines = str(entries[0]["stacktrace"]).splitlines() if entries else []
    return "; ".join(line for line in lines if not line.startswith("\t"))[-600:]
