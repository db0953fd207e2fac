"""The heatmap job: where on each page readers clicked, moved and how far they scrolled. `flink run -pym jobs.heatmap`.

SQL alone, no Python in the stream. Counts do not wait for a watermark: a cell is written again when it has changed, at
most once a second, and the newest record of a cell and period is what counts.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from pyflink.common import Configuration
from pyflink.table import EnvironmentSettings, TableEnvironment

from jobs.config import ConfigError, check_option, given_options, option
from jobs.sql.source_table import STARTUP_MODES, numbers, with_options
from schemas.event_validation import contract_json
from schemas.heatmap import BANDS, COLUMNS, ROWS


@dataclass(frozen=True, slots=True)
class HeatmapConfig:
    bootstrap: str = option("127.0.0.1:19092", "Kafka's bootstrap servers")
    group_id: str = option("microadjust-heatmap", "consumer group")
    events_topic: str = option("events.v1", "topic of reader events")
    heatmap_topic: str = option("heatmap.v1", "topic of cells")
    startup: str = option("committed", "where to begin without a savepoint", among=("committed", "earliest", "latest"))
    period_min: int = option(60, "minutes of event time that one count stands for", least=1)
    write_ms: int = option(1000, "a cell that changes is written at most so often", least=100)
    checkpoint_ms: int = option(10_000, "checkpoint interval", least=10)
    parallelism: int = option(1, "subtasks of each operator", least=1)
    jars: str = option("", "jars to ship, comma separated; empty where the cluster has them")
    bounded: str = option("no", "end when the topic has been read: for tests", among=("no", "yes"))

    def __post_init__(self) -> None:
        for each in fields(self):
            check_option(each, getattr(self, each.name))

    @classmethod
    def load(cls, arguments: Sequence[str], environ: Mapping[str, str]) -> "HeatmapConfig":
        """As `AdjustConfig.load`. Raises `ConfigError`."""
        return cls(**given_options(cls, "heatmap", arguments, environ))


def environment(config: HeatmapConfig) -> TableEnvironment:
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
        # A period that is over changes no more, but for events that were queued in a browser for long: they count anew.
        "table.exec.state.ttl": f"{2 * config.period_min} min",
    }.items():
        if value:
            settings.set_string(key, value)
    return TableEnvironment.create(EnvironmentSettings.new_instance().with_configuration(settings).build())


def source_ddl(config: HeatmapConfig) -> str:
    """events.v1, judged by the same format as in the adjust job: what it refuses has no `type_no`."""
    options = {
        "connector": "kafka",
        "topic": config.events_topic,
        "properties.bootstrap.servers": config.bootstrap,
        "properties.group.id": config.group_id,
        "properties.isolation.level": "read_committed",
        "properties.auto.offset.reset": "earliest",
        "scan.startup.mode": STARTUP_MODES[config.startup],
        "format": "microadjust-event",
        "microadjust-event.contract": contract_json(),
    }
    if config.bounded == "yes":
        options["scan.bounded.mode"] = "latest-offset"
    return f"""
CREATE TABLE source (
  type STRING, type_no INT, occurred_at_ms BIGINT, session_id STRING, page_url STRING, `value` DOUBLE, x DOUBLE, y DOUBLE,
  context ROW<device STRING>
) WITH ({with_options(options)})"""


def sink_ddl(config: HeatmapConfig) -> str:
    options = {
        "connector": "upsert-kafka",
        "topic": config.heatmap_topic,
        "properties.bootstrap.servers": config.bootstrap,
        "key.format": "json",
        "value.format": "json",
    }
    return f"""
CREATE TABLE heatmap (
  page STRING, device STRING, kind STRING, period_start_ms BIGINT, `column` INT, `row` INT, `count` BIGINT,
  PRIMARY KEY (page, device, kind, period_start_ms, `column`, `row`) NOT ENFORCED
) WITH ({with_options(options)})"""


def _part(value: str, parts: int) -> str:
    """Which of equal parts of 0..1 the value lies in; 1 itself lies in the last."""
    return f"LEAST(CAST(FLOOR({value} * {parts}) AS INT), {parts - 1})"


def insert(config: HeatmapConfig) -> str:
    """The whole job in one statement.

    Two counts, so that the topic is read once: the first by reader for scrolling (the deepest point moves from band to band,
    and Flink takes the old one back), by cell for all else; the second adds up readers by band.
    """
    period_ms = config.period_min * 60_000
    return f"""
INSERT INTO heatmap
SELECT page, device, kind, period_start_ms, `column`, `row`, SUM(times) AS `count`
FROM (
  SELECT page, device, kind, period_start_ms, `column`, MAX(`row`) AS `row`,
    CASE WHEN kind = 'scroll' THEN CAST(1 AS BIGINT) ELSE COUNT(*) END AS times
  FROM (
    SELECT REGEXP_REPLACE(page_url, '(?s)[?#].*', '') AS page, COALESCE(context.device, '') AS device, type AS kind,
      occurred_at_ms - MOD(occurred_at_ms, {period_ms}) AS period_start_ms,
      CASE WHEN type = 'scroll' THEN 0 ELSE {_part("x", COLUMNS)} END AS `column`,
      CASE WHEN type = 'scroll' THEN {_part("`value`", BANDS)} ELSE {_part("y", ROWS)} END AS `row`,
      CASE WHEN type = 'scroll' THEN session_id ELSE CAST({_part("y", ROWS)} AS STRING) END AS counted_by
    FROM source
    WHERE page_url IS NOT NULL AND (type_no IN {numbers("click", "move")} AND x IS NOT NULL AND y IS NOT NULL
      OR type_no IN {numbers("scroll")} AND `value` IS NOT NULL))
  GROUP BY page, device, kind, period_start_ms, `column`, counted_by)
GROUP BY page, device, kind, period_start_ms, `column`, `row`"""


def main() -> None:
    try:
        config = HeatmapConfig.load(sys.argv[1:], os.environ)
    except ConfigError as error:
        sys.exit(f"heatmap: {error}")
    t_env = environment(config)
    t_env.execute_sql(source_ddl(config))
    t_env.execute_sql(sink_ddl(config))
    t_env.execute_sql(insert(config))


if __name__ == "__main__":
    main()
