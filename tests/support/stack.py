"""The real stack for tests, and jobs on it with topics of their own."""

import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from infra.kafka.accounting import Account, Accountant
from infra.kafka.reading import TopicReader
from infra.local import flink
from infra.local import stack as local
from infra.local.home import PROJECT, Home
from infra.local.stack import Stack
from infra.local.submit import submit
from infra.simulate.replay import Replay, Replayed
from jobs.adjust import load_rules
from models.model_store import load_forest
from schemas.topics import ADJUSTMENTS, EVENTS, LATE, REJECTED, RULES, SESSION_STATE, TALLY, Topic
from tests.support.oracle.job import Answer, answer

TOPICS = (EVENTS, ADJUSTMENTS, REJECTED, LATE, TALLY, RULES, SESSION_STATE)

CHECKPOINT_MS = 1_000
WAIT_MS = 2_500
"""Lateness and slack: so far the watermark stays behind."""


@dataclass
class RunningJob:
    """An adjust job with topics that nobody else uses."""

    stack: Stack
    job_id: str
    topics: dict[str, str]
    accountant: Accountant

    def replay(self, records: Sequence[bytes], speed: float = 0) -> Replayed:
        return Replay(self.stack.bootstrap, self.topics[EVENTS.name], speed).run(records)

    def settle(self, sent: int, patience_s: float = 90) -> Account:
        return self.accountant.wait_until_accounted(sent, patience_s)

    def read(self, topic: Topic, quiet_s: float = 1.0) -> list[Any]:
        """All committed records."""
        with TopicReader(self.stack.bootstrap, self.topics[topic.name]) as reader:
            return list(reader.read_to_end(quiet_s))

    def commands(self, expected: int = 1, patience_s: float = 30) -> dict[str, bytes]:
        """Committed commands by id, once there are so many and no more come, or time is up. An id that comes twice fails."""
        end, before = time.monotonic() + patience_s, -1
        while True:
            # Several checkpoints long: commands of the last windows are committed later than the tallies that settle.
            records = self.read(ADJUSTMENTS, quiet_s=2 * CHECKPOINT_MS / 1000)
            found = {msgspec.json.decode(record.value)["command_id"]: record.value for record in records}
            assert len(found) == len(records), "a command was committed twice"
            if (len(found) >= expected and len(found) == before) or time.monotonic() > end:
                return found
            before = len(found)

    def restarts(self) -> int:
        """How often the job has failed."""
        answered = flink.get(self.stack.rest_port, f"/jobs/{self.job_id}/exceptions?maxExceptions=20")
        return len(answered["exceptionHistory"]["entries"])

    def cancel(self) -> None:
        flink.stop_job(self.stack.rest_port, self.job_id, savepoint=False)


def start_job(stack: Stack, *options: str, partitions: int = 4) -> RunningJob:
    """Submits the job as a user would and waits until it runs."""
    name = uuid4().hex[:8]
    names = {topic.name: f"{topic.name}-{name}" for topic in TOPICS}
    admin = KafkaAdminClient(bootstrap_servers=stack.bootstrap)
    admin.create_topics(
        [
            NewTopic(
                names[topic.name],
                num_partitions=partitions if topic is EVENTS else topic.partitions,
                replication_factor=1,
                topic_configs=topic.config,
            )
            for topic in TOPICS
        ],
        wait_for_metadata=True,
    )
    admin.close()
    flags = {
        "--events-topic": names[EVENTS.name],
        "--adjustments-topic": names[ADJUSTMENTS.name],
        "--rejected-topic": names[REJECTED.name],
        "--late-topic": names[LATE.name],
        "--tally-topic": names[TALLY.name],
        "--session-state-topic": names[SESSION_STATE.name],
        "--rules-topic": names[RULES.name],
        "--group-id": f"test-{name}",
        "--startup": "earliest",
        "--checkpoint-ms": str(CHECKPOINT_MS),
    }
    accountant = Accountant(stack.bootstrap, names)
    job_id = submit(stack, "adjust", [*(part for pair in flags.items() for part in pair), *options])
    flink.wait_for_job(stack.rest_port, job_id)
    return RunningJob(stack, job_id, names, accountant)


def expected(records: Sequence[bytes], replayed: Replayed) -> Answer:
    """What the plain-Python reference answers to the same records."""
    assert replayed.last_tick_ms is not None
    now_ms = time.time_ns() // 1_000_000
    return answer(records, load_rules(""), load_forest(), now_ms, replayed.last_tick_ms - WAIT_MS)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Fresh, with ports of the system's choice where the usual ones are taken, and stopped afterwards."""
    home = Home(PROJECT / ".microadjust" / "test")
    local.down(home)
    shutil.rmtree(home.path, ignore_errors=True)
    try:
        yield local.up(home, taskmanagers=4)
    finally:
        local.down(home)
