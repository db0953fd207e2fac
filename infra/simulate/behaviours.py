"""Defines the habits of simulated readers, and what each planted behaviour changes about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Habits:
    """Rates are mean gaps in seconds; a reader draws each gap between half and one and a half times that."""

    page_s: float = 48.0
    scroll_gap_s: float = 2.4
    scroll_step: float = 0.045
    """Share of the page per scroll."""
    move_gap_s: float = 2.0
    move_px: float = 260.0
    hover_gap_s: float = 9.0
    hover_ms: float = 700.0
    click_gap_s: float = 32.0
    recommended_share: float = 0.85
    engaged_share: float = 0.6
    """Share of heartbeats, one every five seconds, in which the reader is engaged."""
    favourite: str | None = None
    """The one content type that is read, if there is only one."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a planted behaviour changes, and the action that answers it. `contents`: many readers' towards one item."""

    action: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    lasts_s: int = 130
    contents: bool = False


NEVER_S: Final = 1e9

BEHAVIOURS: Final[Mapping[str, Behaviour]] = MappingProxyType(
    {
        # Hardly moves, never clicks; the gaps between two signs of life grow long.
        "bored": Behaviour(
            "simplify",
            {
                "scroll_gap_s": 15.0,
                "move_gap_s": 13.0,
                "hover_gap_s": 40.0,
                "click_gap_s": NEVER_S,
                "engaged_share": 0.35,
                "page_s": 200.0,
            },
        ),
        # Searches with the pointer, hovers long, finds nothing.
        "confused": Behaviour(
            "simplify_layout",
            {"move_gap_s": 0.8, "move_px": 900.0, "hover_gap_s": 2.6, "hover_ms": 2100.0, "scroll_step": 0.02},
        ),
        # Reads every line to the end, without a break.
        "expert": Behaviour(
            "enrich",
            {"page_s": 70.0, "scroll_gap_s": 1.9, "engaged_share": 1.0, "scroll_step": 0.034, "click_gap_s": 36.0},
        ),
        # Rushes past the sections.
        "skimming": Behaviour(
            "shorten",
            {"scroll_gap_s": 0.7, "scroll_step": 0.16, "page_s": 14.0, "engaged_share": 0.5, "move_gap_s": 3.0},
        ),
        # Stops, with the page still open.
        "leaving": Behaviour("prompt", lasts_s=150),
        # Clicks like a clock and does nothing a hand would do.
        "bot": Behaviour(
            "prompt",
            {
                "click_gap_s": 0.9,
                "recommended_share": 0.0,
                "move_gap_s": NEVER_S,
                "hover_gap_s": NEVER_S,
                "scroll_gap_s": 2.4,
                "engaged_share": 0.0,
                "page_s": 8.0,
            },
        ),
        # Sits in a train; the page reports it.
        "slow_network": Behaviour("lighten_media"),
        # Goes from recommendation to recommendation.
        "eager": Behaviour("reorder", {"click_gap_s": 6.0, "page_s": 40.0}),
        # Has found a subject.
        "captivated": Behaviour("highlight_related", {"favourite": "science", "engaged_share": 0.8, "page_s": 60.0}),
        # Readers open the item and turn away at once.
        "losing_readers": Behaviour("shorten", lasts_s=90, contents=True),
    }
)


def changed(habits: Habits, behaviour: str) -> Habits:
    """Returns `habits` as the behaviour changes them."""
    return replace(habits, **BEHAVIOURS[behaviour].changes)
