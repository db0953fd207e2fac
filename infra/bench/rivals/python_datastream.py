"""PyFlink contender: everything in Python DataStream operators, thread mode, as in PyFlink's documentation. `flink run -py`.

KafkaSource, `json.loads`, sliding windows of 60 s every 10 s per session, z-scores, Kafka sink. Windows hold a count
and six sums or greatest values; contents, peers, forest and rules are left out, which makes it faster. Watermarks are
made in the source, per partition and in Java, from the records' Kafka timestamps. The z-scores' state lives with the
windows (`global_state`), which spares a second `key_by`.
"""

import argparse
import json
from collections.abc import Iterable, Iterator
from math import sqrt
from typing import Any

from pyflink.common import Configuration, Duration, Time, Types, WatermarkStrategy
from pyflink.common.serialization import SimpleStringSchema
from pyflink.datastream import AggregateFunction, ProcessWindowFunction, StreamExecutionEnvironment
from pyflink.datastream.connectors.kafka import (
    KafkaOffsetsInitializer,
    KafkaRecordSerializationSchema,
    KafkaSink,
    KafkaSource,
)
from pyflink.datastream.state import ValueStateDescriptor
from pyflink.datastream.window import SlidingEventTimeWindows

WARM_UP = 12
UNUSUAL = 3.0


class Sums(AggregateFunction):
    """Events, clicks, recommended clicks, greatest depth, hover, path and engaged time of a window."""

    def create_accumulator(self) -> list[float]:
        return [0, 0, 0, 0.0, 0, 0.0, 0]

    def add(self, value: dict[str, Any], accumulator: list[float]) -> list[float]:
        kind, number = value["type"], value.get("value")
        accumulator[0] += 1
        if kind == "click":
            accumulator[1] += 1
            if value.get("placement") == "recommended":
                accumulator[2] += 1
        elif number is None:
            pass
        elif kind == "move":
            accumulator[5] += number
        elif kind == "scroll":
            if number > accumulator[3]:
                accumulator[3] = number
        elif kind == "hover":
            accumulator[4] += number
        elif kind == "heartbeat":
            accumulator[6] += number
        return accumulator

    def get_result(self, accumulator: list[float]) -> list[float]:
        return accumulator

    def merge(self, a: list[float], b: list[float]) -> list[float]:
        depth = max(a[3], b[3])
        merged = [x + y for x, y in zip(a, b, strict=True)]
        merged[3] = depth
        return merged


class ZScores(ProcessWindowFunction):
    """Emits a window in which some sum is unusual for its session, as JSON. Scores first, learns second."""

    def process(self, key: str, context: ProcessWindowFunction.Context, elements: Iterable[Any]) -> Iterator[str]:
        state = context.global_state().get_state(ValueStateDescriptor("baselines", Types.PICKLED_BYTE_ARRAY()))
        values = next(iter(elements))
        count, means, squares = state.value() or (0, [0.0] * len(values), [0.0] * len(values))
        scores = {}
        count += 1
        for place, value in enumerate(values):
            difference = value - means[place]
            if count > WARM_UP and squares[place] > 0.0:
                z = difference / sqrt(squares[place] / (count - 2))
                if abs(z) > UNUSUAL:
                    scores[place] = z
            means[place] += difference / count
            squares[place] += difference * (value - means[place])
        state.update((count, means, squares))
        if scores:
            yield json.dumps({"session_id": key, "window_end_ms": context.window().end, "values": values, "z": scores})

    def clear(self, context: ProcessWindowFunction.Context) -> None:
        """The baselines stay: they are the session's, not the window's."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--output", required=True, help="topic of unusual windows; must exist")
    parser.add_argument("--jars", required=True, help="the Kafka connector, comma separated from others")
    options = parser.parse_args()
    settings = Configuration()
    settings.set_string("python.execution-mode", "thread")
    settings.set_string("parallelism.default", "1")
    settings.set_string("pipeline.object-reuse", "true")
    env = StreamExecutionEnvironment.get_execution_environment(settings)
    env.add_jars(*(f"file://{path}" for path in options.jars.split(",")))
    source = (
        KafkaSource.builder()
        .set_bootstrap_servers(options.bootstrap)
        .set_topics(options.topic)
        .set_group_id(f"{options.output}-datastream")
        .set_starting_offsets(KafkaOffsetsInitializer.earliest())
        .set_bounded(KafkaOffsetsInitializer.latest())
        .set_value_only_deserializer(SimpleStringSchema())
        .set_property("max.poll.records", "5000")
        .build()
    )
    sink = (
        KafkaSink.builder()
        .set_bootstrap_servers(options.bootstrap)
        .set_record_serializer(
            KafkaRecordSerializationSchema.builder()
            .set_topic(options.output)
            .set_value_serialization_schema(SimpleStringSchema())
            .build()
        )
        .build()
    )
    watermarks = WatermarkStrategy.for_bounded_out_of_orderness(Duration.of_millis(2500))
    (
        env.from_source(source, watermarks, "bench-events")
        .map(json.loads)
        .filter(lambda event: event["type"] != "tick")
        .key_by(lambda event: event["session_id"], key_type=Types.STRING())
        .window(SlidingEventTimeWindows.of(Time.seconds(60), Time.seconds(10)))
        .aggregate(
            Sums(),
            window_function=ZScores(),
            accumulator_type=Types.PICKLED_BYTE_ARRAY(),
            output_type=Types.STRING(),
        )
        .sink_to(sink)
    )
    env.execute("python-datastream")


if __name__ == "__main__":
    main()
