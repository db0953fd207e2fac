"""Writes the benchmark's workload to a Kafka topic. `.venv-bench/bin/python -m infra.bench.workload --help`"""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from random import Random
from typing import Any

import orjson
from confluent_kafka import KafkaException, Producer  # type: ignore[import-not-found,unused-ignore]
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[import-not-found,attr-defined,unused-ignore]

from infra.bench.workload_visitors import BEGINNING_MS, PARTITIONS, TRAILING_S, Reader


def events(number: int, sessions: int, rate: float, seed: int) -> Iterator[tuple[int, bytes, bytes]]:
    """(time in ms, session id, JSON) in order of time; `rate` is events per session and second."""
    random = Random(seed)
    readers = [Reader(place, random, BEGINNING_MS, first=True) for place in range(sessions)]
    gap_ms = 1000.0 / (sessions * rate)
    done = 0
    while done < number:
        now_ms = BEGINNING_MS + int(done * gap_ms)
        for _ in range(20):
            reader = readers[int(random.random() * sessions)]
            if reader.away_until_ms <= now_ms:
                break
        key = reader.key
        raw, resent = reader.next(now_ms)
        yield now_ms, key, raw
        done += 1
        if resent and done < number:
            yield BEGINNING_MS + int(done * gap_ms), key, raw
            done += 1


def tick(second: int) -> bytes:
    """The clock of event time, as gateways write it to every partition each second."""
    at_ms = BEGINNING_MS + second * 1000
    return orjson.dumps(
        {
            "event_id": f"tick-{at_ms}",
            "type": "tick",
            "occurred_at_ms": at_ms,
            "received_at_ms": at_ms,
            "session_id": "tick",
        }
    )


def recreate(admin: Any, topic: str, partitions: int) -> None:
    """Deletes the topic if there is one and creates it anew, kept for ever: its times lie in the past."""
    known = admin.list_topics(timeout=10).topics
    if topic in known:
        admin.delete_topics([topic])[topic].result(30)
    new = NewTopic(topic, partitions, 1, config={"retention.ms": "-1"})
    for attempt in range(60):
        try:
            admin.create_topics([new])[topic].result(30)
            return
        except KafkaException:
            # Deleting goes on for a moment after it has been confirmed.
            if attempt == 59:
                raise
            time.sleep(0.5)


def write(bootstrap: str, topic: str, number: int, sessions: int, rate: float, seed: int) -> dict[str, Any]:
    """Fills the topic and returns what it holds. The Kafka timestamp of a record is its `received_at_ms`."""
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "linger.ms": 50,
            "batch.size": 524_288,
            "queue.buffering.max.messages": 1_000_000,
            # The hash of Java's clients, as the gateway would have it.
            "partitioner": "murmur2_random",
        }
    )
    begun, size, second = time.monotonic(), 0, 0

    def put(at_ms: int, key: bytes, value: bytes, partition: int) -> None:
        while True:
            try:
                producer.produce(topic, value, key, partition, timestamp=at_ms)
                return
            except BufferError:
                producer.poll(0.1)

    def tick_until(until: int) -> None:
        nonlocal second
        while second < until:
            second += 1
            for partition in range(PARTITIONS):
                put(BEGINNING_MS + second * 1000, b"tick", tick(second), partition)

    for count, (at_ms, key, raw) in enumerate(events(number, sessions, rate, seed), 1):
        if at_ms - BEGINNING_MS >= (second + 1) * 1000:
            tick_until((at_ms - BEGINNING_MS) // 1000)
        put(at_ms + 20, key, raw, -1)
        size += len(raw)
        if count % 50_000 == 0:
            producer.poll(0)
            per_s = count / (time.monotonic() - begun)
            print(f"\r{topic}: {count:,} of {number:,} events, {per_s:,.0f}/s", end="", file=sys.stderr, flush=True)
    tick_until(second + TRAILING_S)
    producer.flush()
    seconds = time.monotonic() - begun
    print(file=sys.stderr)
    return {
        "topic": topic,
        "events": number,
        "records": number + PARTITIONS * second,
        "sessions": sessions,
        "bytes_per_event": round(size / number, 1),
        "event_time_s": round(number / (sessions * rate), 1),
        "written_per_s": round(number / seconds),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", default="127.0.0.1:19092", help="Kafka's bootstrap servers")
    parser.add_argument("--topic", default="bench.events", help="deleted and created anew")
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--sessions", type=int, default=300, help="concurrent sessions")
    parser.add_argument("--rate", type=float, default=1.7, help="events per session and second of event time")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    recreate(AdminClient({"bootstrap.servers": options.bootstrap}), options.topic, PARTITIONS)
    result = write(options.bootstrap, options.topic, options.events, options.sessions, options.rate, options.seed)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
