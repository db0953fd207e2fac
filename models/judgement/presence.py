"""How long a reader was present in a slice: page in view, and some event within the last 20 s."""

from typing import Final

SLICE_MS: Final = 10_000

ABSENT_AFTER_MS: Final = 20_000
"""Without any event for so long nobody is present: four heartbeats of the tracker."""

MIN_COVERAGE: Final = 0.9
"""Share of a window with the page in view from which a small sum is small."""


def present_in_silent_slice(end_ms: int, last_ms: int, hidden: bool) -> int:
    """Present ms of a slice without events. `last_ms` is the session's last event, -1 before the first."""
    if hidden or last_ms < 0:
        return 0
    return max(0, min(end_ms, last_ms + ABSENT_AFTER_MS) - (end_ms - SLICE_MS))


def visible_in_slice(end_ms: int, first_ms: int, newest_ms: int, hidden_ms: int, last_ms: int, hidden: bool) -> int:
    """Ms of a slice with events in which the page was in view, whether or not the reader did anything."""
    visible = end_ms - first_ms if last_ms < 0 or hidden else SLICE_MS
    if hidden_ms == newest_ms:
        visible -= end_ms - hidden_ms
    return max(0, visible)


def present_in_slice(end_ms: int, first_ms: int, newest_ms: int, hidden_ms: int, last_ms: int, hidden: bool) -> int:
    """Present ms of a slice with events.

    `first_ms` and `newest_ms` are its first and last event, `hidden_ms` its last page_hide or -1. `last_ms` and `hidden` are
    those of the session before this slice.
    """
    if last_ms < 0 or hidden:
        present = end_ms - first_ms
    elif first_ms - last_ms > ABSENT_AFTER_MS:
        present = end_ms - first_ms + max(0, last_ms + ABSENT_AFTER_MS - (end_ms - SLICE_MS))
    else:
        present = SLICE_MS
    if hidden_ms == newest_ms:
        present -= end_ms - hidden_ms
    return max(0, present)
