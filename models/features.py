"""The features of a session window and of a content window, each declared once: SQL, state, models, rules, docs follow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from models.feature_layout import FeatureLayout
from models.slice_columns import (
    ONE,
    UNKNOWN,
    SliceColumn,
    SliceTotal,
    count,
    extent,
    highest,
    once,
    total,
)
from schemas.events import RECOMMENDED

NAN: Final = float("nan")
RAPID_EXIT_MS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Feature:
    """One number of a window.

    `value` gives it in SQL from the totals of its `slice` columns, from what every window has (`jobs/sql/window_views.py`),
    and from {window_ms} and {slices}. Null means unknown. Numbers with an exponent are floating
    point in SQL; those with a point alone would be decimals, slow and rounded otherwise. A feature that comes to mean
    something else gets another name: state is read by name.
    """

    name: str
    unit: str
    text: str
    value: str
    slice: tuple[SliceTotal, ...] = ()
    when_silent: float | Literal["window_ms"] = NAN
    """In a session's window without events: a number, or the length of the window; NaN is unknown."""
    scale: int = 1
    """Peers' sums run in integers, so that their order cannot matter: the value times this, rounded."""


@dataclass(frozen=True, slots=True)
class ScalarFeature:
    """A number that rules can name beside the features of the window; it has no baseline."""

    name: str
    unit: str
    text: str


_DEPTH: Final = "CAST(`value` * 10000 AS BIGINT)"

CLICKS: Final = SliceColumn("clicks", trigger_events=once("{click}"))
RECOMMENDED_CLICKS: Final = SliceColumn(
    "recommended_clicks", trigger_events=once("{click} AND placement = '" + RECOMMENDED + "'")
)
DEEPEST: Final = SliceColumn("deepest", highest("{scroll}", _DEPTH), UNKNOWN)
TRAVELLED: Final = SliceColumn("travelled", extent("{scroll}", _DEPTH), UNKNOWN)
SCROLLING_MS: Final = SliceColumn("scrolling_ms", extent("{scroll}", "occurred_at_ms"), UNKNOWN)
HOVER_MS: Final = SliceColumn("hover_ms", total("{hover}"))
POINTER_PATH_PX: Final = SliceColumn("pointer_path_px", total("{move}"))
ENGAGED_MS: Final = SliceColumn("engaged_ms", total("{heartbeat}"))
PAGES: Final = SliceColumn("pages", count("{page_view}"))
EXITS: Final = SliceColumn("exits", count("{page_hide}"))
RAPID_EXITS: Final = SliceColumn("rapid_exits", count(f"{{page_hide}} AND `value` <= {RAPID_EXIT_MS}"))
PRESENT: Final = SliceColumn("present", ONE)
"""1 where the session has signals in the slice."""

SESSION_FEATURES: Final = (
    Feature("clicks", "count", "clicks", "clicks", slice=(CLICKS.sum(),), when_silent=0.0),
    Feature(
        "recommended_clicks",
        "count",
        "clicks on recommended content",
        "recommended_clicks",
        slice=(RECOMMENDED_CLICKS.sum(),),
        when_silent=0.0,
    ),
    Feature(
        "click_rate",
        "per minute",
        "clicks a minute",
        "clicks * 60e3 / {window_ms}",
        slice=(CLICKS.sum(),),
        when_silent=0.0,
        scale=1000,
    ),
    Feature(
        "recommended_click_rate",
        "per minute",
        "clicks on recommended content a minute",
        "recommended_clicks * 60e3 / {window_ms}",
        slice=(RECOMMENDED_CLICKS.sum(),),
        when_silent=0.0,
        scale=1000,
    ),
    Feature("scroll_depth", "0..1", "deepest point reached", "deepest / 1e4", slice=(DEEPEST.max(),), scale=100),
    Feature(
        "scroll_speed",
        "pages a minute",
        "distance scrolled over time spent scrolling",
        "travelled * 6e0 / GREATEST(scrolling_ms, 1000)",
        slice=(TRAVELLED.sum(), SCROLLING_MS.sum()),
        scale=10_000,
    ),
    Feature("hover_ms", "ms", "time spent hovering", "hover_ms", slice=(HOVER_MS.sum(),), when_silent=0.0),
    Feature(
        "pointer_path_px",
        "px",
        "distance the pointer moved",
        "pointer_path_px",
        slice=(POINTER_PATH_PX.sum(),),
        when_silent=0.0,
    ),
    Feature("engaged_ms", "ms", "engaged time", "engaged_ms", slice=(ENGAGED_MS.sum(),), when_silent=0.0),
    Feature(
        "session_duration_ms",
        "ms",
        "time spent active: in each ten seconds, from the first to the last event",
        "active_ms",
        when_silent=0.0,
    ),
    Feature("pages", "count", "pages opened", "pages", slice=(PAGES.sum(),), when_silent=0.0),
    Feature(
        "rapid_exits", "count", "pages left within 10 s", "rapid_exits", slice=(RAPID_EXITS.sum(),), when_silent=0.0
    ),
    Feature(
        "idle_ms",
        "ms",
        "since the last interaction, at most the window",
        "COALESCE(window_end_ms - interacted_ms, {window_ms})",
        when_silent="window_ms",
    ),
)

