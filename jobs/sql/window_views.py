"""The windows, in SQL: from slices of ten seconds the last minute of each session and of each content, and the peers.

Names of columns: `f_` is a feature, `i_` its value as a whole number; over the sessions of a window `n_` counts, `s_` sums and
`q_` sums the squares; `m_` and `d_` are mean and deviation of the peers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from jobs.config import AdjustConfig
from jobs.sql.slices import deduplicated_signals, seconds, slice_columns, slices, tumble
from jobs.sql.source_table import NAN
from models.feature_layout import FeatureLayout
from models.features import CONTENT_FEATURES, CONTENT_LAYOUT, SESSION_FEATURES, SESSION_LAYOUT, Feature
from models.slice_columns import SliceTotal

PEER_REPLICAS: Final = 16
"""Peers are copied so many times, so that joining them with sessions can spread over that many subtasks."""

MAX_SCALED_VALUE: Final = 1_000_000
"""No peer counts for more than this in any feature, after scaling: the squares of a quarter of an hour must fit 64 bits."""

UID_FORMAT: Final = "<id>_<transformation>"
"""Flink's own (`table.exec.uid.format`)."""


@dataclass(frozen=True, slots=True)
class View:
    """A query under a name. With a time column its rows are cut off from what follows (`jobs/java/plan_barrier.py`)."""

    name: str
    query: str
    time: str | None = None


def window_views(
    config: AdjustConfig,
    session: Sequence[Feature] = SESSION_FEATURES,
    content: Sequence[Feature] = CONTENT_FEATURES,
) -> list[View]:
    """From `events` to the windows, in order."""
    columns = slice_columns(config, (*session, *content))
    once = [View("deduplicated_signals", deduplicated_signals(config, columns))] if config.deduplicate == "all" else []
    return [
        *once,
        View("slices", " UNION ALL ".join(slices(config, columns)), "slice_time"),
        View("session_windows", _session_windows(config, session), "session_time"),
        View("content_windows", _content_windows(config, content)),
        View("site_totals", _site_totals(config, session)),
        View("peer_stats", _peer_stats(config, session)),
    ]


def uid_format(session: FeatureLayout = SESSION_LAYOUT, content: FeatureLayout = CONTENT_LAYOUT) -> str:
    """How Flink is to name the operators of these views: the names change with the features.

    What they hold are rows whose columns Flink tells by their places. It refuses rows of another shape, and takes those of
    another meaning for its own; under another name it does not see them, and the windows begin empty.
    """
    changes = "".join(f"_{lane}{each.header}" for lane, each in (("s", session), ("c", content)) if each.header)
    return UID_FORMAT + changes


def _hop(config: AdjustConfig) -> str:
    every, size = seconds(config.slide_s), seconds(config.window_s)
    return f"TABLE(HOP(TABLE slices, DESCRIPTOR(slice_time), {every}, {size}))"


_WINDOW_END_MS = (
    "(CAST(TIMESTAMPDIFF(DAY, TIMESTAMP '1970-01-01 00:00:00', window_end) AS BIGINT) * 86400000"
    " + EXTRACT(HOUR FROM window_end) * 3600000 + EXTRACT(MINUTE FROM window_end) * 60000"
    " + EXTRACT(SECOND FROM window_end) * 1000)"
)


def _text_of_greatest(column: str, number: str) -> str:
    """The text that stands beside the greatest positive number; of equal numbers the greater text."""
    ranked = f"LPAD(CAST({number} AS STRING), 14, '0') || {column}"
    return f"SUBSTRING(MAX(CASE WHEN {number} > 0 THEN {ranked} END) FROM 15)"


def _columns(features: Sequence[Feature], config: AdjustConfig) -> str:
    return ", ".join(
        f"{feature.value.format(window_ms=config.window_s * 1000, slices=config.window_s // config.slide_s)}"
        f" AS f_{feature.name}"
        for feature in features
    )


def _sums(*columns: str) -> list[str]:
    return [f"SUM({column}) AS {column}" for column in columns]


def _totals(features: Sequence[Feature], *counted: str) -> str:
    """What `features` take from the slices of a window, each once: first extremes and means, then sums and `counted`.

    Raises `ValueError` for two totals of one name.
    """
    found: dict[str, SliceTotal] = {}
    for total in (total for feature in features for total in feature.slice):
        if found.setdefault(total.name, total) != total:
            raise ValueError(f"two totals of a window are called {total.name}")
    others = [_merged(each) for each in found.values() if each.merge != "SUM"]
    return ", ".join([*others, *_sums(*counted, *(each.name for each in found.values() if each.merge == "SUM"))])


