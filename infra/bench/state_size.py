"""Measures state and speed by number of sessions: the job at 1,000 and at 100,000 concurrent sessions."""

import argparse
import json
import subprocess
import sys
import time
from typing import Any
from uuid import uuid4

from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from infra.bench.flink_runs import restart_taskmanagers
from infra.bench.throughput import BENCH_PYTHON, OUTPUTS, count
from infra.bench.workload_visitors import records
from infra.local import flink, stack
from infra.local.home import PROJECT, Home
from infra.local.stack import Stack
from infra.local.submit import submit

SECONDS = 240
"""Event time of each run: windows are full after a minute, baselines are there after three."""

HEAP_MB = 4096
"""Of each TaskManager. On the heap a session takes several times what it takes in a checkpoint, and the local stack's
usual heap is for a laptop with a few thousand of them."""


def measure(on: Stack, sessions: int, rate: float) -> dict[str, Any]:
    """Greatest state of a completed checkpoint, and how long the whole stream took."""
    topic = f"bench.growth.{sessions}"
    events = round(sessions * rate * SECONDS)
    total = records(events, sessions, rate)
    if count(on.bootstrap, topic) != total:
        argv = [str(BENCH_PYTHON), "-m", "infra.bench.workload", "--bootstrap", on.bootstrap, "--topic", topic]
        argv += ["--events", str(events), "--sessions", str(sessions), "--rate", str(rate)]
        subprocess.run(argv, cwd=PROJECT, check=True, stdout=subprocess.DEVNULL)
    run = f"growth.{uuid4().hex[:8]}"
    admin = KafkaAdminClient(bootstrap_servers=on.bootstrap)
    admin.create_topics([NewTopic(f"{run}.{output}", 1, 1) for output in OUTPUTS], wait_for_metadata=True)
    admin.close()
    restart_taskmanagers(on)
    flags = [part for output in OUTPUTS for part in (f"--{output}-topic", f"{run}.{output}")]
    flags += ["--events-topic", topic, "--startup", "earliest", "--bounded", "yes", "--group-id", run]
    job_id = submit(on, "adjust", [*flags, "--checkpoint-ms", "2000", "--session-state", "off"])
    began, greatest, by_vertex = time.monotonic(), 0, {}
    while (state := str(flink.get(on.rest_port, f"/jobs/{job_id}", 20.0)["state"])) not in ("FINISHED", "FAILED"):
        found = flink.get(on.rest_port, f"/jobs/{job_id}/checkpoints", 20.0)["latest"]["completed"]
        if found and found["state_size"] > greatest:
            greatest = found["state_size"]
            by_vertex = _by_vertex(on, job_id, found["id"])
        time.sleep(0.5)
    if state == "FAILED":
        raise SystemExit(f"the job with {sessions} sessions failed: see Flink's logs")
    seconds = time.monotonic() - began
    return {
        "sessions": sessions,
        "state_bytes": greatest,
        "bytes_per_session": round(greatest / sessions, 1),
        "adjust_bytes_per_session": round(by_vertex.get("adjust", 0) / sessions, 1),
        "events": total,
        "seconds": round(seconds, 1),
    }


def _by_vertex(on: Stack, job_id: str, checkpoint: int) -> dict[str, int]:
    names = {each["id"]: each["name"] for each in flink.get(on.rest_port, f"/jobs/{job_id}", 20.0)["vertices"]}
    tasks = flink.get(on.rest_port, f"/jobs/{job_id}/checkpoints/details/{checkpoint}", 20.0)["tasks"]
    return {names[vertex].split(" ")[0]: int(task["state_size"]) for vertex, task in tasks.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", default="1000,100000", help="comma separated")
    parser.add_argument("--rate", type=float, default=0.1, help="events per session and second of event time")
    given = parser.parse_args()
    # A stack of its own: the heap of one that runs cannot be changed.
    home = Home(Home.from_env().path / "growth")
    try:
        on = stack.up(home, progress=lambda line: print(line, file=sys.stderr), memory=flink.Memory(task_heap=HEAP_MB))
        print(json.dumps([measure(on, int(sessions), given.rate) for sessions in given.sessions.split(",")]))
    finally:
        stack.down(home)


if __name__ == "__main__":
    main()
