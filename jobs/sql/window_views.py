"""The windows, in SQL: from slices of ten seconds the last minute of each session, of each content item and of the site.

Names of columns: `f_` is a feature, `h_` the whole number behind it that habits are formed of, `l_` the sum of that over
all sessions of the window, from which the site's level follows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from jobs.config import AdjustConfig
from jobs.sql.shares import shares
from jobs.sql.slices import SEPARATOR, TIME_BASE_MS, deduplicated_signals, seconds, slice_columns, slices, tumble
from models.feature_layout import FeatureLayout
from models.features import (
    CONTENT_FEATURES,
    CONTENT_LAYOUT,
    READER_TOTALS,
    SESSION_FEATURES,
    SESSION_LAYOUT,
    Feature,
)
from models.slice_columns import SliceTotal
from udfs.crossing_rows import DEPTH_STEPS

UID_FORMAT: Final = "<id>_<transformation>"
"""Flink's own (`table.exec.uid.format`)."""


@dataclass(frozen=True, slots=True)
class View:
    """A query under a name. With a time column its rows are cut off from what follows (`jobs/java/plan_barrier.py`).

    In two phases each subtask sums up its own rows first: that pays where many rows have one key.
    """

    name: str
    query: str
    time: str | None = None
    in_two_phases: bool = False


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
        View("slices", " UNION ALL ".join(slices(config, columns)), "slice_time", in_two_phases=True),
        View("session_slices", _session_slices(config, session), "slice_time"),
        View("session_windows", _session_windows(config, session), "session_time"),
        View("reader_windows", _reader_windows(config, content)),
        View("content_windows", _content_windows(config, content)),
        View("site_totals", _site_totals(config, session), "site_time", in_two_phases=True),
        View("site_levels", _site_levels(config, session)),
    ]


def uid_format(session: FeatureLayout = SESSION_LAYOUT, content: FeatureLayout = CONTENT_LAYOUT) -> str:
    """How Flink is to name the operators of these views: the names change with the features.

    What they hold are rows whose columns Flink tells by their places. It refuses rows of another shape, and takes those of
    another meaning for its own; under another name it does not see them, and the windows begin empty.
    """
    changes = "".join(f"_{lane}{each.header}" for lane, each in (("s", session), ("c", content)) if each.header)
    return UID_FORMAT + changes


def _hop(table: str, config: AdjustConfig) -> str:
    every, size = seconds(config.slide_s), seconds(config.window_s)
    return f"TABLE(HOP(TABLE {table}, DESCRIPTOR(slice_time), {every}, {size}))"


WINDOW_END_MS = (
    "(CAST(TIMESTAMPDIFF(DAY, TIMESTAMP '1970-01-01 00:00:00', window_end) AS BIGINT) * 86400000"
    " + EXTRACT(HOUR FROM window_end) * 3600000 + EXTRACT(MINUTE FROM window_end) * 60000"
    " + EXTRACT(SECOND FROM window_end) * 1000)"
)


def _text_of_greatest(column: str, number: str) -> str:
    """The text that stands beside the greatest positive number; of equal numbers the greater text."""
    ranked = f"LPAD(CAST({number} AS STRING), 14, '0') || {column}"
    return f"SUBSTRING(MAX(CASE WHEN {number} > 0 THEN {ranked} END) FROM 15)"


_USER_ID: Final = (
    f"CASE WHEN SUBSTRING(MAX(user_at) FROM 1 FOR 14) = CAST(MAX(last_ms) + {TIME_BASE_MS} AS STRING)"
    " THEN SUBSTRING(MAX(user_at) FROM 15) END"
)
"""The user of the latest event; none where that names none: who signs out is not named by a window of before."""


def _columns(features: Sequence[Feature], config: AdjustConfig) -> str:
    return ", ".join(
        f"{feature.value.format(window_ms=config.window_s * 1000, slices=config.window_s // config.slide_s)}"
        f" AS f_{feature.name}"
        for feature in features
    )


def _sums(*columns: str) -> list[str]:
    return [f"SUM({column}) AS {column}" for column in columns]


def _totals(features: Sequence[Feature], *counted: str, standing: Sequence[SliceTotal] = ()) -> str:
    """What `features` take from the slices of a window, and `standing` ones, each once: first extremes, then sums and
    `counted`.

    Raises `ValueError` for two totals of one name.
    """
    found: dict[str, SliceTotal] = {}
    for total in (*standing, *(total for feature in features for total in feature.slice)):
        if found.setdefault(total.name, total) != total:
            raise ValueError(f"two totals of a window are called {total.name}")
    others = [_merged(each) for each in found.values() if each.merge != "SUM"]
    return ", ".join([*others, *_sums(*counted, *(each.name for each in found.values() if each.merge == "SUM"))])


def _merged(total: SliceTotal) -> str:
    return f"{total.merge}({total.column.name}) AS {total.name}"


