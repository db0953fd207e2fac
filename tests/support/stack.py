"""Jobs on the shared stack, with topics of their own."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from infra.kafka.accounting import Account, Accountant
from infra.kafka.reading import TopicReader, end_offsets
from infra.local import flink
from infra.local.stack import Stack
from infra.local.submit import submit, topic_options
from infra.simulate.replay import Replay, Replayed
from jobs.adjust import load_rules
from models.model_store import load_forest
from schemas.topics import (
    ADJUSTMENTS,
    ALERTS,
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
from tests.support.broker import PrefixedTopics
from tests.support.oracle.job import Answer, answer
from tests.support.waiting import until

TOPICS = (
    *(EVENTS, ADJUSTMENTS, PROPOSALS, REJECTED, LATE, TALLY, RULES, CONTENT, MODELS, SEGMENTS, FEATURES),
    *(CONTROL_ACKS, SESSION_STATE, ALERTS),
)

CHECKPOINT_MS = 1_000
ENDED = ("FINISHED", "FAILED", "CANCELED")
WAIT_MS = 2_500
"""Lateness and slack: so far the watermark stays behind."""


@dataclass
class RunningJob:
    """An adjust job with topics that nobody else uses."""

    stack: Stack
    job_id: str
    topics: PrefixedTopics
    accountant: Accountant
    options: Sequence[str] = ()

    def rescale(self, parallelism: int) -> None:
        """Stops the job with a savepoint and starts it from there with another parallelism."""
        savepoint = flink.stop_job(self.stack.rest_port, self.job_id, savepoint=True)
        options = [*self.options, "--parallelism", str(parallelism)]
        self.job_id = submit(self.stack, "adjust", options, savepoint)
        flink.wait_for_job(self.stack.rest_port, self.job_id)

    def replay(self, records: Iterable[bytes], speed: float = 0) -> Replayed:
        return Replay(self.stack.bootstrap, self.topics.name(EVENTS), speed).run(records)

    def settle(self, sent: int, patience_s: float = 90) -> Account:
        """Waits until each record is accounted for and all that the job makes of what was sent is committed."""
        account = self.accountant.wait_until_accounted(sent, patience_s)
        until(self._has_read_all, patience_s=30)
        # Outputs are committed after the checkpoint that the offsets tell of, and before the next one.
        until(self._checkpoint)
        return account

    def _has_read_all(self) -> bool:
        """Whether a checkpoint behind the last record of the events topic has completed: trailing ticks are counted nowhere."""
        self._checkpoint()
        events = self.topics.name(EVENTS)
        ends = end_offsets(self.stack.bootstrap, events)
        with TopicReader(self.stack.bootstrap, events, group_id=group_of(self.topics)) as reader:
            return reader.committed(list(ends)) == ends

    def _checkpoint(self) -> bool:
        """Takes a checkpoint; False where the job takes none just now."""
        place = f"/jobs/{self.job_id}/checkpoints"
        trigger = flink.send(self.stack.rest_port, "POST", place, {"checkpointType": "CONFIGURED"})["request-id"]
        answers: list[Any] = []

        def has_ended() -> bool:
            answers.append(flink.get(self.stack.rest_port, f"{place}/{trigger}"))
            return bool(answers[-1]["status"]["id"] == "COMPLETED")

        until(has_ended, patience_s=30)
        return "failure-cause" not in answers[-1]["operation"]

    def read(self, topic: Topic, quiet_s: float = 0.0) -> list[Any]:
        """Reads all committed records; with `quiet_s` until none has come for so long."""
        with TopicReader(self.stack.bootstrap, self.topics.name(topic)) as reader:
            return list(reader.read_to_end(quiet_s))

    def commands(self) -> dict[str, bytes]:
        """Reads the committed commands by id; of a job that has settled these are all. An id that comes twice fails."""
        records = self.read(ADJUSTMENTS)
        found = {msgspec.json.decode(record.value)["command_id"]: record.value for record in records}
        assert len(found) == len(records), "a command was committed twice"
        return found

    def proposals(self) -> dict[str, bytes]:
        """Reads the committed proposals by id, likewise."""
        records = self.read(PROPOSALS)
        found = {msgspec.json.decode(record.value)["proposal_id"]: record.value for record in records}
        assert len(found) == len(records), "a proposal was committed twice"
        return found

    def restarts(self) -> int:
        """How often the job has failed."""
        answered = flink.get(self.stack.rest_port, f"/jobs/{self.job_id}/exceptions?maxExceptions=20")
        return len(answered["exceptionHistory"]["entries"])


@contextmanager
def submitted(stack: Stack, job: str, options: Sequence[str]) -> Iterator[str]:
    """Submits a job and waits until it runs; at the end it is cancelled, also where it never ran, so that its slots are free."""
    job_id = submit(stack, job, options)
    try:
        flink.wait_for_job(stack.rest_port, job_id)
        yield job_id
    finally:
        if flink.get(stack.rest_port, f"/jobs/{job_id}")["state"] not in ENDED:
            flink.stop_job(stack.rest_port, job_id, savepoint=False)


def group_of(topics: PrefixedTopics) -> str:
    """Consumer group of the job on these topics."""
    return f"{topics.prefix}job"


@contextmanager
def running_job(stack: Stack, *options: str) -> Iterator[RunningJob]:
    """Runs the adjust job on fresh topics, submitted as a user would."""
    topics = PrefixedTopics.create(stack.bootstrap, TOPICS)
    flags = topic_options(TOPICS, topics.prefix)
    flags += ["--group-id", group_of(topics), "--startup", "earliest", "--checkpoint-ms", str(CHECKPOINT_MS)]
    accountant = Accountant(stack.bootstrap, {topic.name: topics.name(topic) for topic in TOPICS})
    given = [*flags, *options]
    with submitted(stack, "adjust", given) as job_id:
        job = RunningJob(stack, job_id, topics, accountant, given)
        try:
            yield job
        finally:
            if job.job_id != job_id:
                flink.stop_job(stack.rest_port, job.job_id, savepoint=False)


def expected(records: Sequence[bytes], replayed: Replayed, rules_file: str = "") -> Answer:
    """What the plain-Python reference answers to the same records, by the rules that ship unless told otherwise."""
    assert replayed.last_tick_ms is not None
    now_ms = time.time_ns() // 1_000_000
    return answer(records, load_rules(rules_file), load_forest(), now_ms, replayed.last_tick_ms - WAIT_MS)
