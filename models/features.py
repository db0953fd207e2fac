"""The registry of features: those of a session window and of a content window, their names and layouts, and what rules may name
beside them."""

from collections.abc import Sequence
from typing import Final

from models.content_features import CONTENT_FEATURES as CONTENT_FEATURES
from models.content_features import READER_TOTALS as READER_TOTALS
from models.feature import Feature as Feature
from models.feature import ScalarFeature
from models.feature_columns import DEEPEST as DEEPEST
from models.feature_columns import ENGAGED_MS as ENGAGED_MS
from models.feature_layout import FeatureLayout
from models.session_features import SESSION_FEATURES as SESSION_FEATURES

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

_CONTEXT_NUMBERS: Final = (
    ScalarFeature("rtt_ms", "ms", "network round trip"),
    ScalarFeature("downlink_kbps", "kbit/s", "network bandwidth"),
    ScalarFeature("save_data", "0 or 1", "1 where the reader asked to save data"),
)

_CONTENT_NUMBERS: Final = (
    ScalarFeature("content_words", "words", "length of the item"),
    ScalarFeature("content_level", "level", "reading level of the item, in the unit of its method"),
    ScalarFeature(
        "content_in_region", "0 or 1", "1 where the item may be shown in the reader's country, by its regions"
    ),
    ScalarFeature(
        "has_reader_language",
        "0 or 1",
        "1 where the item has a version in a language that suits the reader better than its own",
    ),
)
"""What content.v1 says of the item that the reader is looking at; unknown where it says nothing."""

SITE_ODDNESS: Final = "site_oddness"

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
            "reading_pace",
            "times",
            "engaged time with the item by the time its words ask for down to the depth reached; 2 is slow",
        ),
        ScalarFeature(
            "reading_pace_lately", "times", "the same over the last one to two minutes; 10 where it is that or more"
        ),
        ScalarFeature(
            "reading_pace_by_habit", "times", "the same by the reader's own pace with the items before, two at least"
        ),
        ScalarFeature(
            "rescrolled_pages", "pages", "distance scrolled on the item beyond the depth reached: back and forth"
        ),
        ScalarFeature(
            "items_read", "count", "items of the session read to 0.85 of their depth at a usual pace, before this one"
        ),
        ScalarFeature(
            "at_break",
            "0 or 1",
            "1 where the reader has just opened a page, come back to the tab, or is at the end of the page",
        ),
        ScalarFeature(
            "category_nats", "nats", "evidence that the content type opened last has become the reader's subject"
        ),
        ScalarFeature("category_pages", "count", "pages that this evidence rests on"),
        ScalarFeature("category_rise_z", "standard deviations", "the same evidence as a z-score"),
        ScalarFeature(
            SITE_ODDNESS,
            "0..1",
            "how unlike the site's past minutes the engaged time of all readers was, one to two minutes ago; above 0.55 is out of"
            " the ordinary",
        ),
        *_CONTEXT_NUMBERS,
        *_CONTENT_NUMBERS,
    )
}
"""What the session window lane knows beside the vector, by name."""

ENGAGED_ODDNESS: Final = "engaged_oddness"

ITEM_FEATURES: Final = {
    ENGAGED_ODDNESS: ScalarFeature(
        ENGAGED_ODDNESS,
        "0..1",
        "how unlike the item's past minutes its engaged time is; above 0.5 is odder than for long, unknown within a minute",
    )
}
"""What the content window lane knows beside the vector, by name."""

SECTION_FEATURES: Final = {
    each.name: each
    for each in (
        ScalarFeature(
            "passed_readers", "count", "readers of the section that the greatest share of its readers passes in 2 s"
        ),
        ScalarFeature("passed_share", "0..1", "that share"),
        ScalarFeature("passed_share_elsewhere", "0..1", "mean of the shares of the item's other sections"),
        ScalarFeature("held_readers", "count", "readers of the section that holds its readers longest"),
        ScalarFeature(
            "held_by_others",
            "times",
            "its time a reader and word by the others' mean; unknown unless the CMS tells the words of all",
        ),
        ScalarFeature("held_after_passed", "0 or 1", "1 where it stands after the passed one, as the CMS orders them"),
    )
}
"""What the section lane knows of an item's sections, by name."""

EVENT_FEATURES: Final = {
    each.name: each
    for each in (
        ScalarFeature("recent_clicks", "count", "clicks of the session in the last 60 s"),
        ScalarFeature("recent_recommended_clicks", "count", "clicks on recommended content in the last 60 s"),
        ScalarFeature("rating", "1..5", "the rating a feedback gave"),
        ScalarFeature("recent_rating", "1..5", "the session's last rating, for five minutes"),
        ScalarFeature(
            "sentiment",
            "-1..1",
            "of the session's last English text in a feedback, for five minutes; below 0 is a complaint",
        ),
        ScalarFeature("sentiment_age_ms", "ms", "since that text"),
        ScalarFeature("rage_clicks", "count", "clicks in the last five minutes that the tracker calls rage clicks"),
        ScalarFeature(
            "returns", "count", "clicks in the last five minutes back on a content item, after one on another"
        ),
        ScalarFeature("struggles", "count", "rage clicks and returns together"),
        *_CONTEXT_NUMBERS,
        *_CONTENT_NUMBERS,
    )
}
"""What the fast lane knows at each event, by name."""


def silent_values(window_ms: int, features: Sequence[Feature] = SESSION_FEATURES) -> list[float]:
    """The features of a session's window in which nothing happened."""
    return [float(window_ms) if each.when_silent == "window_ms" else each.when_silent for each in features]
