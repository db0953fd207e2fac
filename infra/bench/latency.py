"""Measures latency through Kafka and Flink at a steady rate: click to command, and end of window to commands.

Every click gets a command. By default every window does as well, five hundred at once every ten seconds, the most that can
happen; with `--windows none` windows are judged, but no rule asks for anything.
The control: the same clicks read back from events.v1 by the same consumer, through Kafka alone.
"""

import argparse
import json
import threading
import time
from statistics import quantiles
from typing import Any, Final
from uuid import uuid4

import msgspec
from confluent_kafka import Consumer, Producer, TopicPartition
from kafka import KafkaAdminClient
from kafka.admin import NewTopic

from infra.bench import live_models
from infra.kafka.blocking_producer import BlockingProducer
from infra.local import flink, stack
from infra.local.home import Home
from infra.local.submit import submit
from models.rules.compiled import KNOWN_FEATURES
from schemas.events import RECOMMENDED, Event
from schemas.rules import parse_rule_file

EACH_CLICK: Final = """
  - {id: each-click, version: 1, about: latency of the fast lane, lane: event, cooldown_s: 0, priority: 10,
     when: [{event: type, equals: click}], then: {action: refresh_recommendations}}
"""
EACH_WINDOW: Final = """
  - {id: each-window, version: 1, about: latency of the window lane, lane: session_window, cooldown_s: 0, priority: 90,
     when: [{feature: engaged_ms, above: -1}, {forest: 0.0}], then: {action: refresh_recommendations}}
"""
"""An action that stays in force would be commanded once and then only renewed; this one is done and over each time.
Of one group the more important goes first, so that windows do not wait for clicks."""

NO_BUDGET: Final = ("--changes-per-minute", "1000000", "--changes-per-session", "1000000")
PARTITIONS: Final = 4
WAIT_MS: Final = 2_500
SESSIONS: Final = 500
OTHERS: Final = (
    *("adjustments", "proposals", "rejected", "late", "tally", "control-acks", "session-state"),
    *("rules", "content", "models", "segments", "features"),
)


class Load:
    """Sends events in real time, with ticks each second, and remembers when."""

    def __init__(self, bootstrap: str, topic: str, rate: int) -> None:
        # As the gateway writes.
        self._producer = Producer(
            {"bootstrap.servers": bootstrap, "acks": "all", "enable.idempotence": True, "linger.ms": 2}
        )
        self._topic, self._rate = topic, rate
        self.clicked_at: dict[tuple[str, int], float] = {}
        """By session and time in ms."""
        self.stopped = threading.Event()

    def run(self, seconds: int) -> None:
        began, count, next_tick = time.time(), 0, 0.0
        while (now := time.time()) < began + seconds and not self.stopped.is_set():
            if now >= next_tick:
                self._tick(int(now))
                next_tick = int(now) + 1
            due = int((now - began) * self._rate)
            while count < due:
                self._send(count)
                count += 1
            self._producer.poll(0)
            time.sleep(0.001)
        self._producer.flush()

    def _send(self, count: int) -> None:
        session = f"s{count % SESSIONS}"
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
        self._producer.produce(self._topic, msgspec.json.encode(event), key=session)

    def _tick(self, second: int) -> None:
        for partition in range(PARTITIONS):
            tick = Event(f"tick-{partition}-{second}", "tick", second * 1000, second * 1000, "tick")
            self._producer.produce(self._topic, msgspec.json.encode(tick), key=b"tick", partition=partition)