def _merged(total: SliceTotal) -> str:
    column = total.column.name
    if total.merge == "MEAN":
        return f"CAST(SUM({column}) AS DOUBLE) / COUNT({column}) AS {total.name}"
    return f"{total.merge}({column}) AS {total.name}"


def _session_windows(config: AdjustConfig, features: Sequence[Feature]) -> str:
    engaged = "CASE WHEN engaged_ms > 0 THEN COALESCE(content_type, '') || '=' || CAST(engaged_ms AS STRING) END"
    return f"""
SELECT session_id, user_id, device, content_id, main_type, engaged_by_type, window_end_ms, first_ms, interacted_ms,
  hidden_ms, last_ms, events, repeats, session_time, {_columns(features, config)}
FROM (
  SELECT session_id, MAX(user_id) AS user_id, MAX(device) AS device,
    {_text_of_greatest("content_id", "last_ms")} AS content_id,
    {_text_of_greatest("content_type", "engaged_ms")} AS main_type, LISTAGG({engaged}) AS engaged_by_type,
    {_WINDOW_END_MS} AS window_end_ms, {_totals(features, "events", "repeats")},
    MIN(first_ms) AS first_ms, MAX(last_ms) AS last_ms, MAX(interacted_ms) AS interacted_ms,
    MAX(hidden_ms) AS hidden_ms, SUM(last_ms - first_ms) AS active_ms, window_time AS session_time
  FROM {_hop(config)} GROUP BY session_id, window_start, window_end, window_time)"""


def _content_windows(config: AdjustConfig, features: Sequence[Feature]) -> str:
    return f"""
SELECT content_id, content_type, window_end_ms, {_columns(features, config)}
FROM (
  SELECT content_id, MAX(content_type) AS content_type, {_WINDOW_END_MS} AS window_end_ms, {_totals(features)}
  FROM {_hop(config)} WHERE content_id IS NOT NULL GROUP BY content_id, window_start, window_end)"""


def _site_totals(config: AdjustConfig, features: Sequence[Feature]) -> str:
    """One row per window: for each feature how many sessions know it, the sum and the sum of squares, as integers."""
    scaled = ", ".join(
        f"CAST(LEAST(f_{f.name} * {f.scale}, {MAX_SCALED_VALUE}) + 0.5 AS BIGINT) AS i_{f.name}" for f in features
    )
    sums = ", ".join(
        f"COUNT(i_{f.name}) AS n_{f.name}, COALESCE(SUM(i_{f.name}), 0) AS s_{f.name},"
        f" COALESCE(SUM(i_{f.name} * i_{f.name}), 0) AS q_{f.name}"
        for f in features
    )
    return f"""
SELECT window_time AS site_time, {_WINDOW_END_MS} AS window_end_ms, {", ".join(_sums("events", "repeats"))}, {sums}
FROM (
  SELECT events, repeats, window_start, window_end, window_time, {scaled}
  FROM {tumble("session_windows", "session_time", config)})
GROUP BY window_start, window_end, window_time"""


def _peer_stats(config: AdjustConfig, features: Sequence[Feature]) -> str:
    """Mean and spread of each feature over all sessions of the last minutes, the window itself left out."""
    before = ", ".join(
        f"SUM({part}_{f.name}) OVER w - {part}_{f.name} AS {part}_{f.name}" for f in features for part in "nsq"
    )
    # A feature that is known even in silence is known in every window.
    counted = next(each.name for each in features if each.when_silent == each.when_silent)
    statistics = []
    for f in features:
        n, s, q = (f"CAST({part}_{f.name} AS DOUBLE)" for part in "nsq")
        # The sums are exact; rounding of the difference can fall a hair below zero where all are equal.
        spread = f"SQRT(GREATEST({n} * {q} - {s} * {s}, 0) / ({n} * ({n} - 1))) / {f.scale}"
        statistics.append(f"CASE WHEN n_{f.name} > 1 THEN {s} / {n} / {f.scale} ELSE {NAN} END AS m_{f.name}")
        statistics.append(f"CASE WHEN n_{f.name} > 1 THEN {spread} ELSE {NAN} END AS d_{f.name}")
    copies = ", ".join(str(number) for number in range(PEER_REPLICAS))
    return f"""
SELECT peer_time, share_no, peer_windows, {", ".join(f"m_{f.name}, d_{f.name}" for f in features)}
FROM (
  SELECT site_time AS peer_time, n_{counted} AS peer_windows, ARRAY[{copies}] AS share_nos, {", ".join(statistics)}
  FROM (
    SELECT site_time, {before} FROM site_totals
    WINDOW w AS (ORDER BY site_time
      RANGE BETWEEN INTERVAL '{config.peers_min}' MINUTE({len(str(config.peers_min))}) PRECEDING AND CURRENT ROW)))
CROSS JOIN UNNEST(share_nos) AS spread (share_no)"""
