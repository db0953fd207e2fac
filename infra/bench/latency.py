"""Latency through Kafka and Flink at a steady rate: from a click to its command, and from a window's end to its commands."""

import argparse
import json
import threading
import time
from statistics import quantiles
from typing import Any
from uuid import uuid4

import msgspec
from kafka import KafkaAdminClient, KafkaProducer
from kafka.admin import NewTopic

from infra.local import flink, stack
from infra.local.home import Home
from infra.local.submit import submit
from infra.streams.reading import Tail
from models.rules import KNOWN_FEATURES
from schemas.events import RECOMMENDED, Event
from schemas.rules import parse_rule_file

RULES = """
rules:
  - {id: each-click, version: 1, about: latency of the fast lane, lane: event, cooldown_s: 1,
     when: [{event: type, equals: click}], then: {action: reorder, parameters: {order: $recent_contents}}}
  - {id: each-window, version: 1, about: latency of the window lane, lane: session_window, cooldown_s: 1,
     when: [{feature: engaged_ms, above: -1}, {forest: 0.0}], then: {action: set_length}}
"""
PARTITIONS = 4
WAIT_MS = 2_500


class Load:
    """Sends events in real time, with ticks each second, and remembers when."""

    def __init__(self, bootstrap: str, topic: str, rate: int, sessions: int) -> None:
        self._producer = KafkaProducer(bootstrap_servers=bootstrap, acks=1, linger_ms=0)
        self._topic, self._rate, self._sessions = topic, rate, sessions
        self.clicked_at: dict[tuple[str, int], float] = {}
        self.ticked_at: dict[int, float] = {}

    def run(self, seconds: int) -> None:
        began, count, next_tick = time.time(), 0, 0.0
        while (now := time.time()) < began + seconds:
            if now >= next_tick:
                self._tick(int(now))
                next_tick = int(now) + 1
            due = int((now - began) * self._rate)
            while count < due:
                self._send(count)
                count += 1
            time.sleep(0.001)
        self._producer.flush()
        self._producer.close()

    def _send(self, count: int) -> None:
        session = f"s{count % self._sessions}"
        at = time.time()
        at_ms = int(at * 1000)
        # Every twentieth event is a click, each time of another session.
        click = count % 20 == 0
        event = Event(
            event_id=f"e{count}",
            type="click" if click else "heartbeat",
            occurred_at_ms=at_ms,
            received_at_ms=at_ms,
            session_id=session,
            content_id=f"c{count % 50}",
            content_type="news",
            placement=RECOMMENDED if click else None,
            value=None if click else 5000.0,
        )
        if click:
            self.clicked_at[session, at_ms] = at
        self._producer.send(self._topic, msgspec.json.encode(event), key=session.encode())

    def _tick(self, second: int) -> None:
        for partition in range(PARTITIONS):
            tick = Event(f"tick-{partition}-{second}", "tick", second * 1000, second * 1000, "tick")
            self._producer.send(self._topic, msgspec.json.encode(tick), key=b"tick", partition=partition)
        # The watermark passes a window's end when a tick that is late enough has come.
        self.ticked_at[second * 1000] = time.time()


def measure(running: stack.Stack, rate: int, seconds: int, warm_up_s: int) -> dict[str, Any]:
    name = uuid4().hex[:8]
    topics = {flag: f"{flag}-{name}" for flag in ("events", "adjustments", "rejected", "late", "tally", "rules")}
    admin = KafkaAdminClient(bootstrap_servers=running.bootstrap)
    admin.create_topics(
        [NewTopic(topic, PARTITIONS if flag == "events" else 1, 1) for flag, topic in topics.items()],
        wait_for_metadata=True,
    )
    admin.close()
    rules = running.home.folder("bench") / "latency-rules.yaml"
    rules.write_text(RULES)
    parse_rule_file(RULES, KNOWN_FEATURES)
    flags = [part for flag, topic in topics.items() for part in (f"--{flag}-topic", topic)]
    job_id = submit(
        running, "adjust", [*flags, "--group-id", name, "--startup", "earliest", "--rules-file", str(rules)]
    )
    flink.wait_for_job(running.rest_port, job_id)
    load = Load(running.bootstrap, topics["events"], rate, sessions=500)
    tail = Tail(running.bootstrap, topics["adjustments"], isolation="read_uncommitted")
    tail.more(0.1)
    sender = threading.Thread(target=load.run, args=(warm_up_s + seconds,))
    began = time.time()
    sender.start()
    fast, window = [], []
    while sender.is_alive():
        for record in tail.more(0.05):
            now = time.time()
            if now - began < warm_up_s:
                continue
            command = msgspec.json.decode(record.value)
            at_ms = command["issued_at_ms"]
            if command["source"]["id"] == "each-click":
                fast.append((now - load.clicked_at[command["session_id"], at_ms]) * 1000)
            else:
                passed = next((each for each in load.ticked_at if each - WAIT_MS >= at_ms - 1), None)
                if passed is not None:
                    window.append((now - load.ticked_at[passed]) * 1000)
    tail.close()
    flink.stop_job(running.rest_port, job_id, savepoint=False)
    return {"fast_lane_ms": _shares(fast), "window_lane_ms": _shares(window), "rate": rate, "seconds": seconds}


def _shares(values: list[float]) -> dict[str, float]:
    cuts = quantiles(values, n=100)
    return {"p50": round(cuts[49], 1), "p99": round(cuts[98], 1), "count": len(values)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=1000, help="events a second, 5 %% of them clicks")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--warm-up", type=int, default=45)
    given = parser.parse_args()
    running = stack.up(Home.from_env())
    print(json.dumps(measure(running, given.rate, given.seconds, given.warm_up)))


if __name__ == "__main__":
    main()
