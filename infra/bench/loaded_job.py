"""An adjust job of its own topics under a steady load, for benchmarks that change something meanwhile."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from infra.bench.latency import PARTITIONS, Load
from infra.local import flink
from infra.local.stack import Stack
from infra.local.submit import submit, topic_options
from schemas.topics import (
    ADJUSTMENTS,
    CONTENT,
    CONTROL_ACKS,
    EVENTS,
    FEATURES,
    LATE,
    MODELS,
    PROPOSALS,
    REJECTED,
    RULES,
    SEGMENTS,
    SESSION_STATE,
    TALLY,
    Topic,
)

TOPICS: Final = (
    *(EVENTS, ADJUSTMENTS, PROPOSALS, REJECTED, LATE, TALLY, RULES, CONTENT, MODELS, SEGMENTS, FEATURES),
    *(CONTROL_ACKS, SESSION_STATE),
)
"""What the adjust job reads and writes."""

START_TIMEOUT_S: Final = 240.0
"""On a machine that others load, too, the tasks take long to be deployed."""


@dataclass(frozen=True, slots=True)
class LoadedJob:
    """A running job. Its load begins with `start_load` and ends with `stop_load`, or with the job."""

    stack: Stack
    job_id: str
    prefix: str
    load: Load
    sending: threading.Thread

    def name(self, topic: Topic) -> str:
        return self.prefix + topic.name

    def start_load(self) -> None:
        self.sending.start()

    def stop_load(self) -> None:
        """Returns once all that was sent is acknowledged."""
        self.load.stopped.set()
        if self.sending.is_alive():
            self.sending.join()

    def restarts(self) -> int:
        """How often the job has failed."""
        found = flink.get(self.stack.rest_port, f"/jobs/{self.job_id}/exceptions?maxExceptions=20")
        return len(found["exceptionHistory"]["entries"])


@contextmanager
def loaded_job(
    on: Stack, name: str, rate: int, seconds: int, options: Sequence[str], further: Sequence[Topic] = ()
) -> Iterator[LoadedJob]:
    """Runs a job whose load is `rate` events a second, for `seconds` at most; the topics are gone afterwards."""
    prefix = f"{name}-{uuid4().hex[:8]}-"
    topics = [*TOPICS, *further]
    admin = KafkaAdminClient(bootstrap_servers=on.bootstrap)
    admin.create_topics(
        [NewTopic(prefix + topic.name, PARTITIONS if topic is EVENTS else 1, 1) for topic in topics],
        wait_for_metadata=True,
    )
    flags = [*topic_options(TOPICS, prefix), "--group-id", f"{prefix}job", "--startup", "earliest"]
    job_id = submit(on, "adjust", [*flags, *options])
    load = Load(on.bootstrap, prefix + EVENTS.name, rate)
    job = LoadedJob(on, job_id, prefix, load, threading.Thread(target=load.run, args=(seconds,), daemon=True))
    try:
        flink.wait_for_job(on.rest_port, job_id, START_TIMEOUT_S)
        yield job
    finally:
        job.stop_load()
        flink.stop_job(on.rest_port, job_id, savepoint=False)
        admin.delete_topics([prefix + topic.name for topic in topics])
        admin.close()
