"""Defines the scripted visit to the demo site: what the reader does, and what is recorded of it."""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

OPENED: Final = ("knot-1", "salt-1", "oven-1", "cloud-1", "crab-1")
"""Teasers from the lower half of the list; opened one after the other, they should come back in the opposite order."""

SLOW_RTT_MS: Final = 900
CHANGE_TIMEOUT_S: Final = 20.0

Say = Callable[[str], None]


class NoBrowserError(Exception):
    """There is no Chromium, or it does not start; the message says which."""


class VisitResult(Struct):
    """Result of a visit. `click_to_change_ms` runs from the fifth click to the reordered list, by the page's own clock."""

    changes: list[str] = []
    missing: list[str] = []
    click_to_change_ms: float | None = None
    session_id: str | None = None
    before: str | None = None
    after: str | None = None
    console: str | None = None
    problems: list[str] = []
