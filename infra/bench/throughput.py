"""Measures events a second in steady state: the job beside alternatives. `.venv/bin/python -m infra.bench.throughput --help`

Each contender reads the same topic, alone, in `--rounds` rounds, every second of them in reverse order; what counts is the
median. Contenders that would take long stop after `--slow-limit-s`. The result is one JSON document.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.admin import NewTopic

from infra.bench import flink_runs, live_models, meter
from infra.bench.workload_visitors import records
from infra.kafka.blocking_producer import BlockingProducer
from infra.local import flink, stack
from infra.local.home import PROJECT, Home, StackRecord
from infra.local.processes import StackError
from infra.local.stack import Stack
from infra.local.submit import submit

BENCH_PYTHON: Final = PROJECT / ".venv-bench" / "bin" / "python"
HERE: Final = Path(__file__).resolve().parent
LIVE_MODELS: Final = "models"
OUTPUTS: Final = (
    "adjustments",
    "proposals",
    "rejected",
    "late",
    "tally",
    "rules",
    "control-acks",
    "session-state",
    "alerts",
)


@dataclass(frozen=True, slots=True)
class Bench:
    """Where everything runs and what is read. `run` names one run and, with a suffix, its topics."""

    on: Stack
    topic: str
    total: int
    limit_s: float
    slow_limit_s: float
    job_options: list[str]

    def flink(self, submitted: Callable[[], str], source: str, limit_s: float) -> dict[str, Any]:
        flink_runs.restart_taskmanagers(self.on)
        run = flink_runs.watch(self.on, submitted(), source, limit_s)
        return {**meter.summary(run.samples), "finished": run.finished}

    def options(self, run: str) -> list[str]:
        """The options of the job, with topics of its own."""
        topics = [part for name in OUTPUTS for part in (f"--{name}-topic", f"{run}.{name}")]
        reading = ["--events-topic", self.topic, "--startup", "earliest", "--bounded", "yes"]
        return [*reading, "--group-id", run, *topics, *self.job_options]

    def job(self, run: str) -> dict[str, Any]:
        submitted = partial(submit, self.on, "adjust", self.options(run))
        return {**self.flink(submitted, "database.source", self.limit_s), "commands": delivered(self.on, run)}

    def job_2(self, run: str) -> dict[str, Any]:
        """The job in two subtasks."""
        submitted = partial(submit, self.on, "adjust", [*self.options(run), "--parallelism", "2"])
        return {**self.flink(submitted, "database.source", self.limit_s), "commands": delivered(self.on, run)}

    def job_models(self, run: str) -> dict[str, Any]:
        """The job with a length, a tone and a combination of detectors in force beside the forest."""
        topic = f"{run}.{LIVE_MODELS}"
        producer = BlockingProducer(self.on.bootstrap)
        for each in live_models.announcements():
            producer.send(topic, each.body, each.key.encode())
        producer.flush()
        submitted = partial(submit, self.on, "adjust", [*self.options(run), "--models-topic", topic])
        return {**self.flink(submitted, "database.source", self.limit_s), "commands": delivered(self.on, run)}

    def jvm_only(self, run: str) -> dict[str, Any]:
        submitted = partial(flink_runs.run_script, self.on, HERE / "jvm_only.py", self.options(run))
        return self.flink(submitted, "database.source", self.limit_s)

    def python_datastream(self, run: str) -> dict[str, Any]:
        options = ["--topic", self.topic, "--output", f"{run}.adjustments"]
        script = HERE / "rivals" / "python_datastream.py"
        submitted = partial(flink_runs.run_script, self.on, script, options)
        return {**self.flink(submitted, "bench-events", self.slow_limit_s), "unusual": delivered(self.on, run)}

    def python_loop(self, run: str) -> dict[str, Any]:
        # It needs the job's libraries as well; those of .venv-bench come after them.
        return self.rival("python_loop", run, self.limit_s, sysconfig.get_path("purelib"))

    def bytewax(self, run: str) -> dict[str, Any]:
        return self.rival("bytewax_flow", run, self.slow_limit_s)

    def quix(self, run: str) -> dict[str, Any]:
        return self.rival("quix", run, self.slow_limit_s)

    def rival(self, module: str, run: str, limit_s: float, path: str = "") -> dict[str, Any]:
        """Runs a script of `.venv-bench`; the Flink cluster has nobody to work for and is mostly stopped meanwhile."""
        flink_runs.stop_taskmanagers(self.on)
        argv = [str(BENCH_PYTHON), "-m", f"infra.bench.rivals.{module}", "--bootstrap", self.on.bootstrap]
        argv += ["--topic", self.topic, "--output", f"{run}.adjustments", "--limit-s", str(limit_s)]
        done = subprocess.run(
            argv,
            cwd=PROJECT,
            env=os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=limit_s + 300.0,
        )
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode or not lines:
            raise StackError(f"{module} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-2000:]}")
        result: dict[str, Any] = json.loads(lines[-1])
        return result


CONTENDERS: Final[dict[str, Callable[[Bench, str], dict[str, Any]]]] = {
    "job": Bench.job,
    "job_2": Bench.job_2,
    "job_models": Bench.job_models,
    "jvm_only": Bench.jvm_only,
    "python_loop": Bench.python_loop,
    "bytewax": Bench.bytewax,
    "python_datastream": Bench.python_datastream,
    "quix": Bench.quix,
}


SLOWEST: Final = ("python_datastream", "quix")
"""So far behind that one round tells."""


def delivered(on: Stack, run: str) -> int:
    """Records that a run has committed to its topic of commands."""
    consumer = KafkaConsumer(bootstrap_servers=on.bootstrap, isolation_level="read_committed")
    try:
        consumer.assign([TopicPartition(f"{run}.adjustments", 0)])
        consumer.seek_to_beginning()
        found = 0
        while batches := consumer.poll(timeout_ms=2000):
            found += sum(len(batch) for batch in batches.values())
        return found
    finally:
        consumer.close()


def count(bootstrap: str, topic: str) -> int:
    """Records in a topic that nothing has been deleted from; 0 where there is none."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap)
    try:
        partitions = [TopicPartition(topic, each) for each in consumer.partitions_for_topic(topic) or ()]
        return sum(consumer.end_offsets(partitions).values()) if partitions else 0
    finally:
        consumer.close()


