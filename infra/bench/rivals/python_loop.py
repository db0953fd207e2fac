"""Hand-written contender: a consumer, dicts, and the same windows, z-scores, forest and mission rule as the job.

Left out, which makes it faster: checking events against the contract, peers, refits, windows of silence, the other
rules, the audit topics, and any fault tolerance: a restart loses a minute of windows and all baselines. Forest scores
are computed in one batch per slide, as one would. Prints its rate as JSON.
"""

import argparse
import gc
from typing import Any

import numpy as np
import onnxruntime
import orjson
from confluent_kafka import Consumer, Producer, TopicPartition

from infra.bench.baselines import Baselines
from infra.bench.meter import Meter
from infra.bench.rivals.loop_windows import RAPID_MS, SLICE_MS, WINDOW_MS, SessionWindow, SliceTotals, Windows
from infra.bench.rivals.topics import records_in
from models.features import CONTENT_NAMES, SESSION_NAMES
from models.model_store import load_forest
from schemas.commands import Source, Target, command_id

LATENESS_MS = 2000
WAIT_MS = 2500
SESSION_END_MS = 30 * 60_000
MISSION = Source("rule", "mission-simplify", 1)
RECOMMENDED_RATE = SESSION_NAMES.index("recommended_click_rate")
DURATION = SESSION_NAMES.index("session_duration_ms")


class Judge:
    """Baselines of every session and content, the forest, and the mission rule."""

    def __init__(self) -> None:
        stored = load_forest()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._forest = onnxruntime.InferenceSession(stored.artefact, options, providers=["CPUExecutionProvider"])
        self._threshold = stored.card.threshold
        self._no = np.array(False)
        self._sessions: dict[str, list[Any]] = {}
        self._contents: dict[str, Baselines] = {}
        self.windows = self.anomalies = 0

    def judge(self, end_ms: int, sessions: list[SessionWindow], contents: list[tuple[str, list[float]]]) -> list[bytes]:
        """The commands that follow from the windows that end at `end_ms`."""
        commands = []
        if sessions:
            rows = np.nan_to_num(np.array([each.values for each in sessions], dtype=np.float32), copy=False, nan=0.0)
            scores = self._forest.run(["score"], {"x": rows, "explain": self._no})[0]
            self.anomalies += int((scores >= self._threshold).sum())
        for window in sessions:
            known = self._sessions.get(window.session)
            if known is None:
                # Baselines, windows in a row in which the rule held, until when it rests, last window.
                known = self._sessions[window.session] = [Baselines(len(SESSION_NAMES)), 0, 0, 0]
            baselines, streak, resting_until_ms, _ = known
            z = baselines.score_and_update(window.values)
            known[3] = end_ms
            if not self._holds(window, baselines, end_ms):
                known[1] = 0
                continue
            known[1] = streak + 1
            if known[1] >= 2 and end_ms >= resting_until_ms:
                known[2] = end_ms + 300_000
                commands.append(_command(window, baselines, z, end_ms))
        for content, values in contents:
            baselines = self._contents.get(content)
            if baselines is None:
                baselines = self._contents[content] = Baselines(len(CONTENT_NAMES))
            baselines.score_and_update(values)
        self.windows += len(sessions) + len(contents)
        if end_ms % 300_000 == 0:
            self._sessions = {key: each for key, each in self._sessions.items() if end_ms - each[3] < SESSION_END_MS}
        return commands

    def _holds(self, window: SessionWindow, baselines: Baselines, end_ms: int) -> bool:
        values = window.values
        if not values[RECOMMENDED_RATE] < 1.0 or window.hidden_ms > window.interacted_ms:
            return False
        expected = baselines.prior_means[DURATION]
        if not expected > 0.0 or not (values[DURATION] - expected) / expected < -0.2:
            return False
        return end_ms - window.interacted_ms < 20_000


def _command(window: SessionWindow, baselines: Baselines, z: list[float | None], end_ms: int) -> bytes:
    bounds = {"window_start_ms": end_ms - WINDOW_MS, "window_end_ms": end_ms}
    expected = baselines.prior_means[DURATION]
    command = {
        "command_id": command_id(Target("session", window.session), MISSION, f"window:{end_ms}"),
        "issued_at_ms": end_ms,
        "expires_at_ms": end_ms + 300_000,
        "target": {"kind": "session", "id": window.session},
        "session_id": window.session,
        "user_id": window.user,
        "content_id": window.content,
        "action": "simplify",
        "parameters": {"variant": "simple"},
        "priority": 70,
        "source": {"kind": MISSION.kind, "id": MISSION.id, "version": MISSION.version},
        "evidence": {
            "recommended_click_rate": {"value": window.values[RECOMMENDED_RATE], "threshold": 1.0, **bounds},
            "session_duration_ms": {
                "value": window.values[DURATION],
                "baseline": expected,
                "threshold": 0.8 * expected,
                "z": z[DURATION],
                **bounds,
            },
            "silence_ms": {"value": end_ms - window.interacted_ms, "threshold": 20_000, **bounds},
        },
    }
    return orjson.dumps(command)


