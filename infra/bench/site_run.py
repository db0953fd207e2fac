"""Runs the adjust job over one recording, on topics of its own: a site by itself."""

import time
from collections.abc import Iterable
from typing import Any, Final
from uuid import uuid4

import msgspec
from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from infra.bench.throughput import OUTPUTS
from infra.kafka.reading import TopicReader
from infra.local import flink
from infra.local.processes import StackError
from infra.local.stack import Stack
from infra.local.submit import submit
from infra.simulate.replay import Replay

JOB_TIMEOUT_S: Final = 900.0
_ENDED: Final = ("FINISHED", "FAILED", "CANCELED")


def commands_for(on: Stack, recording: Iterable[bytes]) -> list[dict[str, Any]]:
    """Returns what the job commands for a recording. Raises `StackError`."""
    return [msgspec.json.decode(each) for each in outputs_for(on, recording, "adjustments")["adjustments"]]


def outputs_for(on: Stack, recording: Iterable[bytes], *wanted: str) -> dict[str, list[bytes]]:
    """Writes a recording to a topic, runs the job with its default options over it, and returns the wanted outputs' records.

    Raises `StackError` where the job does not come to its end.
    """
    run = f"site.{uuid4().hex[:8]}"
    names = [f"{run}.{output}" for output in ("events", *OUTPUTS)]
    admin = KafkaAdminClient(bootstrap_servers=on.bootstrap)
    try:
        admin.create_topics([NewTopic(name, 1, 1) for name in names], wait_for_metadata=True)
        sent = Replay(on.bootstrap, f"{run}.events", 0).run(recording)
        if sent.failed:
            raise StackError(f"Kafka has not taken {sent.failed} records")
        flags = [part for output in ("events", *OUTPUTS) for part in (f"--{output}-topic", f"{run}.{output}")]
        flags += ["--startup", "earliest", "--bounded", "yes", "--group-id", run]
        _wait_for_end(on, submit(on, "adjust", flags))
        found: dict[str, list[bytes]] = {}
        for output in wanted:
            with TopicReader(on.bootstrap, f"{run}.{output}") as reader:
                found[output] = [each.value or b"" for each in reader.read_to_end()]
        return found
    finally:
        admin.delete_topics(names)
        admin.close()


def _wait_for_end(on: Stack, job_id: str) -> None:
    end = time.monotonic() + JOB_TIMEOUT_S
    while (state := str(flink.get(on.rest_port, f"/jobs/{job_id}", 20.0)["state"])) not in _ENDED:
        if time.monotonic() > end:
            flink.stop_job(on.rest_port, job_id, savepoint=False)
            raise StackError(f"job {job_id} has not ended after {JOB_TIMEOUT_S:.0f} s: see Flink's logs")
        time.sleep(0.5)
    if state != "FINISHED":
        raise StackError(f"job {job_id} ended as {state}: see Flink's logs")
