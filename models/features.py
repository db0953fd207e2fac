"""The features of a session window and of a content window: names, units, order. SQL, models and rules share them."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Feature:
    """`sql` gives the value from the columns of the view it stands in (`jobs/sql/window_views.py`); null means unknown. Numbers
    with an exponent are floating point there; those with a point alone would be decimals, slow and rounded otherwise."""

    name: str
    unit: str
    about: str
    sql: str
    scale: int = 1
    """Peers' sums run in integers, so that their order cannot matter: the value times this, rounded."""


SESSION_FEATURES: Final = (
    Feature("clicks", "count", "clicks", "clicks"),
    Feature("recommended_clicks", "count", "clicks on recommended content", "recommended_clicks"),
    Feature("click_rate", "per minute", "clicks a minute", "clicks * 60e3 / {window_ms}", 1000),
    Feature(
        "recommended_click_rate",
        "per minute",
        "clicks on recommended content a minute",
        "recommended_clicks * 60e3 / {window_ms}",
        1000,
    ),
    Feature("scroll_depth", "0..1", "deepest point reached", "deepest / 1e4", 100),
    Feature(
        "scroll_speed",
        "pages a minute",
        "distance scrolled over time spent scrolling",
        "travelled * 6e0 / GREATEST(scrolling_ms, 1000)",
        10_000,
    ),
    Feature("hover_ms", "ms", "time spent hovering", "hover_ms"),
    Feature("pointer_path_px", "px", "distance the pointer moved", "pointer_path_px"),
    Feature("engaged_ms", "ms", "engaged time", "engaged_ms"),
    Feature(
        "session_duration_ms",
        "ms",
        "time spent active: in each ten seconds, from the first to the last event",
        "active_ms",
    ),
    Feature("pages", "count", "pages opened", "pages"),
    Feature("rapid_exits", "count", "pages left within 10 s", "rapid_exits"),
    Feature(
        "idle_ms",
        "ms",
        "since the last interaction, at most the window",
        "COALESCE(window_end_ms - interacted_ms, {window_ms})",
    ),
)

CONTENT_FEATURES: Final = (
    Feature("readers", "count", "readers at a time, on average", "present * 1e0 / {slices}"),
    Feature("engaged_ms", "ms", "engaged time of all readers", "engaged_ms"),
    Feature("depth", "0..1", "mean of the deepest points reached", "depth / 1e4", 100),
    Feature("exits", "count", "readers that left", "exits"),
    Feature("rapid_exits", "count", "readers that left within 10 s", "rapid_exits"),
    Feature("clicks", "count", "clicks", "clicks"),
)

SESSION_NAMES: Final = tuple(feature.name for feature in SESSION_FEATURES)
CONTENT_NAMES: Final = tuple(feature.name for feature in CONTENT_FEATURES)

LIVE_FEATURES: Final = {
    "silence_ms": "ms since the last interaction, however long ago",
    "session_age_ms": "ms since the session's first event",
    "category_rise_z": "how unusual the time in the reader's main category is, in standard deviations",
}
"""What the session window lane knows beside the vector."""

EVENT_FEATURES: Final = {
    "recent_clicks": "clicks of the session in the last 60 s",
    "recent_recommended_clicks": "clicks on recommended content in the last 60 s",
    "rating": "the rating a feedback gave, 1..5",
    "rtt_ms": "network round trip",
    "downlink_kbps": "network bandwidth",
    "save_data": "1 where the reader asked to save data, else 0",
}
"""What the fast lane knows at each event."""

SCALAR_UNITS: Final = {
    "silence_ms": "ms",
    "session_age_ms": "ms",
    "category_rise_z": "sd",
    "recent_clicks": "count",
    "recent_recommended_clicks": "count",
    "rating": "1..5",
    "rtt_ms": "ms",
    "downlink_kbps": "kbps",
    "save_data": "0 or 1",
}
"""Units of `LIVE_FEATURES` and `EVENT_FEATURES`."""
