"""Quix Streams: the same windows as its documentation recommends. Prints its rate as JSON.

Hopping windows of 60 s every 10 s per session with one aggregation a column, in RocksDB with a changelog topic, which
are the defaults; then a z-score of the number of events in keyed state, and a topic of unusual windows. Seven columns
where the job has thirteen, and no contents, peers, forest or rules: doing less makes it faster. Event time is Kafka's
timestamp, the default, which spares an extractor.
"""

import argparse
import logging
import tempfile
from datetime import timedelta
from math import sqrt
from typing import Any

from quixstreams import Application, State
from quixstreams.dataframe.windows import Count, Max, Sum

from infra.bench.meter import Meter
from infra.bench.rivals.topics import records_in

WARM_UP = 12
UNUSUAL = 3.0
_VALUES = {"move": "path", "scroll": "depth", "hover": "hover", "heartbeat": "engaged"}


def columns(event: dict[str, Any]) -> dict[str, Any]:
    """The columns that are added up; one that an event says nothing about is missing."""
    kind = event["type"]
    row: dict[str, Any] = {}
    if kind == "click":
        row["click"] = 1
        if event.get("placement") == "recommended":
            row["recommended"] = 1
    elif kind in _VALUES:
        row[_VALUES[kind]] = event.get("value")
    return row


def judged(window: dict[str, Any], state: State) -> dict[str, Any]:
    """The window with the z-score of its number of events. Scores first, learns second."""
    count, mean, squares = state.get("baseline", (0, 0.0, 0.0))
    value = window["events"]
    difference = value - mean
    window["z"] = difference / sqrt(squares / (count - 1)) if count >= WARM_UP and squares > 0.0 else None
    count += 1
    mean += difference / count
    state.set("baseline", (count, mean, squares + difference * (value - mean)))
    return window


def run(bootstrap: str, topic: str, output: str, limit_s: float) -> str:
    meter = Meter(records_in(bootstrap, topic), limit_s)
    with tempfile.TemporaryDirectory() as folder:
        app = Application(
            broker_address=bootstrap,
            consumer_group=f"{output}-quix",
            auto_offset_reset="earliest",
            state_dir=folder,
            loglevel=logging.WARNING,
        )

        closed = 0

        def count(_: Any) -> None:
            if not meter.add(1):
                app.stop()

        def count_window(_: Any) -> None:
            nonlocal closed
            closed += 1

        frame = app.dataframe(app.topic(topic, key_deserializer="str", value_deserializer="json"))
        frame = frame.update(count)
        frame = frame.filter(lambda event: event["type"] != "tick").apply(columns)
        windows = frame.hopping_window(timedelta(seconds=60), timedelta(seconds=10), grace_ms=2500).agg(
            events=Count(),
            clicks=Sum("click"),
            recommended=Sum("recommended"),
            depth=Max("depth"),
            hover=Sum("hover"),
            path=Sum("path"),
            engaged=Sum("engaged"),
        )
        scored = windows.final().apply(judged, stateful=True).update(count_window)
        unusual = scored.filter(lambda window: window["z"] is not None and abs(window["z"]) > UNUSUAL)
        unusual.to_topic(app.topic(output, value_serializer="json"))
        app.run()
    return meter.report(windows=closed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", default="127.0.0.1:19092", help="Kafka's bootstrap servers")
    parser.add_argument("--topic", default="bench.events", help="topic that infra/bench/workload.py has filled")
    parser.add_argument("--output", default="bench.quix", help="topic of unusual windows; must exist")
    parser.add_argument("--limit-s", type=float, default=60.0, help="stop after so many seconds of running")
    options = parser.parse_args()
    print(run(options.bootstrap, options.topic, options.output, options.limit_s))


if __name__ == "__main__":
    main()
