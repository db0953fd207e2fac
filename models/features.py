"""The features of a session window and of a content window, each declared once: SQL, state, models, rules, docs follow."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from models.feature_layout import FeatureLayout
from models.judgement.habit import Habit, Level
from models.slice_columns import (
    ONE,
    UNKNOWN,
    SliceColumn,
    SliceTotal,
    count,
    extent,
    highest,
    lowest,
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
    and from {window_ms} and {slices}. The totals of a content window are by reader: there `value` aggregates over readers. Null
    means unknown. Numbers with an exponent are floating
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
    habit: Habit | None = None
    """For a feature that adds up over slices; most have one, or a level, or follow another feature's."""
    level: Level | None = None
    follows: str | None = None
    """The feature whose habit this one shares: the same number in another unit."""
    exposure: Literal["exits", "readers"] | None = None
    """What a content item's habit is by: readers that left, or reader-minutes. More of both is more traffic, no change."""
    in_forest: bool = True
    """Whether the Isolation Forest reads it. Not where another feature says the same, nor where it tells how much of the window
    the reader was there: every column that says nothing makes what is odd harder to find."""

    @property
    def adds_up(self) -> bool:
        """Whether a part of a window makes the value smaller."""
        return self.habit is not None or self.follows is not None

    @property
    def whole(self) -> str:
        """The total, in whole numbers, that a habit of this feature is formed of."""
        return self.slice[0].name if self.slice else self.value


@dataclass(frozen=True, slots=True)
class ScalarFeature:
    """A number that rules can name beside the features of the window; it has no baseline."""

    name: str
    unit: str
    text: str


_DEPTH: Final = "CAST(`value` * 10000 AS BIGINT)"
_DISTANCE: Final = "CAST(scroll_pages * 10000 AS BIGINT)"

CLICKS: Final = SliceColumn("clicks", trigger_events=once("{click}"))
RECOMMENDED_CLICKS: Final = SliceColumn(
    "recommended_clicks", trigger_events=once("{click} AND placement = '" + RECOMMENDED + "'")
)
DEEPEST: Final = SliceColumn("deepest", highest("{scroll}", _DEPTH), UNKNOWN)
SCROLLED: Final = SliceColumn(
    "scrolled", f"GREATEST({total('{scroll}', _DISTANCE)}, COALESCE({extent('{scroll}', _DEPTH)}, 0))"
)
"""In 1/10000 of a page. A sender that tells no distance is known by the depths it passed through."""
SCROLLS: Final = SliceColumn("scrolls", count("{scroll}"))
SIGNS: Final = SliceColumn("signs", f"{count('{scroll}')} + {count('{move}')}")
SCROLLING_MS: Final = SliceColumn("scrolling_ms", extent("{scroll}", "occurred_at_ms"), UNKNOWN)
HOVER_MS: Final = SliceColumn("hover_ms", total("{hover}"))
POINTER_PATH_PX: Final = SliceColumn("pointer_path_px", total("{move}"))
ENGAGED_MS: Final = SliceColumn("engaged_ms", total("{heartbeat}", "CAST(LEAST(`value`, 10000) AS BIGINT)"))
"""One heartbeat tells of no more than a slice: what a sender adds up over hours is not engaged time of now."""
PAGES: Final = SliceColumn("pages", count("{page_view}"))
_LEFT_PAGE: Final = "{page_hide} AND `value` IS NOT NULL"
"""A page_hide without a value tells of a page that is out of view and may come back."""
EXITS: Final = SliceColumn("exits", count(_LEFT_PAGE))
LEFT_MS: Final = SliceColumn("left_ms", lowest(_LEFT_PAGE, "occurred_at_ms"), UNKNOWN)
"""The first time in the slice that the reader left."""
RAPID_EXITS: Final = SliceColumn("rapid_exits", count(f"{{page_hide}} AND `value` <= {RAPID_EXIT_MS}"))
PRESENT: Final = SliceColumn("present", ONE)
"""1 where the session has signals in the slice."""

