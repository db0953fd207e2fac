"""The windows, in SQL: slices of 10 s, from them the last minute of each session and of each content, and the peers.

Each event is touched once: the seventeen that a reader causes in ten seconds become one slice, and only slices are
summed up to windows. Sums run over integers, because a sum of floating point numbers depends on their order, and a
replay must give the same commands to the last byte.
"""

from dataclasses import dataclass

from jobs.config import AdjustConfig
from jobs.sql.source_table import NAN, Route, route_predicate, type_ordinals
from models.features import CONTENT_FEATURES, SESSION_FEATURES, Feature
from schemas.events import RECOMMENDED

BUCKETS = 16
"""Peers are copied so many times, so that joining them with sessions can spread over that many subtasks."""

RAPID_MS = 10_000

CAP = 1_000_000
"""No peer counts for more than this in any feature, after scaling: the squares of a quarter of an hour must fit 64 bits."""

PASSIVE = ("heartbeat", "context", "page_hide")
"""Events that happen without the reader doing anything."""

_ZERO, _ONE, _UNKNOWN = "CAST(0 AS BIGINT)", "CAST(1 AS BIGINT)", "CAST(NULL AS BIGINT)"


@dataclass(frozen=True, slots=True)
class Step:
    """A query under a name. With a time column its rows are cut off from what follows (`jobs/java/plan_barrier.py`)."""

    name: str
    query: str
    time: str | None = None


def steps(config: AdjustConfig) -> list[Step]:
    """From `events` to the windows, in order."""
    once = [Step("signals", _once(config))] if config.deduplicate == "all" else []
    return [
        *once,
        Step("slices", f"{_signals(config)} UNION ALL {_gestures(config)}", "slice_time"),
        Step("sessions", _sessions(config), "session_time"),
        Step("contents", _contents(config)),
        Step("site", _site(config)),
        Step("peers", _peers(config)),
    ]


def _seconds(number: int) -> str:
    return f"INTERVAL '{number}' SECOND({len(str(number))})"


def _tumble(table: str, time: str, config: AdjustConfig) -> str:
    return f"TABLE(TUMBLE(TABLE {table}, DESCRIPTOR({time}), {_seconds(config.slide_s)}))"


def _hop(config: AdjustConfig) -> str:
    every, size = _seconds(config.slide_s), _seconds(config.window_s)
    return f"TABLE(HOP(TABLE slices, DESCRIPTOR(slice_time), {every}, {size}))"


def _when(condition: str, value: str) -> str:
    return f"CASE WHEN {condition} THEN {value} END"


def _is(*types: str) -> str:
    return f"type_no IN {type_ordinals(*types)}"


def _once(config: AdjustConfig) -> str:
    """Each high-rate signal once. Repeats bear the time of the first, so they lie in the same slice: what has to be
    remembered is one slice, not every id for a day."""
    return f"""
SELECT session_id, content_id, MAX(content_type) AS content_type, MAX(user_id) AS user_id, MAX(context.device) AS device,
  MIN(type_no) AS type_no, MIN(`value`) AS `value`, MIN(occurred_at_ms) AS occurred_at_ms, COUNT(*) - 1 AS again,
  window_time AS occurred_at
FROM {_tumble("events", "occurred_at", config)}
WHERE {route_predicate(config, Route.SIGNAL)}
GROUP BY session_id, content_id, event_id, window_start, window_end, window_time"""


