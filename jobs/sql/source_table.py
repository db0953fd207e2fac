"""DDL of the source tables, and the route of each record: events.v1 with event time, watermark and validation result."""

from enum import IntEnum, auto
from re import sub
from typing import Any

from jobs.config import AdjustConfig, HeatmapConfig, kafka_client_options
from schemas.event_validation import contract_json
from schemas.events import EVENT_TYPES, FAST_TYPES

SOURCE_COLUMNS = (
    *(
        "event_id",
        "type",
        "type_no",
        "occurred_at",
        "occurred_at_ms",
        "received_at_ms",
        "session_id",
        "user_id",
        "content_id",
    ),
    *("content_type", "page_url", "`element`", "placement", "`value`"),
    *("scroll_pages", "rage", "section_ms", "text", "context"),
    *("reject_reason", "reject_detail", "original", "`partition`", "`offset`", "written"),
)
"""The columns of `source`, in order."""

CONTEXT_TYPE = (
    "ROW<device STRING, os STRING, browser STRING, country STRING, region STRING, `language` STRING, languages STRING,"
    " timezone STRING, rtt_ms BIGINT, downlink_kbps BIGINT, save_data BOOLEAN, user_expertise STRING>"
)
"""What is used of an event's context."""

NAN = "CAST('NaN' AS DOUBLE)"


class Route(IntEnum):
    """Routes. Each record takes exactly one: ticks are dropped, signals and trigger events go to the windows, trigger events
    and page views to the event lane as well, late and rejected ones to the audit topics."""

    IGNORED = auto()
    SIGNAL = auto()
    TRIGGER_EVENT = auto()
    LATE = auto()
    REJECTED = auto()


LEAN_TYPES = ("scroll", "move", "hover")
LEAN_COLUMNS = ("session_id", "content_id", "value", "occurred_at_ms", "received_at_ms")

DISCOVERY_MS = 1_000
"""Time between two looks for partitions that were added. Until a new one is read, the ticks of the others move event time; what
waits in it longer than `slack_ms` and `lateness_ms` together may be late."""

STARTUP_MODES = {"committed": "group-offsets", "earliest": "earliest-offset", "latest": "latest-offset"}
"""Names of the start positions in Flink's Kafka source."""


def sql_literal(text: str) -> str:
    """Quotes `text` as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def with_options(options: dict[str, str]) -> str:
    """Formats the options of a table's WITH clause."""
    return ", ".join(f"{sql_literal(key)} = {sql_literal(value)}" for key, value in options.items())


def kafka_table_options(config: AdjustConfig | HeatmapConfig) -> dict[str, str]:
    """Returns the options of a Kafka table that say where Kafka is and how to log in."""
    return {f"properties.{key}": value for key, value in kafka_client_options(config).items()}


def type_ordinals(*types: str) -> str:
    """Formats event types as a list of the ordinals that the format assigns: comparing them is cheaper than comparing names."""
    return "(" + ", ".join(str(EVENT_TYPES.index(name)) for name in types) + ")"


def source_ddl(config: AdjustConfig) -> str:
    """Returns the DDL of the table `source`.

    The watermark follows `received_at_ms`, the gateway's clock: a reader's clock that runs ahead cannot push event
    time forward for everybody. Nor can a gateway's, since no record was received after the broker wrote it down. Only the
    columns that this job uses are declared; the format checks all of them.
    """
    options = {
        "connector": "kafka",
        "topic": config.events_topic,
        **kafka_table_options(config),
        "properties.group.id": config.group_id,
        # 500 records a poll (the default) leave the parser waiting for the fetcher: 5,000 read 40 % faster.
        "properties.max.poll.records": "5000",
        "properties.isolation.level": "read_committed",
        "scan.startup.mode": STARTUP_MODES[config.startup],
        "scan.topic-partition-discovery.interval": f"{DISCOVERY_MS} ms",
        "properties.auto.offset.reset": "earliest",
        "format": "microadjust-event",
        "microadjust-event.contract": contract_json(),
        # Flink copies every text of a row in each projection; what comes many times a second carries only what
        # the windows read. Late events are kept whole for late.v1.
        "microadjust-event.lean-types": ";".join(LEAN_TYPES),
        "microadjust-event.lean-columns": ";".join(
            (*LEAN_COLUMNS, "event_id") if config.deduplicate == "all" else LEAN_COLUMNS
        ),
        "microadjust-event.lean-within-ms": str(config.lateness_ms),
    }
    if config.idle_timeout_ms:
        # Off by default: an idle partition that wakes up finds that time has gone on, and all it brings is late.
        options["scan.watermark.idle-timeout"] = f"{config.idle_timeout_ms} ms"
    if config.bounded == "yes":
        options["scan.bounded.mode"] = "latest-offset"
    return f"""
CREATE TABLE source (
  event_id STRING, type STRING, type_no INT, occurred_at TIMESTAMP_LTZ(3), occurred_at_ms BIGINT, received_at_ms BIGINT,
  session_id STRING, user_id STRING, content_id STRING, content_type STRING, page_url STRING, `element` STRING, placement STRING,
  `value` DOUBLE, scroll_pages DOUBLE, rage DOUBLE, section_ms DOUBLE, text STRING,
  context {CONTEXT_TYPE},
  reject_reason STRING, reject_detail STRING, original BYTES,
  `partition` INT NOT NULL METADATA VIRTUAL, `offset` BIGINT NOT NULL METADATA VIRTUAL,
  written TIMESTAMP_LTZ(3) NOT NULL METADATA FROM 'timestamp' VIRTUAL,
  WATERMARK FOR occurred_at AS TO_TIMESTAMP_LTZ(received_at_ms - {_ahead(config)} - {config.wait_ms}, 3)
) WITH ({with_options(options)})"""