class LatencyRecorder:
    """Records latencies in milliseconds: clicks through Kafka alone, their commands, and commands of windows."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self.control: list[float] = []
        self.fast: list[float] = []
        self.window: list[float] = []

    def event(self, value: bytes, now: float) -> None:
        if b'"click"' in value:
            event = msgspec.json.decode(value)
            self.control.append((now - self._load.clicked_at[event["session_id"], event["occurred_at_ms"]]) * 1000)

    def command(self, value: bytes, now: float) -> None:
        command = msgspec.json.decode(value)
        at_ms = command["issued_at_ms"]
        if command["action"] == "revert":
            return
        if command["source"]["id"] == "each-click":
            self.fast.append((now - self._load.clicked_at[command["session_id"], at_ms]) * 1000)
        elif command["source"]["id"] == "each-window":
            # The watermark passes a window's end with the events that are received so much later, one each millisecond.
            self.window.append(now * 1000 - (at_ms - 1 + WAIT_MS))


def rules_text(windows: str) -> str:
    """Returns rules by which every click gets a command, and each window (`windows` each) or no window (none)."""
    return "rules:" + EACH_CLICK + (EACH_WINDOW if windows == "each" else "")


def measure(
    running: stack.Stack,
    rate: int,
    seconds: int,
    warm_up_s: int,
    options: list[str],
    windows: str = "each",
    with_models: bool = False,
) -> dict[str, Any]:
    name = uuid4().hex[:8]
    topics = {flag: f"{flag}-{name}" for flag in ("events", *OTHERS)}
    admin = KafkaAdminClient(bootstrap_servers=running.bootstrap)
    admin.create_topics(
        [NewTopic(topic, PARTITIONS if flag == "events" else 1, 1) for flag, topic in topics.items()],
        wait_for_metadata=True,
    )
    admin.close()
    rules = running.home.folder("bench") / "latency-rules.yaml"
    rules.write_text(rules_text(windows))
    parse_rule_file(rules_text(windows), KNOWN_FEATURES)
    if with_models:
        producer = BlockingProducer(running.bootstrap)
        for each in live_models.announcements():
            producer.send(topics["models"], each.body, each.key.encode())
        producer.flush()
    flags = [part for flag, topic in topics.items() for part in (f"--{flag}-topic", topic)]
    flags += ["--group-id", name, "--startup", "earliest", "--rules-file", str(rules), *NO_BUDGET]
    job_id = submit(running, "adjust", [*flags, *options])
    flink.wait_for_job(running.rest_port, job_id)
    load = Load(running.bootstrap, topics["events"], rate)
    reader = Consumer(
        {
            "bootstrap.servers": running.bootstrap,
            "group.id": name,
            "isolation.level": "read_uncommitted",
            "fetch.wait.max.ms": 20,
            "enable.auto.commit": False,
        }
    )
    reader.assign(
        [TopicPartition(topics["adjustments"], 0, 0)]
        + [TopicPartition(topics["events"], number, 0) for number in range(PARTITIONS)]
    )
    sender = threading.Thread(target=load.run, args=(warm_up_s + seconds,))
    began = time.time()
    sender.start()
    recorder = LatencyRecorder(load)
    while sender.is_alive():
        for message in reader.consume(500, timeout=0.002):
            now = time.time()
            if now - began < warm_up_s or message.error() is not None:
                continue
            (recorder.event if message.topic() == topics["events"] else recorder.command)(message.value() or b"", now)
    reader.close()
    flink.stop_job(running.rest_port, job_id, savepoint=False)
    return {
        "fast_lane_ms": shares(recorder.fast),
        "window_lane_ms": shares(recorder.window),
        "kafka_alone_ms": shares(recorder.control),
        "rate": rate,
        "seconds": seconds,
        "windows": windows,
        "models": with_models,
        "options": options,
    }


def shares(values: list[float]) -> dict[str, float]:
    if len(values) < 2:
        return {"count": len(values)}
    cuts = quantiles(values, n=100)
    return {"p50": round(cuts[49], 1), "p99": round(cuts[98], 1), "count": len(values)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, epilog="What follows a -- goes to the job.")
    parser.add_argument("--rate", type=int, default=1000, help="events a second, 5 %% of them clicks")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--warm-up", type=int, default=180, help="seconds: Java compiles that long")
    parser.add_argument(
        "--windows",
        default="each",
        choices=("each", "none"),
        help="which windows get commands: each, or none",
    )
    parser.add_argument(
        "--models", action="store_true", help="put a length, a tone and a combination of detectors in force"
    )
    parser.add_argument("options", nargs="*", help="options of the job")
    given = parser.parse_args()
    running = stack.up(Home.from_env())
    print(
        json.dumps(
            measure(running, given.rate, given.seconds, given.warm_up, given.options, given.windows, given.models)
        )
    )


if __name__ == "__main__":
    main()