def _signals(config: AdjustConfig) -> str:
    """One row per session, content and slice from the high-rate signals."""
    once = config.deduplicate == "all"
    device, again = ("device", "SUM(again)") if once else ("context.device", _ZERO)
    table, condition = ("signals", "TRUE") if once else ("events", route_predicate(config, Route.SIGNAL))
    depth = _when(_is("scroll"), "CAST(`value` * 10000 AS BIGINT)")
    scroll_ms = _when(_is("scroll"), "occurred_at_ms")
    left = _is("page_hide")
    rapidly = f"{left} AND `value` <= {RAPID_MS}"

    def total(kind: str) -> str:
        return f"COALESCE(SUM({_when(_is(kind), 'CAST(`value` AS BIGINT)')}), 0)"

    return f"""
SELECT session_id, content_id, MAX(content_type) AS content_type, MAX(user_id) AS user_id,
  MAX({device}) AS device, COUNT(*) AS events, {again} AS repeats,
  {_ZERO} AS clicks, {_ZERO} AS recommended_clicks,
  MAX({depth}) AS deepest, MAX({depth}) - MIN({depth}) AS travelled, MAX({scroll_ms}) - MIN({scroll_ms}) AS scrolling_ms,
  {total("hover")} AS hover_ms, {total("move")} AS pointer_path_px, {total("heartbeat")} AS engaged_ms,
  MIN(occurred_at_ms) AS first_ms, MAX(occurred_at_ms) AS last_ms,
  MAX({_when(f"NOT {_is(*PASSIVE)}", "occurred_at_ms")}) AS interacted_ms, MAX({_when(left, "occurred_at_ms")}) AS hidden_ms,
  COUNT({_when(_is("page_view"), "1")}) AS pages, COUNT({_when(left, "1")}) AS exits,
  COUNT({_when(rapidly, "1")}) AS rapid_exits, {_ONE} AS present, window_time AS slice_time
FROM {_tumble(table, "occurred_at", config)}
WHERE {condition}
GROUP BY session_id, content_id, window_start, window_end, window_time"""


def _gestures(config: AdjustConfig) -> str:
    """One row per fast-lane event. Grouping by event_id makes one of duplicates; the columns are those of `_signals`."""
    return f"""
SELECT session_id, content_id, MAX(content_type), MAX(user_id), MAX(context.device), {_ONE}, COUNT(*) - 1,
  MAX(CASE WHEN {_is("click")} THEN {_ONE} ELSE {_ZERO} END),
  MAX(CASE WHEN {_is("click")} AND placement = '{RECOMMENDED}' THEN {_ONE} ELSE {_ZERO} END),
  {_UNKNOWN}, {_UNKNOWN}, {_UNKNOWN}, {_ZERO}, {_ZERO}, {_ZERO}, MIN(occurred_at_ms), MAX(occurred_at_ms),
  MAX({_when(f"NOT {_is(*PASSIVE)}", "occurred_at_ms")}), {_UNKNOWN}, {_ZERO}, {_ZERO}, {_ZERO}, {_ZERO},
  window_time
FROM {_tumble("events", "occurred_at", config)}
WHERE {route_predicate(config, Route.TRIGGER_EVENT)}
GROUP BY session_id, content_id, event_id, window_start, window_end, window_time"""


_WINDOW_END_MS = (
    "(CAST(TIMESTAMPDIFF(DAY, TIMESTAMP '1970-01-01 00:00:00', window_end) AS BIGINT) * 86400000"
    " + EXTRACT(HOUR FROM window_end) * 3600000 + EXTRACT(MINUTE FROM window_end) * 60000"
    " + EXTRACT(SECOND FROM window_end) * 1000)"
)


def _text_of_greatest(column: str, number: str) -> str:
    """The text that stands beside the greatest positive number; of equal numbers the greater text."""
    ranked = f"LPAD(CAST({number} AS STRING), 14, '0') || {column}"
    return f"SUBSTRING(MAX({_when(f'{number} > 0', ranked)}) FROM 15)"


def _columns(features: tuple[Feature, ...], config: AdjustConfig) -> str:
    return ", ".join(
        f"{feature.sql.format(window_ms=config.window_s * 1000, slices=config.window_s // config.slide_s)}"
        f" AS f_{feature.name}"
        for feature in features
    )


def _sums(*columns: str) -> str:
    return ", ".join(f"SUM({column}) AS {column}" for column in columns)


