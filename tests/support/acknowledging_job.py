"""Stands for the adjust job where only its acknowledgements matter: a thread that answers what comes to rules.v1 or models.v1."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import msgspec
from confluent_kafka import Producer

from infra.kafka.reading import TopicReader
from schemas.control_acks import ControlAck, ack_key
from schemas.topics import CONTROL_ACKS, MODELS, RULES


@contextmanager
def acknowledging(
    bootstrap: str,
    subtasks: int = 2,
    silent: tuple[int, ...] = (),
    refuse: str = "",
    kind: Literal["rule", "model"] = "rule",
) -> Iterator[None]:
    """Acknowledges each rule, or model, for every subtask but the `silent` ones; refuses all with `refuse` where it is given."""
    ended = threading.Event()
    reader = TopicReader(bootstrap, RULES.name if kind == "rule" else MODELS.name)
    reader.assign({each: end for each, (_, end) in reader.bounds().items()})
    thread = threading.Thread(target=_answer, args=(bootstrap, reader, ended, subtasks, silent, refuse, kind))
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        reader.close()


def _answer(
    bootstrap: str,
    reader: TopicReader,
    ended: threading.Event,
    subtasks: int,
    silent: tuple[int, ...],
    refuse: str,
    kind: Literal["rule", "model"],
) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0})
    while not ended.is_set():
        for record in reader.poll(0.05):
            told = json.loads(record.value) if record.value else {}
            version = (told if kind == "rule" else told.get("card", {})).get("version")
            for subtask in (each for each in range(subtasks) if each not in silent):
                now_ms = time.time_ns() // 1_000_000
                name = (record.key or b"").decode()
                since = None if refuse else now_ms
                ack = ControlAck(kind, name, version, subtask, subtasks, since, now_ms, refuse or None)
                producer.produce(CONTROL_ACKS.name, msgspec.json.encode(ack), ack_key(ack).encode())
        producer.flush(10)