SESSION_FEATURES: Final = (
    Feature(
        "clicks",
        "count",
        "clicks",
        "clicks",
        slice=(CLICKS.sum(),),
        when_silent=0.0,
        habit=Habit("ck", 1.0, 0.7, 1.2, 3.0),
    ),
    Feature(
        "recommended_clicks",
        "count",
        "clicks on recommended content",
        "recommended_clicks",
        slice=(RECOMMENDED_CLICKS.sum(),),
        when_silent=0.0,
        habit=Habit("rc", 1.0, 0.4, 1.2, 3.0),
    ),
    Feature(
        "click_rate",
        "per minute",
        "clicks a minute",
        "clicks * 60e3 / {window_ms}",
        slice=(CLICKS.sum(),),
        when_silent=0.0,
        follows="clicks",
        in_forest=False,
    ),
    Feature(
        "recommended_click_rate",
        "per minute",
        "clicks on recommended content a minute",
        "recommended_clicks * 60e3 / {window_ms}",
        slice=(RECOMMENDED_CLICKS.sum(),),
        when_silent=0.0,
        follows="recommended_clicks",
        in_forest=False,
    ),
    Feature(
        "scroll_depth",
        "0..1",
        "deepest point reached",
        "deepest / 1e4",
        slice=(DEEPEST.max(),),
        level=Level("dp", 0.02, 10_000.0),
    ),
    Feature(
        "scroll_speed",
        "pages a minute",
        "distance scrolled over time spent scrolling",
        "scrolled * 6e0 / GREATEST(scrolling_ms, 1000)",
        slice=(SCROLLED.sum(), SCROLLING_MS.sum()),
        level=Level("sp", 0.5, 100.0),
    ),
    Feature(
        "scrolls",
        "count",
        "scroll events",
        "scrolls",
        slice=(SCROLLS.sum(),),
        when_silent=0.0,
        habit=Habit("sc", 1.0, 12.0, 4.0, 1.0),
        in_forest=False,
    ),
    Feature(
        "signs",
        "count",
        "scroll and pointer events",
        "signs",
        slice=(SIGNS.sum(),),
        when_silent=0.0,
        habit=Habit("si", 1.0, 20.0, 5.0, 1.0),
        in_forest=False,
    ),
    Feature(
        "scroll_distance",
        "pages",
        "distance scrolled, back and forth",
        "scrolled / 1e4",
        slice=(SCROLLED.sum(),),
        when_silent=0.0,
        habit=Habit("sd", 100.0, 4_500.0, 3_000.0, 1.0, 10_000.0),
    ),
    Feature(
        "hover_ms",
        "ms",
        "time spent hovering",
        "hover_ms",
        slice=(HOVER_MS.sum(),),
        when_silent=0.0,
        habit=Habit("ho", 100.0, 1_500.0, 3_000.0, 1.0),
    ),
    Feature(
        "pointer_path_px",
        "px",
        "distance the pointer moved",
        "pointer_path_px",
        slice=(POINTER_PATH_PX.sum(),),
        when_silent=0.0,
        habit=Habit("px", 50.0, 2_500.0, 2_000.0, 1.0),
    ),
    Feature(
        "engaged_ms",
        "ms",
        "engaged time",
        "engaged_ms",
        slice=(ENGAGED_MS.sum(),),
        when_silent=0.0,
        habit=Habit("en", 500.0, 55_000.0, 3_000.0, 1.0),
    ),
    Feature(
        "session_duration_ms",
        "ms",
        "time spent active: in each ten seconds, from the first to the last event",
        "active_ms",
        when_silent=0.0,
        habit=Habit("ac", 500.0, 30_000.0, 5_000.0, 1.0),
        in_forest=False,
    ),
    Feature(
        "pages",
        "count",
        "pages opened",
        "pages",
        slice=(PAGES.sum(),),
        when_silent=0.0,
        habit=Habit("pg", 1.0, 1.0, 1.2, 3.0),
    ),
    Feature(
        "rapid_exits",
        "count",
        "pages left within 10 s",
        "rapid_exits",
        slice=(RAPID_EXITS.sum(),),
        when_silent=0.0,
        habit=Habit("rx", 1.0, 0.3, 1.2, 3.0),
    ),
    Feature(
        "idle_ms",
        "ms",
        "since the last interaction, at most the window",
        "COALESCE(window_end_ms - interacted_ms, {window_ms})",
        when_silent="window_ms",
        level=Level("id", 1_000.0),
        in_forest=False,
    ),
)