def _sessions(config: AdjustConfig) -> str:
    engaged = _when("engaged_ms > 0", "COALESCE(content_type, '') || '=' || CAST(engaged_ms AS STRING)")
    return f"""
SELECT session_id, user_id, device, content_id, main_type, engaged_by_type, window_end_ms, first_ms, interacted_ms,
  hidden_ms, last_ms, events, repeats, session_time, {_columns(SESSION_FEATURES, config)}
FROM (
  SELECT session_id, MAX(user_id) AS user_id, MAX(device) AS device,
    {_text_of_greatest("content_id", "last_ms")} AS content_id,
    {_text_of_greatest("content_type", "engaged_ms")} AS main_type, LISTAGG({engaged}) AS engaged_by_type,
    {_WINDOW_END_MS} AS window_end_ms, MAX(deepest) AS deepest,
    {_sums("events", "repeats", "clicks", "recommended_clicks", "travelled", "scrolling_ms", "hover_ms")},
    {_sums("pointer_path_px", "engaged_ms", "pages", "rapid_exits")},
    MIN(first_ms) AS first_ms, MAX(last_ms) AS last_ms, MAX(interacted_ms) AS interacted_ms,
    MAX(hidden_ms) AS hidden_ms, SUM(last_ms - first_ms) AS active_ms, window_time AS session_time
  FROM {_hop(config)} GROUP BY session_id, window_start, window_end, window_time)"""


def _contents(config: AdjustConfig) -> str:
    return f"""
SELECT content_id, content_type, window_end_ms, {_columns(CONTENT_FEATURES, config)}
FROM (
  SELECT content_id, MAX(content_type) AS content_type, {_WINDOW_END_MS} AS window_end_ms,
    CAST(SUM(deepest) AS DOUBLE) / COUNT(deepest) AS depth, {_sums("present", "engaged_ms", "exits", "rapid_exits", "clicks")}
  FROM {_hop(config)} WHERE content_id IS NOT NULL GROUP BY content_id, window_start, window_end)"""


def _site(config: AdjustConfig) -> str:
    """One row per window: for each feature how many sessions know it, the sum and the sum of squares, as integers."""
    scaled = ", ".join(
        f"CAST(LEAST(f_{f.name} * {f.scale}, {CAP}) + 0.5 AS BIGINT) AS i_{f.name}" for f in SESSION_FEATURES
    )
    sums = ", ".join(
        f"COUNT(i_{f.name}) AS n_{f.name}, COALESCE(SUM(i_{f.name}), 0) AS s_{f.name},"
        f" COALESCE(SUM(i_{f.name} * i_{f.name}), 0) AS q_{f.name}"
        for f in SESSION_FEATURES
    )
    return f"""
SELECT window_time AS site_time, {_WINDOW_END_MS} AS window_end_ms, {_sums("events", "repeats")}, {sums}
FROM (
  SELECT events, repeats, window_start, window_end, window_time, {scaled}
  FROM {_tumble("sessions", "session_time", config)})
GROUP BY window_start, window_end, window_time"""


def _peers(config: AdjustConfig) -> str:
    """Mean and spread of each feature over all sessions of the last minutes, the window itself left out."""
    before = ", ".join(
        f"SUM({part}_{f.name}) OVER w - {part}_{f.name} AS {part}_{f.name}" for f in SESSION_FEATURES for part in "nsq"
    )
    statistics = []
    for f in SESSION_FEATURES:
        n, s, q = (f"CAST({part}_{f.name} AS DOUBLE)" for part in "nsq")
        # The sums are exact; rounding of the difference can fall a hair below zero where all are equal.
        spread = f"SQRT(GREATEST({n} * {q} - {s} * {s}, 0) / ({n} * ({n} - 1))) / {f.scale}"
        statistics.append(f"CASE WHEN n_{f.name} > 1 THEN {s} / {n} / {f.scale} ELSE {NAN} END AS m_{f.name}")
        statistics.append(f"CASE WHEN n_{f.name} > 1 THEN {spread} ELSE {NAN} END AS d_{f.name}")
    copies = ", ".join(str(number) for number in range(BUCKETS))
    return f"""
SELECT peer_time, share_no, peer_windows, {", ".join(f"m_{f.name}, d_{f.name}" for f in SESSION_FEATURES)}
FROM (
  SELECT site_time AS peer_time, n_clicks AS peer_windows, ARRAY[{copies}] AS share_nos, {", ".join(statistics)}
  FROM (
    SELECT site_time, {before} FROM site
    WINDOW w AS (ORDER BY site_time
      RANGE BETWEEN INTERVAL '{config.peers_min}' MINUTE({len(str(config.peers_min))}) PRECEDING AND CURRENT ROW)))
CROSS JOIN UNNEST(share_nos) AS spread (share_no)"""
