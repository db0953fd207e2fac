"""Bytewax: the same windows as its documentation recommends, one worker. Prints its rate as JSON.

Its own Kafka connector, `fold_window` over sliding windows of 60 s every 10 s per session, `stateful_map` for z-scores of the
number of events, and a topic of unusual windows. Seven sums where the job has thirteen features, and no contents,
peers, forest, rules or recovery: doing less makes it faster.
"""

import argparse
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from math import sqrt
from typing import Any

import bytewax.operators as op
import bytewax.operators.windowing as windowing
import orjson
from bytewax.connectors.kafka import KafkaSinkMessage
from bytewax.connectors.kafka import operators as kop
from bytewax.dataflow import Dataflow
from bytewax.errors import BytewaxRuntimeError
from bytewax.run import cli_main

from infra.bench.meter import Meter
from infra.bench.rivals.topics import records_in

WARM_UP = 12
UNUSUAL = 3.0
AT_ONCE = 200
Score = tuple[int, float, float]


class EnoughError(Exception):
    """The time is up: Bytewax has no other way to stop in the middle of a topic."""


def empty() -> list[float]:
    """Events, clicks, recommended clicks, greatest depth, hover, path and engaged time."""
    return [0, 0, 0, 0.0, 0, 0.0, 0]


def fold(sums: list[float], event: dict[str, Any]) -> list[float]:
    kind, number = event["type"], event.get("value")
    sums[0] += 1
    if kind == "click":
        sums[1] += 1
        if event.get("placement") == "recommended":
            sums[2] += 1
    elif number is None:
        pass
    elif kind == "move":
        sums[5] += number
    elif kind == "scroll":
        if number > sums[3]:
            sums[3] = number
    elif kind == "hover":
        sums[4] += number
    elif kind == "heartbeat":
        sums[6] += number
    return sums


def merge(a: list[float], b: list[float]) -> list[float]:
    merged = [x + y for x, y in zip(a, b, strict=True)]
    merged[3] = max(a[3], b[3])
    return merged


def judge(state: Score | None, window: tuple[int, list[float]]) -> tuple[Score, tuple[float | None, list[float]]]:
    """The baseline with this window, and its z-score against the baseline without."""
    count, mean, squares = state or (0, 0.0, 0.0)
    sums = window[1]
    difference = sums[0] - mean
    z = difference / sqrt(squares / (count - 1)) if count >= WARM_UP and squares > 0.0 else None
    count += 1
    mean += difference / count
    return (count, mean, squares + difference * (sums[0] - mean)), (z, sums)


def as_message(item: tuple[str, tuple[float | None, list[float]]]) -> KafkaSinkMessage | None:
    key, (z, sums) = item
    if z is None or abs(z) <= UNUSUAL:
        return None
    return KafkaSinkMessage(key.encode(), json.dumps({"session_id": key, "z": z, "sums": sums}).encode())


def flow(bootstrap: str, topic: str, output: str, meter: Meter, closed: Counter[str]) -> Dataflow:
    """The dataflow; `meter` counts the events on their way into windows, `closed` the windows that come out."""
    counted = 0

    def at(event: dict[str, Any]) -> datetime:
        # Asked once for each event, in the window operator: here an event is really being worked on.
        nonlocal counted
        counted += 1
        if counted == AT_ONCE:
            counted = 0
            if not meter.add(AT_ONCE):
                raise EnoughError
        return datetime.fromtimestamp(event["occurred_at_ms"] / 1000, UTC)

    dataflow = Dataflow("bench")
    records = kop.input("events", dataflow, brokers=[bootstrap], topics=[topic], tail=False)
    events = op.map("parse", records.oks, lambda record: orjson.loads(record.value))
    readers = op.filter("readers", events, lambda event: event["type"] != "tick")
    keyed = op.key_on("session", readers, lambda event: event["session_id"])
    windows = windowing.fold_window(
        "windows",
        keyed,
        windowing.EventClock(at, wait_for_system_duration=timedelta(milliseconds=2500)),
        windowing.SlidingWindower(
            length=timedelta(seconds=60), offset=timedelta(seconds=10), align_to=datetime(2025, 1, 1, tzinfo=UTC)
        ),
        empty,
        fold,
        merge,
    )
    scored = op.inspect("closed", op.stateful_map("judge", windows.down, judge), lambda *_: closed.update(windows=1))
    kop.output("unusual", op.filter_map("messages", scored, as_message), brokers=[bootstrap], topic=output)
    return dataflow


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", default="127.0.0.1:19092", help="Kafka's bootstrap servers")
    parser.add_argument("--topic", default="bench.events", help="topic that infra/bench/workload.py has filled")
    parser.add_argument("--output", default="bench.bytewax", help="topic of unusual windows; must exist")
    parser.add_argument("--limit-s", type=float, default=3600.0, help="stop after so many seconds of running")
    options = parser.parse_args()
    meter = Meter(records_in(options.bootstrap, options.topic), options.limit_s)
    closed: Counter[str] = Counter()
    try:
        cli_main(flow(options.bootstrap, options.topic, options.output, meter, closed))
    except (BytewaxRuntimeError, EnoughError) as error:
        if not isinstance(error.__cause__ or error, EnoughError):
            raise
    print(meter.report(**closed))


if __name__ == "__main__":
    main()
