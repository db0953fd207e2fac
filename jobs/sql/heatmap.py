"""SQL of the heatmap job: source, sink, and the one statement between them."""

from jobs.config import HeatmapConfig
from jobs.sql.source_table import STARTUP_MODES, kafka_table_options, type_ordinals, with_options
from schemas.event_validation import contract_json
from schemas.heatmap import BANDS, COLUMNS, ROWS


def source_ddl(config: HeatmapConfig) -> str:
    """Returns the DDL of `source`: events.v1, validated by the format of the adjust job. A rejected record has no `type_no`."""
    options = {
        "connector": "kafka",
        "topic": config.events_topic,
        **kafka_table_options(config),
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
    """Returns the DDL of `heatmap`, the compacted topic of cells."""
    options = {
        "connector": "upsert-kafka",
        "topic": config.heatmap_topic,
        **kafka_table_options(config),
        "key.format": "json",
        "value.format": "json",
    }
    return f"""
CREATE TABLE heatmap (
  page STRING, device STRING, kind STRING, period_start_ms BIGINT, `column` INT, `row` INT, `count` BIGINT,
  PRIMARY KEY (page, device, kind, period_start_ms, `column`, `row`) NOT ENFORCED
) WITH ({with_options(options)})"""


def _bucket(value: str, parts: int) -> str:
    """Returns the SQL that assigns a value in 0..1 to one of equal parts; 1 itself belongs to the last."""
    return f"LEAST(CAST(FLOOR({value} * {parts}) AS INT), {parts - 1})"


def insert_sql(config: HeatmapConfig) -> str:
    """Returns the whole job as one statement.

    Two counts, so that the topic is read once: the first by reader for scrolling (the deepest point moves from band to band,
    and Flink retracts the old one), by cell for all else; the second adds up readers by band.
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
      CASE WHEN type = 'scroll' THEN 0 ELSE {_bucket("x", COLUMNS)} END AS `column`,
      CASE WHEN type = 'scroll' THEN {_bucket("`value`", BANDS)} ELSE {_bucket("y", ROWS)} END AS `row`,
      CASE WHEN type = 'scroll' THEN session_id ELSE CAST({_bucket("y", ROWS)} AS STRING) END AS counted_by
    FROM source
    WHERE page_url IS NOT NULL AND (type_no IN {type_ordinals("click", "move")} AND x IS NOT NULL AND y IS NOT NULL
      OR type_no IN {type_ordinals("scroll")} AND `value` IS NOT NULL))
  GROUP BY page, device, kind, period_start_ms, `column`, counted_by)
GROUP BY page, device, kind, period_start_ms, `column`, `row`"""
