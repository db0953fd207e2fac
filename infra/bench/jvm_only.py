"""The job's own SQL without any Python behind it: the limit of this design. `flink run -py`, by infra/bench/throughput.py.

The same source, windows and crossing rows as `jobs/graph.py`, keyed as there, then thrown away by a sink in the JVM.
It takes the job's own options. What the job has beside: the Python operators, rules, refits, and sinks to Kafka.
"""

import os
import sys

from pyflink.java_gateway import get_gateway

from jobs.config import AdjustConfig
from jobs.cut import cut
from jobs.environment import environment
from jobs.keying import ROW, keyed, pairs, to_stream
from jobs.rows import crossing_query
from jobs.tables import source_ddl
from jobs.windows import steps


def main() -> None:
    config = AdjustConfig.load(sys.argv[1:], os.environ)
    env, t_env = environment(config)
    t_env.execute_sql(source_ddl(config))
    cut(t_env, t_env.sql_query("SELECT * FROM source"), "events", "occurred_at")
    for step in steps(config):
        phases = "TWO_PHASE" if step.name == "slices" else "ONE_PHASE"
        t_env.get_config().set("table.optimizer.agg-phase-strategy", phases)
        if step.time:
            cut(t_env, t_env.sql_query(step.query), step.name, step.time)
        else:
            t_env.execute_sql(f"CREATE TEMPORARY VIEW {step.name} AS {step.query}")
    crossing = keyed(to_stream(t_env, t_env.sql_query(crossing_query(config)), pairs(ROW), "crossing"), ROW)
    nowhere = get_gateway().jvm.org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink()
    crossing._j_data_stream.sinkTo(nowhere).name("nowhere")  # noqa: SLF001 - PyFlink has no discarding sink
    env.execute("jvm-only")


if __name__ == "__main__":
    main()
