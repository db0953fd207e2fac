"""Starts a Flink cluster of separate processes, one JobManager and TaskManagers of one slot each, and asks its REST API."""

import json
import os
import re
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from infra.local import processes
from infra.local.home import Home, ServiceRecord

FRAMEWORK_HEAP_MB = 96


@dataclass(frozen=True, slots=True)
class Memory:
    """Megabytes. A TaskManager in thread mode holds Python as well, outside of what Flink counts."""

    jobmanager_heap: int = 320
    task_heap: int = 640
    managed: int = 256
    network: int = 64


def distribution() -> Path:
    """Returns the folder of the Flink that PyFlink brings. Raises `StackError` where it is not installed."""
    spec = find_spec("pyflink")
    if spec is None or spec.origin is None:
        raise processes.StackError("Flink is not installed: pip install 'microadjust[job]'")
    return Path(spec.origin).parent


def configure(home: Home, rest_port: int, rpc_port: int, memory: Memory) -> Path:
    """Writes Flink's configuration folder and returns it."""
    conf = home.folder("flink", "conf")
    shipped = yaml.safe_load((distribution() / "conf" / "config.yaml").read_text())
    settings: dict[str, Any] = {
        "env.java.opts.all": shipped["env"]["java"]["opts"]["all"],
        "env.java.opts.taskmanager": " ".join(_java_options(memory)),
        "jobmanager.bind-host": "127.0.0.1",
        "jobmanager.rpc.address": "127.0.0.1",
        "jobmanager.rpc.port": rpc_port,
        "jobmanager.memory.heap.size": f"{memory.jobmanager_heap}m",
        "jobmanager.memory.jvm-metaspace.size": "192m",
        "jobmanager.memory.off-heap.size": "64m",
        "rest.address": "127.0.0.1",
        "rest.bind-address": "127.0.0.1",
        "rest.bind-port": str(rest_port),
        "rest.port": rest_port,
        "web.upload.dir": str(home.folder("flink", "upload")),
        # A page in a browser on this machine could submit a jar; `flink run` does not need this way.
        "web.submit.enable": False,
        "taskmanager.bind-host": "127.0.0.1",
        "taskmanager.host": "127.0.0.1",
        "taskmanager.numberOfTaskSlots": 1,
        "taskmanager.memory.framework.heap.size": f"{FRAMEWORK_HEAP_MB}m",
        "taskmanager.memory.task.heap.size": f"{memory.task_heap}m",
        "taskmanager.memory.managed.size": f"{memory.managed}m",
        "taskmanager.memory.network.min": f"{memory.network}m",
        "taskmanager.memory.network.max": f"{memory.network}m",
        "taskmanager.memory.jvm-metaspace.size": "256m",
        "io.tmp.dirs": str(home.folder("flink", "tmp")),
        # A lost process is noticed in seconds, not in the default minute.
        "metrics.fetcher.update-interval": "2 s",
        "heartbeat.interval": "1 s",
        "heartbeat.timeout": "8 s",
        "restart-strategy.type": "exponential-delay",
        "restart-strategy.exponential-delay.initial-backoff": "200 ms",
        "restart-strategy.exponential-delay.max-backoff": "5 s",
        "state.backend.type": "hashmap",
        "execution.checkpointing.dir": (home.folder("flink", "checkpoints")).as_uri(),
        "execution.checkpointing.savepoint-dir": (home.folder("flink", "savepoints")).as_uri(),
        "execution.checkpointing.externalized-checkpoint-retention": "RETAIN_ON_CANCELLATION",
        # Each job has a class loader of its own, but a process can load Python only once: see `environment`.
        "classloader.parent-first-patterns.additional": "pemja.",
        "python.executable": sys.executable,
        "python.client.executable": sys.executable,
    }
    (conf / "config.yaml").write_text(yaml.safe_dump(settings, width=10_000))
    for name in ("log4j-console.properties", "log4j-cli.properties"):
        (conf / name).write_text((distribution() / "conf" / name).read_text())
    return conf


def _java_options(memory: Memory) -> tuple[str, ...]:
    """What TaskManagers ask of Java. Each was chosen by `infra.bench.throughput`; decision 0023 has the figures."""
    young = (memory.task_heap + FRAMEWORK_HEAP_MB) * 2 // 3
    return (
        "-XX:+UseParallelGC",
        # Under a hypervisor each miss of a page table is looked up twice.
        "-XX:+UseTransparentHugePages",
        # Nearly all that is made dies at once, and what lives on is small: twice the room that Java would give what is new.
        f"-Xmn{young}m",
        # Three times as many calls before a method is compiled for good: thousands of methods of generated and library code
        # never get so far, and the compiler's thread leaves the processors to the job.
        "-XX:Tier4InvocationThreshold=15000",
        "-XX:Tier4MinInvocationThreshold=2000",
        "-XX:Tier4CompileThreshold=30000",
        "-XX:Tier4BackEdgeThreshold=120000",
    )