def run(bootstrap: str, topic: str, output: str, limit_s: float) -> str:
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"{output}-loop",
            "enable.auto.commit": False,
            "fetch.message.max.bytes": 4_194_304,
            # The default lets the client rest for a second whenever 100,000 records wait: half of the time on a fast machine.
            "fetch.queue.backoff.ms": 10,
        }
    )
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5})
    numbers = sorted(consumer.list_topics(topic).topics[topic].partitions)
    consumer.assign([TopicPartition(topic, number, 0) for number in numbers])
    meter, windows, judge = Meter(records_in(bootstrap, topic), limit_s), Windows(), Judge()
    received_until = [0] * len(numbers)
    begin_ms, cells, ids = -1, {}, set()
    late = repeats = sent = 0
    loads, slice_at = orjson.loads, windows.slice_at
    # Events are freed by their reference counts; looking for cycles among them finds none.
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    going = True
    while going:
        messages = consumer.consume(5000, 1.0)
        for message in messages:
            event = loads(message.value())
            received_ms, partition = event["received_at_ms"], message.partition()
            if received_ms > received_until[partition]:
                received_until[partition] = received_ms
            kind = event["type"]
            if kind == "tick":
                continue
            at_ms = event["occurred_at_ms"]
            slice_ms = at_ms - at_ms % SLICE_MS
            if at_ms < received_ms - LATENESS_MS or slice_ms + SLICE_MS < windows.next_end_ms:
                late += 1
                continue
            if slice_ms != begin_ms:
                begin_ms = slice_ms
                cells, ids = slice_at(slice_ms)
            key = (event["session_id"], event.get("content_id"))
            cell = cells.get(key)
            if cell is None:
                cell = cells[key] = SliceTotals(event.get("user_id"))
            if kind == "click":
                if event["event_id"] in ids:
                    repeats += 1
                    continue
                ids.add(event["event_id"])
                cell.clicks += 1
                if event.get("placement") == "recommended":
                    cell.recommended += 1
                if at_ms > cell.interacted:
                    cell.interacted = at_ms
                continue
            cell.signals += 1
            if at_ms > cell.last:
                cell.last = at_ms
            if at_ms < cell.first:
                cell.first = at_ms
            value = event.get("value")
            if kind == "heartbeat":
                if value is not None:
                    cell.engaged += int(value)
                continue
            if kind == "page_hide":
                cell.exits += 1
                cell.hidden = max(cell.hidden, at_ms)
                if value is not None and value <= RAPID_MS:
                    cell.rapid += 1
                continue
            if at_ms > cell.interacted:
                cell.interacted = at_ms
            if kind == "page_view":
                cell.pages += 1
            elif value is None:
                continue
            elif kind == "move":
                cell.path += int(value)
            elif kind == "scroll":
                depth = int(value * 10_000)
                if depth > cell.deepest:
                    cell.deepest = depth
                if depth < cell.shallowest:
                    cell.shallowest = depth
                if at_ms > cell.scroll_last:
                    cell.scroll_last = at_ms
                if at_ms < cell.scroll_first:
                    cell.scroll_first = at_ms
            elif kind == "hover":
                cell.hover += int(value)
        watermark_ms = min(received_until) - WAIT_MS
        while windows.next_end_ms and windows.next_end_ms - 1 <= watermark_ms:
            begin_ms = -1
            for command in judge.judge(*windows.close()):
                producer.produce(output, command)
                sent += 1
        producer.poll(0)
        going = meter.add(len(messages))
    producer.flush()
    consumer.close()
    return meter.report(commands=sent, windows=judge.windows, anomalies=judge.anomalies, late=late, repeats=repeats)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", default="127.0.0.1:19092", help="Kafka's bootstrap servers")
    parser.add_argument("--topic", default="bench.events", help="topic that infra/bench/workload.py has filled")
    parser.add_argument("--output", default="bench.loop", help="topic of commands; must exist")
    parser.add_argument("--limit-s", type=float, default=3600.0, help="stop after so many seconds of running")
    options = parser.parse_args()
    print(run(options.bootstrap, options.topic, options.output, options.limit_s))


if __name__ == "__main__":
    main()