def _ahead(config: AdjustConfig) -> str:
    return f"AHEAD_MS(received_at_ms, written, {config.slack_ms})"


def events_query(config: AdjustConfig) -> str:
    """Returns the query of the events, their times set back where the gateway's clock is ahead of the broker's by more than the
    slack: such a gateway's events are judged with the others, and hold up none."""
    ahead = _ahead(config)
    corrected = {
        "occurred_at": f"CASE WHEN {ahead} > 0 THEN TO_TIMESTAMP_LTZ(occurred_at_ms - {ahead}, 3) ELSE occurred_at END",
        "occurred_at_ms": f"occurred_at_ms - {ahead}",
        "received_at_ms": f"RECEIVED_MS(received_at_ms, written, {config.slack_ms})",
    }
    columns = ", ".join(f"{corrected[name]} AS {name}" if name in corrected else name for name in SOURCE_COLUMNS)
    return f"SELECT {columns} FROM source"


def register_functions(t_env: Any) -> None:
    """Registers the SQL functions of `udfs/format`, by their names in queries; before the source is declared."""
    for name in ("AheadMs", "ReceivedMs", "MainType", "ShareOf"):
        in_sql = sub("(?<!^)(?=[A-Z])", "_", name).upper()
        t_env.create_java_temporary_function(in_sql, f"microadjust.format.{name}")


def crossing_predicate(config: AdjustConfig) -> str:
    """Returns the condition under which an event reaches the fast lane: trigger events, and the types that rules of
    lane event may name. Those keep their route, so that the windows see them as before."""
    types = (*FAST_TYPES, *config.counted_types.split(","))
    return f"type_no IN {type_ordinals(*(each for each in types if each))} AND NOT {_late(config)}"


def route_predicate(config: AdjustConfig, route: Route) -> str:
    """Returns the condition under which a record takes a route.

    Late is an event whose slice may have been closed already. The first half of that condition compares two fields of
    the event, so that a replay decides as the live run did; the second is for gateways whose clocks disagree by
    more than the slack.
    """
    late = _late(config)
    tick, fast = f"type_no IN {type_ordinals('tick')}", f"type_no IN {type_ordinals(*FAST_TYPES)}"
    return {
        Route.IGNORED: tick,
        Route.SIGNAL: f"type_no IS NOT NULL AND NOT {tick} AND NOT {fast} AND NOT {late}",
        Route.TRIGGER_EVENT: f"{fast} AND NOT {late}",
        Route.LATE: f"type_no IS NOT NULL AND NOT {tick} AND {late}",
        Route.REJECTED: "type_no IS NULL",
    }[route]


def _late(config: AdjustConfig) -> str:
    slice_ms = config.slide_s * 1000
    slice_end = f"TO_TIMESTAMP_LTZ(occurred_at_ms - MOD(occurred_at_ms, {slice_ms}) + {slice_ms - 1}, 3)"
    return (
        f"(occurred_at_ms < received_at_ms - {config.lateness_ms}"
        f" OR COALESCE({slice_end} <= CURRENT_WATERMARK(occurred_at), FALSE))"
    )


def rules_ddl(config: AdjustConfig) -> str:
    """Returns the DDL of the table `rules`: id and JSON, null for a deleted rule."""
    return f"CREATE TABLE rules (id STRING, body STRING) WITH ({_compacted(config, config.rules_topic, 'rules')})"


def content_ddl(config: AdjustConfig) -> str:
    """Returns the DDL of the table `content`: id and JSON, null for a deleted item, and the time of the record."""
    return f"""
CREATE TABLE content (id STRING, body STRING, written TIMESTAMP_LTZ(3) NOT NULL METADATA FROM 'timestamp' VIRTUAL)
WITH ({_compacted(config, config.content_topic, "content")})"""


def models_ddl(config: AdjustConfig) -> str:
    """Returns the DDL of the table `models`: id and JSON, null for a deleted model."""
    return f"CREATE TABLE `models` (id STRING, body STRING) WITH ({_compacted(config, config.models_topic, 'models')})"


def segments_ddl(config: AdjustConfig) -> str:
    """Returns the DDL of the table `segments`: id and JSON, null for a segment that is gone."""
    return (
        f"CREATE TABLE segments (id STRING, body STRING) WITH ({_compacted(config, config.segments_topic, 'segments')})"
    )


def _compacted(config: AdjustConfig, topic: str, group: str) -> str:
    """The options of a compacted topic that is read as key and text."""
    options = {
        "connector": "kafka",
        "topic": topic,
        **kafka_table_options(config),
        "properties.group.id": f"{config.group_id}-{group}",
        "scan.startup.mode": "earliest-offset",
        "key.format": "raw",
        "key.fields": "id",
        "value.format": "raw",
        "value.fields-include": "EXCEPT_KEY",
    }
    if config.bounded == "yes":
        options["scan.bounded.mode"] = "latest-offset"
    return with_options(options)
