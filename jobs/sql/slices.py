"""Slices of ten seconds, in SQL: one query over signals, one over trigger events, with the columns that the features need.

Each event is touched once: the seventeen that a reader causes in ten seconds become one slice, and only slices are
summed up to windows. Sums run over integers, because a sum of floating point numbers depends on their order, and a
replay must give the same commands to the last byte.
"""

from collections.abc import Iterable
from typing import Final

from jobs.config import AdjustConfig
from jobs.sql.source_table import Route, route_predicate, type_ordinals
from models.feature_layout import FeatureLayout
from models.features import DEEPEST, ENGAGED_MS, READER_TOTALS, Feature
from models.slice_columns import ONE, UNKNOWN, ZERO, SliceColumn, highest, lowest
from schemas.events import EVENT_TYPES

PASSIVE: Final = ("heartbeat", "context", "page_hide")
"""Events that happen without the reader doing anything."""

SEPARATOR: Final = "U&'\\001E'"
"""Stands between the items of a list in SQL: a control character that no content type holds."""

TIME_BASE_MS: Final = 10**13
"""Added to times that stand in a text, so that all have 14 digits."""

OPENED: Final = (
    "LISTAGG(CASE WHEN {page_view} THEN CAST(occurred_at_ms AS STRING) || '=' || COALESCE(content_type, '') END, "
    f"{SEPARATOR})"
)
"""The pages opened, as ``time=content type``."""

USER_AT: Final = (
    f"MAX(CASE WHEN user_id IS NOT NULL THEN CAST(occurred_at_ms + {TIME_BASE_MS} AS STRING) || user_id END)"
)
"""The user of the latest event that names one, behind its time in 14 digits. Text for events of known users alone."""

_CONTEXT: Final = {
    **{name: f"context.{name}" for name in ("os", "browser", "country", "region")},
    "language": "context.`language`",
    **{name: f"context.{name}" for name in ("languages", "timezone", "rtt_ms", "downlink_kbps")},
    "save_data": "CASE WHEN context.save_data THEN 1 WHEN NOT context.save_data THEN 0 END",
    "user_expertise": "context.user_expertise",
}
"""The fields of `models/reading_context.py`."""

CONTEXT_AT: Final = (
    f"MAX(CASE WHEN {{context}} THEN CAST(occurred_at_ms + {TIME_BASE_MS} AS STRING) || JSON_OBJECT("
    + ", ".join(f"KEY '{name}' VALUE {value}" for name, value in _CONTEXT.items())
    + " ABSENT ON NULL) END)"
)
"""What the latest `context` event of a slice said, as JSON behind its time in 14 digits. Other events pay nothing for it."""

_CONDITIONS: Final = {
    **{name: f"type_no IN {type_ordinals(name)}" for name in EVENT_TYPES},
    "passive": f"type_no IN {type_ordinals(*PASSIVE)}",
}

_FIRST_ORDER: Final = (
    *("content_type", "user_id", "device", "events", "repeats", "clicks", "recommended_clicks", "deepest", "travelled"),
    *("scrolling_ms", "hover_ms", "pointer_path_px", "engaged_ms", "first_ms", "last_ms", "interacted_ms", "hidden_ms"),
    *("pages", "exits", "rapid_exits", "present"),
)
"""The columns of release 0.2.0. In state they stand in this order; Flink tells them by their places."""

_ON_DEMAND: Final = ("placement", "`element`", "scroll_pages")
"""What deduplication carries only where a slice column reads it: its state grows with each."""


def seconds(number: int) -> str:
    return f"INTERVAL '{number}' SECOND({len(str(number))})"


def tumble(table: str, time: str, config: AdjustConfig) -> str:
    return f"TABLE(TUMBLE(TABLE {table}, DESCRIPTOR({time}), {seconds(config.slide_s)}))"


