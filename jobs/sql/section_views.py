"""Minutes of an item's sections, in SQL: first by reader, then over readers, so that one reader counts as one."""

from typing import Final

from jobs.config import AdjustConfig
from jobs.sql.source_table import Route, route_predicate, type_ordinals
from jobs.sql.window_views import WINDOW_END_MS, View

PASSED_MS: Final = 2_000
"""Time in view below which a section whose end was reached has been passed: eight words at the usual pace (Brysbaert 2019)."""

PASSED_DEPTH: Final = 0.9
MAX_SEEN_MS: Final = 60_000
"""More than a minute of a reader in a minute is a tab that was left open, or a sender that adds up."""


def section_views(config: AdjustConfig) -> list[View]:
    """From `events` to minutes of sections, in order. Whole numbers: sums of floating point numbers depend on their order."""
    is_view = (
        f"type_no IN {type_ordinals('custom')} AND section_ms IS NOT NULL AND content_id IS NOT NULL AND `element` IS NOT NULL"
        f" AND {route_predicate(config, Route.SIGNAL)}"
    )
    by_reader = f"""
SELECT content_id, `element` AS section, session_id, MAX(content_type) AS content_type,
  SUM(CAST(section_ms AS BIGINT)) AS reader_ms, MAX(`value`) AS depth, window_time AS reader_time
FROM {_minutes("events", "occurred_at")} WHERE {is_view}
GROUP BY content_id, `element`, session_id, window_start, window_end, window_time"""
    over_readers = f"""
SELECT content_id, section, MAX(content_type) AS content_type, COUNT(*) AS readers,
  COUNT(CASE WHEN reader_ms < {PASSED_MS} AND depth >= {PASSED_DEPTH} THEN 1 END) AS passers,
  SUM(LEAST(reader_ms, {MAX_SEEN_MS})) AS seen_ms, {WINDOW_END_MS} AS window_end_ms
FROM {_minutes("section_readers", "reader_time")} GROUP BY content_id, section, window_start, window_end"""
    return [View("section_readers", by_reader), View("section_minutes", over_readers)]


def _minutes(table: str, time: str) -> str:
    return f"TABLE(TUMBLE(TABLE {table}, DESCRIPTOR({time}), INTERVAL '60' SECOND))"