READER_TOTALS: Final = (PRESENT.sum(), RAPID_EXITS.sum(), LEFT_MS.min())
"""What is known of each reader of a content item in a window, whichever features there are: who left, and when first."""

_LEFT: Final = "COUNT(CASE WHEN exits > 0 THEN 1 END)"
_LEFT_RAPIDLY: Final = "COUNT(CASE WHEN rapid_exits > 0 THEN 1 END)"

CONTENT_FEATURES: Final = (
    Feature(
        "readers",
        "count",
        "readers at a time, on average",
        "SUM(present) * 1e0 / {slices}",
        slice=(PRESENT.sum(),),
        level=Level("rd", 0.5),
    ),
    Feature(
        "engaged_ms",
        "ms",
        "engaged time of all readers",
        "SUM(engaged_ms)",
        slice=(ENGAGED_MS.sum(),),
        habit=Habit("en", 500.0, 600_000.0, 10_000.0, 0.5),
        exposure="readers",
    ),
    Feature(
        "depth",
        "0..1",
        "deepest point that a reader reached, mean over readers",
        "CAST(SUM(deepest) AS DOUBLE) / COUNT(deepest) / 1e4",
        slice=(DEEPEST.max(),),
        level=Level("dp", 0.02),
    ),
    Feature(
        "exits",
        "count",
        "readers that left",
        _LEFT,
        slice=(EXITS.sum(),),
        habit=Habit("ex", 1.0, 10.0, 1.2, 0.5),
        exposure="readers",
    ),
    Feature(
        "rapid_exits",
        "count",
        "readers that left within 10 s",
        _LEFT_RAPIDLY,
        slice=(RAPID_EXITS.sum(),),
        habit=Habit("rx", 0.3, 5.0, 0.8, 0.5),
        exposure="exits",
    ),
    Feature(
        "rapid_exit_share",
        "0..1",
        "share of the readers that left who left within 10 s",
        f"{_LEFT_RAPIDLY} * 1e0 / NULLIF({_LEFT}, 0)",
        slice=(EXITS.sum(), RAPID_EXITS.sum()),
        follows="rapid_exits",
        exposure="exits",
    ),
    Feature(
        "clicks",
        "count",
        "clicks",
        "SUM(clicks)",
        slice=(CLICKS.sum(),),
        habit=Habit("ck", 1.0, 6.0, 1.5, 0.5),
        exposure="readers",
    ),
)

SESSION_NAMES: Final = tuple(feature.name for feature in SESSION_FEATURES)
CONTENT_NAMES: Final = tuple(feature.name for feature in CONTENT_FEATURES)
FOREST_FEATURES: Final = tuple(feature.name for feature in SESSION_FEATURES if feature.in_forest)
"""The columns of the Isolation Forest, by name and in order."""

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
            "silence_by_bound", "times", "the silence by the length that is unusual for this reader, page in view"
        ),
        ScalarFeature(
            "since_recommended_click_ms", "ms", "since the last click on recommended content, or the beginning"
        ),
        ScalarFeature("present_ms", "ms", "presence in the window: page in view, some event within 20 s"),
        ScalarFeature("coverage", "0..1", "share of the window in which the page was in view"),
        ScalarFeature("knows_presence", "0 or 1", "1 where the source tells that a page is open, by heartbeats"),
        ScalarFeature("rapid_click_slices", "count", "slices of 10 s in a row with five clicks or more"),
        ScalarFeature("page_depth", "0..1", "deepest point of the page in view"),
        ScalarFeature(
            "category_nats", "nats", "evidence that the content type opened last has become the reader's subject"
        ),
        ScalarFeature("category_pages", "count", "pages that this evidence rests on"),
        ScalarFeature("category_rise_z", "standard deviations", "the same evidence as a z-score"),
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