def slice_columns(config: AdjustConfig, features: Iterable[Feature]) -> list[SliceColumn]:
    """What every window needs and what `features` take, each once. Raises `ValueError` for two columns of one name."""
    deduplicated = config.deduplicate == "all"
    interacted = highest("NOT {passive}", "occurred_at_ms")
    acted_first = lowest("NOT {passive}", "occurred_at_ms")
    standing = [
        SliceColumn("content_type", "MAX(content_type)", "MAX(content_type)"),
        SliceColumn("user_at", USER_AT, USER_AT),
        SliceColumn("device", f"MAX({'device' if deduplicated else 'context.device'})", "MAX(context.device)"),
        SliceColumn("context_at", "CAST(NULL AS STRING)", CONTEXT_AT),
        SliceColumn("events", "COUNT(*)", ONE),
        SliceColumn("repeats", "SUM(repeats)" if deduplicated else ZERO, "COUNT(*) - 1"),
        ENGAGED_MS,
        SliceColumn("first_ms", "MIN(occurred_at_ms)", "MIN(occurred_at_ms)"),
        SliceColumn("last_ms", "MAX(occurred_at_ms)", "MAX(occurred_at_ms)"),
        SliceColumn("acted_first_ms", acted_first, acted_first),
        SliceColumn("interacted_ms", interacted, interacted),
        SliceColumn("hidden_ms", highest("{page_hide}", "occurred_at_ms"), UNKNOWN),
        SliceColumn("page_ms", "MAX(occurred_at_ms)", UNKNOWN),
        SliceColumn("opened", OPENED, "CAST(NULL AS STRING)"),
        DEEPEST,
        *(total.column for total in READER_TOTALS),
    ]
    found: dict[str, SliceColumn] = {}
    for column in (*standing, *(total.column for feature in features for total in feature.slice)):
        if found.setdefault(column.name, column) != column:
            raise ValueError(f"two slice columns are called {column.name}")
    return [found[name] for name in FeatureLayout(found, _FIRST_ORDER).stored]


def deduplicated_signals(config: AdjustConfig, columns: Iterable[SliceColumn]) -> str:
    """Each high-rate signal once. Repeats bear the time of the first, so they lie in the same slice: what has to be
    remembered is one slice, not every id for a day."""
    read = [name for name in _ON_DEMAND if any(name in column.signals for column in columns)]
    more = "".join(f" MAX({name}) AS {name}," for name in read)
    return f"""
SELECT session_id, content_id, MAX(content_type) AS content_type, MAX(user_id) AS user_id, MAX(context.device) AS device,
  MIN(type_no) AS type_no, MIN(`value`) AS `value`,{more} MIN(occurred_at_ms) AS occurred_at_ms, COUNT(*) - 1 AS repeats,
  window_time AS occurred_at
FROM {tumble("events", "occurred_at", config)}
WHERE {route_predicate(config, Route.SIGNAL)}
GROUP BY session_id, content_id, event_id, window_start, window_end, window_time"""


def slices(config: AdjustConfig, columns: Iterable[SliceColumn]) -> tuple[str, str]:
    """The queries over signals and over trigger events, whose union is the slices; columns of the same names and types.

    Signals give one row per session, content and slice, trigger events one per event: grouping by event_id makes one
    of duplicates.
    """
    columns = tuple(columns)
    signals, condition = (
        ("deduplicated_signals", "TRUE")
        if config.deduplicate == "all"
        else ("events", route_predicate(config, Route.SIGNAL))
    )
    return (
        _slices([(each.name, each.signals) for each in columns], signals, condition, "", config),
        _slices(
            [(each.name, each.trigger_events) for each in columns],
            "events",
            route_predicate(config, Route.TRIGGER_EVENT),
            "event_id, ",
            config,
        ),
    )


def _slices(columns: list[tuple[str, str]], table: str, condition: str, keys: str, config: AdjustConfig) -> str:
    expressions = ",\n  ".join(f"{expression.format(**_CONDITIONS)} AS {name}" for name, expression in columns)
    return f"""
SELECT session_id, content_id,
  {expressions},
  window_time AS slice_time
FROM {tumble(table, "occurred_at", config)}
WHERE {condition}
GROUP BY session_id, content_id, {keys}window_start, window_end, window_time"""