def environment(home: Home) -> dict[str, str]:
    """The environment of every Flink process of this stack."""
    # Python inside a TaskManager (thread mode) starts from libpython and does not see a virtual
    # environment by itself; PYTHONPATH shows it.
    (python_jar,) = (distribution() / "opt").glob("flink-python-*.jar")
    path = [sysconfig.get_path("purelib"), os.environ.get("PYTHONPATH", "")]
    return os.environ | {
        "FLINK_HOME": str(distribution()),
        "FLINK_CONF_DIR": str(home.folder("flink", "conf")),
        "FLINK_LOG_DIR": str(home.folder("logs", "flink")),
        # Flink's scripts append this to the class path. The bridge to Python belongs there: shipped with a job, its
        # native library would stay with the first job's class loader, and the next job on that TaskManager would fail.
        "HADOOP_CLASSPATH": str(python_jar),
        "FLINK_PID_DIR": str(home.folder("flink", "pids")),
        "PYTHONPATH": os.pathsep.join(part for part in path if part),
        # One thread per numeric library: a slot is one core.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }


def start_jobmanager(home: Home, rest_port: int, rpc_port: int, memory: Memory) -> ServiceRecord:
    ports = {"rest": processes.free_port(rest_port), "rpc": processes.free_port(rpc_port)}
    configure(home, ports["rest"], ports["rpc"], memory)
    log = home.log("jobmanager")
    argv = [str(distribution() / "bin" / "jobmanager.sh"), "start-foreground"]
    record = processes.start(argv, log, environment(home), ports)

    def answers() -> bool:
        # Of two that start at once and find the same port free, one ends; the other's answers are not its own.
        return overview(ports["rest"]) is not None and processes.is_listening(record, ports["rest"])

    processes.wait_until(answers, "Flink's JobManager", record, log)
    return record


def start_taskmanager(home: Home, name: str) -> ServiceRecord:
    """Starts one TaskManager; the caller waits for its slot with `wait_for_slots`."""
    argv = [str(distribution() / "bin" / "taskmanager.sh"), "start-foreground"]
    return processes.start(argv, home.log(name), environment(home), {})


def get(rest_port: int, path: str, timeout_s: float = 5.0) -> Any:
    """What Flink's REST interface answers, parsed."""
    with urllib.request.urlopen(f"http://127.0.0.1:{rest_port}{path}", timeout=timeout_s) as answer:
        return json.load(answer)


def send(rest_port: int, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """What Flink's REST interface answers to a change, parsed; None for an empty answer."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{rest_port}{path}",
        data=json.dumps(body or {}).encode(),
        method=method,
        headers={"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=10.0) as answer:
            text = answer.read()
    except urllib.error.HTTPError as error:
        raise processes.StackError(f"Flink refused {method} {path}: {error.read().decode()[:300]}") from None
    except urllib.error.URLError as error:
        raise processes.StackError(f"Flink does not answer at 127.0.0.1:{rest_port}: {error.reason}") from None
    return json.loads(text) if text else None


def stop_job(rest_port: int, job_id: str, savepoint: bool, timeout_s: float = 120.0) -> str | None:
    """Ends a job and waits for it; returns where its savepoint lies, if one was asked for."""
    where = None
    if savepoint:
        trigger = send(rest_port, "POST", f"/jobs/{job_id}/stop", {"drain": False})["request-id"]
    else:
        send(rest_port, "PATCH", f"/jobs/{job_id}?mode=cancel")
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if savepoint and where is None:
            answer = get(rest_port, f"/jobs/{job_id}/savepoints/{trigger}")
            if answer["status"]["id"] == "COMPLETED":
                if "failure-cause" in answer["operation"]:
                    cause = answer["operation"]["failure-cause"]["class"]
                    raise processes.StackError(f"the savepoint of {job_id} failed: {cause}; see Flink's logs")
                where = answer["operation"]["location"]
        elif get(rest_port, f"/jobs/{job_id}")["state"] in ("CANCELED", "FINISHED", "FAILED"):
            return where
        time.sleep(0.2)
    raise processes.StackError(f"job {job_id} has not ended after {timeout_s:.0f} s")


def wait_for_job(rest_port: int, job_id: str, timeout_s: float = 90.0) -> None:
    """Returns once every task of the job runs; raises `StackError` with the cause if it fails."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        job = get(rest_port, f"/jobs/{job_id}")
        failures = get(rest_port, f"/jobs/{job_id}/exceptions?maxExceptions=1")["exceptionHistory"]["entries"]
        if job["state"] == "FAILED" or failures:
            cause = failures[0]["stacktrace"][:2000] if failures else "no cause given"
            raise processes.StackError(f"job {job_id} failed:\n{cause}")
        if all(vertex["status"] in ("RUNNING", "FINISHED") for vertex in job["vertices"]):
            return
        time.sleep(0.2)
    raise processes.StackError(
        f"job {job_id} does not run after {timeout_s:.0f} s: see `microadjust status` and the logs"
    )


def overview(rest_port: int) -> dict[str, Any] | None:
    try:
        answer: dict[str, Any] = get(rest_port, "/overview", timeout_s=2.0)
    except (OSError, ValueError):
        return None
    return answer


def wait_for_slots(rest_port: int, slots: int, timeout_s: float = 120.0) -> None:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        state = overview(rest_port)
        if state is not None and state["slots-total"] >= slots:
            return
        time.sleep(0.1)
    raise processes.StackError(f"Flink has not offered {slots} slots after {timeout_s:.0f} s: see the logs")


_JOB_ID = re.compile(r"[0-9a-f]{32}")


def is_job_id(text: str) -> bool:
    return _JOB_ID.fullmatch(text) is not None
