"""The columns of a slice that features sum up, shared by those of sessions and of content items."""

from typing import Final

from models.slice_columns import ONE, UNKNOWN, SliceColumn, count, extent, highest, lowest, once, total
from schemas.events import RECOMMENDED

RAPID_EXIT_MS: Final = 10_000

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