def _session_slices(config: AdjustConfig, features: Sequence[Feature]) -> str:
    """One row per session and slice, whatever the reader looked at in it: times lie between first and last event once."""
    engaged = "CASE WHEN engaged_ms > 0 THEN COALESCE(content_type, '') || '=' || CAST(engaged_ms AS STRING) END"
    # The page is what signals tell of; a click names what was clicked.
    page = f"COALESCE({_text_of_greatest('content_id', 'page_ms')}, {_text_of_greatest('content_id', 'last_ms')})"
    return f"""
SELECT session_id, MAX(user_at) AS user_at, MAX(device) AS device, MAX(context_at) AS context_at,
  {page} AS content_id, MAX(page_ms) AS page_ms,
  LISTAGG({engaged}, {SEPARATOR}) AS engaged_by_type, LISTAGG(opened, {SEPARATOR}) AS opened,
  MAX(page_ms * {DEPTH_STEPS} + COALESCE(deepest, 0)) AS page_and_depth, {_totals(features, "events", "repeats")},
  MIN(first_ms) AS first_ms, MAX(last_ms) AS last_ms, MIN(acted_first_ms) AS acted_first_ms,
  MAX(interacted_ms) AS interacted_ms, MAX(hidden_ms) AS hidden_ms, MAX(last_ms) - MIN(first_ms) AS active_ms,
  window_time AS slice_time
FROM {tumble("slices", "slice_time", config)} GROUP BY session_id, window_start, window_end, window_time"""


def _session_windows(config: AdjustConfig, features: Sequence[Feature]) -> str:
    """One row per session and window. Of times that are known by slice, the greatest is that of the newest slice."""
    return f"""
SELECT session_id, user_id, device, context, content_id, MAIN_TYPE(engaged_by_type) AS main_type, engaged_by_type, opened,
  window_end_ms, first_ms, newest_first_ms, acted_first_ms, interacted_ms, hidden_ms, last_ms, page_and_depth,
  events, repeats, active_slices, session_time, {_columns(features, config)}, {", ".join(habit_columns(features))}
FROM (
  SELECT session_id, {_USER_ID} AS user_id, MAX(device) AS device, SUBSTRING(MAX(context_at) FROM 15) AS context,
    COALESCE({_text_of_greatest("content_id", "page_ms")}, MAX(content_id)) AS content_id,
    LISTAGG(engaged_by_type, {SEPARATOR}) AS engaged_by_type, LISTAGG(opened, {SEPARATOR}) AS opened,
    {WINDOW_END_MS} AS window_end_ms, {_totals(features, "events", "repeats", "active_ms")},
    MIN(first_ms) AS first_ms, MAX(first_ms) AS newest_first_ms, MAX(acted_first_ms) AS acted_first_ms,
    MAX(last_ms) AS last_ms, MAX(interacted_ms) AS interacted_ms, MAX(hidden_ms) AS hidden_ms,
    MAX(page_and_depth) AS page_and_depth, COUNT(*) AS active_slices, window_time AS session_time
  FROM {_hop("session_slices", config)} GROUP BY session_id, window_start, window_end, window_time)"""


def habit_columns(features: Sequence[Feature]) -> list[str]:
    """The whole numbers that habits and the site's level are made of, as `h_` columns."""
    return [f"{feature.whole} AS h_{feature.name}" for feature in features if feature.habit is not None]


def _reader_windows(config: AdjustConfig, features: Sequence[Feature]) -> str:
    """One row per content item, reader and window: what an item's readers did is counted by reader, not by event or slice."""
    return f"""
SELECT content_id, session_id, MAX(content_type) AS content_type, {WINDOW_END_MS} AS window_end_ms,
  {_totals(features, standing=READER_TOTALS)}, MIN(first_ms) AS first_ms, window_time AS reader_time
FROM {_hop("slices", config)} WHERE content_id IS NOT NULL
GROUP BY content_id, session_id, window_start, window_end, window_time"""


def _content_windows(config: AdjustConfig, features: Sequence[Feature]) -> str:
    """One row per content item and window. Who left in the newest slice, and had not left before in it, is a new exit."""
    newly_left = f"left_ms >= window_end_ms - {config.slide_s * 1000}"
    rapidly = f"(CASE WHEN {newly_left} AND rapid_exits > 0 THEN HASH_CODE(session_id) END)"
    return f"""
SELECT content_id, MAX(content_type) AS content_type, MAX(window_end_ms) AS window_end_ms, MIN(first_ms) AS first_ms,
  SUM(present) AS present, COUNT(CASE WHEN {newly_left} THEN 1 END) AS new_exits,
  COUNT{rapidly} AS new_rapid_exits, MIN{rapidly} AS least_leaver, MAX{rapidly} AS greatest_leaver,
  {_columns(features, config)}
FROM {tumble("reader_windows", "reader_time", config)} GROUP BY content_id, window_start, window_end"""


def _site_totals(config: AdjustConfig, features: Sequence[Feature]) -> str:
    """One row per window: the sums of all sessions, as whole numbers, and how many slices had any event."""
    sums = _sums(
        "events", "repeats", "active_slices", *(f"h_{each.name}" for each in features if each.habit is not None)
    )
    return f"""
SELECT window_time AS site_time, {WINDOW_END_MS} AS window_end_ms, {", ".join(sums)}
FROM {tumble("session_windows", "session_time", config)} GROUP BY window_start, window_end, window_time"""


def _site_levels(config: AdjustConfig, features: Sequence[Feature]) -> str:
    """The site's totals, copied so that joining them with sessions spreads over subtasks."""
    copies = ", ".join(map(str, shares(config.max_parallelism)))
    totals = ", ".join(f"h_{each.name} AS l_{each.name}" for each in features if each.habit is not None)
    return f"""
SELECT site_time, share_no, active_slices AS site_slices, {totals}
FROM (SELECT *, ARRAY[{copies}] AS share_nos FROM site_totals)
CROSS JOIN UNNEST(share_nos) AS spread (share_no)"""
