"""Entry point of the heatmap job: where on each page readers clicked, moved and scrolled to. `flink run -pym jobs.heatmap`.

SQL alone, no Python in the stream. Counts do not wait for a watermark: a cell is written again when it has changed, at
most once a second, and the newest record of a cell and period is the valid one.
"""

import os
import sys

from pyflink.common import Configuration
from pyflink.table import EnvironmentSettings, TableEnvironment

from jobs.config import ConfigError, HeatmapConfig
from jobs.kafka_start import heatmap_needs, hidden_secrets, with_kafka_checked
from jobs.sql.heatmap import insert_sql, sink_ddl, source_ddl


def create_environment(config: HeatmapConfig) -> TableEnvironment:
    settings = Configuration()
    for key, value in {
        "pipeline.name": "heatmap",
        "pipeline.jars": ";".join(f"file://{path}" for path in config.jars.split(",") if path),
        "parallelism.default": str(config.parallelism),
        "execution.checkpointing.interval": f"{config.checkpoint_ms} ms",
        "table.exec.uid.generation": "ALWAYS",
        "table.exec.mini-batch.enabled": "true",
        "table.exec.mini-batch.allow-latency": f"{config.write_ms} ms",
        "table.exec.mini-batch.size": "5000",
        # A period that is over changes no more, except by events that a browser queued for long: they start a new count.
        "table.exec.state.ttl": f"{2 * config.period_min} min",
    }.items():
        if value:
            settings.set_string(key, value)
    return TableEnvironment.create(EnvironmentSettings.new_instance().with_configuration(settings).build())


def main() -> None:
    try:
        config = HeatmapConfig.load(sys.argv[1:], os.environ)
    except ConfigError as error:
        sys.exit(f"heatmap: {error}")
    t_env = create_environment(config)
    config = with_kafka_checked("heatmap", config, heatmap_needs(config))
    with hidden_secrets(config):
        t_env.execute_sql(source_ddl(config))
        t_env.execute_sql(sink_ddl(config))
        t_env.execute_sql(insert_sql(config))


if __name__ == "__main__":
    main()