CONTENT_FEATURES: Final = (
    Feature("readers", "count", "readers at a time, on average", "present * 1e0 / {slices}", slice=(PRESENT.sum(),)),
    Feature("engaged_ms", "ms", "engaged time of all readers", "engaged_ms", slice=(ENGAGED_MS.sum(),)),
    Feature(
        "depth", "0..1", "mean of the deepest points reached", "depth / 1e4", slice=(DEEPEST.mean("depth"),), scale=100
    ),
    Feature("exits", "count", "readers that left", "exits", slice=(EXITS.sum(),)),
    Feature("rapid_exits", "count", "readers that left within 10 s", "rapid_exits", slice=(RAPID_EXITS.sum(),)),
    Feature("clicks", "count", "clicks", "clicks", slice=(CLICKS.sum(),)),
)

SESSION_NAMES: Final = tuple(feature.name for feature in SESSION_FEATURES)
CONTENT_NAMES: Final = tuple(feature.name for feature in CONTENT_FEATURES)

FIRST_SESSION_NAMES: Final = (
    "clicks",
    "recommended_clicks",
    "click_rate",
    "recommended_click_rate",
    "scroll_depth",
    "scroll_speed",
    "hover_ms",
    "pointer_path_px",
    "engaged_ms",
    "session_duration_ms",
    "pages",
    "rapid_exits",
    "idle_ms",
)
FIRST_CONTENT_NAMES: Final = ("readers", "engaged_ms", "depth", "exits", "rapid_exits", "clicks")
"""The features of release 0.2.0, whose state bears no names. Never changed: what comes later is told from these."""

SESSION_LAYOUT: Final = FeatureLayout(SESSION_NAMES, FIRST_SESSION_NAMES)
CONTENT_LAYOUT: Final = FeatureLayout(CONTENT_NAMES, FIRST_CONTENT_NAMES)

LIVE_FEATURES: Final = {
    each.name: each
    for each in (
        ScalarFeature("silence_ms", "ms", "since the last interaction, however long ago"),
        ScalarFeature("session_age_ms", "ms", "since the session's first event"),
        ScalarFeature(
            "category_rise_z", "standard deviations", "how unusual the time in the reader's main category is"
        ),
    )
}
"""What the session window lane knows beside the vector, by name."""

EVENT_FEATURES: Final = {
    each.name: each
    for each in (
        ScalarFeature("recent_clicks", "count", "clicks of the session in the last 60 s"),
        ScalarFeature("recent_recommended_clicks", "count", "clicks on recommended content in the last 60 s"),
        ScalarFeature("rating", "1..5", "the rating a feedback gave"),
        ScalarFeature("rtt_ms", "ms", "network round trip"),
        ScalarFeature("downlink_kbps", "kbit/s", "network bandwidth"),
        ScalarFeature("save_data", "0 or 1", "1 where the reader asked to save data"),
    )
}
"""What the fast lane knows at each event, by name."""


def silent_values(window_ms: int, features: Sequence[Feature] = SESSION_FEATURES) -> list[float]:
    """The features of a session's window in which nothing happened."""
    return [float(window_ms) if each.when_silent == "window_ms" else each.when_silent for each in features]
