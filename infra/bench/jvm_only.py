"""Runs the job's own SQL without any Python operator: the upper limit of this design. By infra.bench.throughput.

The same source, windows and crossing rows as `jobs/graph.py`, keyed as there, then thrown away by a sink in the JVM.
It takes the job's own options. What the job has beside: the Python operators, rules, refits, and sinks to Kafka.
"""

import os
import sys

from pyflink.java_gateway import get_gateway

from jobs.config import AdjustConfig
from jobs.environment import create_environment
from jobs.graph import build_sql_pipeline
from jobs.java.keying import CROSSING_ROW_TYPE, key_by_first_field


def main() -> None:
    config = AdjustConfig.load(sys.argv[1:], os.environ)
    env, t_env = create_environment(config)
    discarding = get_gateway().jvm.org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink
    for rows in build_sql_pipeline(t_env, config):
        key_by_first_field(rows, CROSSING_ROW_TYPE)._j_data_stream.sinkTo(discarding()).name("nowhere")  # noqa: SLF001 - PyFlink has no such sink
    env.execute("jvm-only")


if __name__ == "__main__":
    main()