def one_round(bench: Bench, name: str, number: int) -> dict[str, Any]:
    """One run of one contender with topics of its own, which are deleted afterwards."""
    run = f"bench.{int(time.time())}.{name}"
    admin = KafkaAdminClient(bootstrap_servers=bench.on.bootstrap)
    try:
        admin.create_topics(
            [NewTopic(f"{run}.{output}", 1, 1) for output in (*OUTPUTS, LIVE_MODELS)], wait_for_metadata=True
        )
        load = round(os.getloadavg()[0], 2)
        try:
            result = CONTENDERS[name](bench, run)
        except StackError as error:
            result = {"per_s": None, "cpu_us": None, "error": str(error)}
        print(f"round {number}, {name}: {json.dumps(result)[:300]}", file=sys.stderr, flush=True)
        # Quix makes topics of its own, which bear the name of its consumer group.
        admin.delete_topics([topic for topic in admin.list_topics() if run in topic])
    finally:
        admin.close()
    return {"round": number, "load_before": load, **result}


def provide_workload(bench: Bench, options: argparse.Namespace) -> None:
    """Fills the topic, unless it holds just what is wanted."""
    if not options.fresh and count(bench.on.bootstrap, bench.topic) == bench.total:
        return
    argv = [str(BENCH_PYTHON), "-m", "infra.bench.workload", "--bootstrap", bench.on.bootstrap]
    for name in ("topic", "events", "sessions", "rate"):
        argv += [f"--{name}", str(getattr(options, name))]
    subprocess.run(argv, cwd=PROJECT, check=True, stdout=subprocess.DEVNULL)
    if (found := count(bench.on.bootstrap, bench.topic)) != bench.total:
        raise StackError(f"{bench.topic} holds {found} records instead of {bench.total}")


def summary(rounds: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Median events/s of each contender, how many times as fast the job is, and the rounds they come from."""

    def middle(name: str, of: str) -> float | None:
        known = [each[of] for each in rounds[name] if each.get(of) is not None]
        return round(median(known), 2) if known else None

    speeds = {name: middle(name, "per_s") for name in rounds}
    job = speeds.get("job")
    return {
        "events_per_s": speeds,
        "cpu_us_per_event": {name: middle(name, "cpu_us") for name in rounds},
        "job_is_times": {name: round(job / each, 2) for name, each in speeds.items() if job and each and name != "job"},
        "rounds": rounds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=5_000_000, help="a topic that holds them already is read again")
    parser.add_argument("--sessions", type=int, default=300, help="concurrent sessions")
    parser.add_argument("--rate", type=float, default=1.7, help="events per session and second of event time")
    parser.add_argument("--rounds", type=int, default=3)
    usual = ",".join(name for name in CONTENDERS if name not in ("job_2", "job_models"))
    parser.add_argument(
        "--contenders",
        default=usual,
        help="comma separated; job_2 is the job in two subtasks, job_models with a model of each kind in force",
    )
    parser.add_argument("--limit-s", type=float, default=900.0, help="stop a run after so long")
    parser.add_argument("--slow-limit-s", type=float, default=60.0, help="likewise bytewax and the slowest two")
    parser.add_argument("--slowest-rounds", type=int, default=1, help="rounds of python_datastream and quix")
    parser.add_argument("--job-options", default="", help="more options for job and jvm_only: '--refit-min 0'")
    parser.add_argument("--topic", default="bench.events")
    parser.add_argument("--fresh", action="store_true", help="write the topic anew in any case")
    parser.add_argument("--out", type=Path, help="file for the result; the terminal by default")
    options = parser.parse_args()
    names = options.contenders.split(",")
    if unknown := [name for name in names if name not in CONTENDERS]:
        parser.error(f"{unknown[0]} is no contender; there are {', '.join(CONTENDERS)}")
    if not BENCH_PYTHON.exists():
        parser.error("there is no .venv-bench: see infra/bench/README.md")
    home = Home.from_env()
    was_up = bool(StackRecord.read(home).services)
    on = stack.up(home, progress=lambda line: print(line, file=sys.stderr))
    if (flink.overview(on.rest_port) or {}).get("jobs-running"):
        parser.error("a job runs on this stack and would lose its TaskManagers: stop it first")
    total = records(options.events, options.sessions, options.rate)
    bench = Bench(on, options.topic, total, options.limit_s, options.slow_limit_s, options.job_options.split())
    rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    try:
        provide_workload(bench, options)
        for number in range(1, options.rounds + 1):
            for name in names if number % 2 else reversed(names):
                if name not in SLOWEST or number <= options.slowest_rounds:
                    rounds[name].append(one_round(bench, name, number))
    finally:
        if was_up:
            stack.up(home)
        else:
            stack.down(home)
    workload = {name: getattr(options, name) for name in ("events", "sessions", "rate", "slow_limit_s", "job_options")}
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
    result = json.dumps({"machine": machine, "workload": workload, **summary(rounds)}, indent=2)
    if options.out:
        options.out.write_text(result + "\n")
    else:
        print(result)


if __name__ == "__main__":
    main()
