"""How a reader gets on with the item in view, and which pace is usual: comprehension, as far as behaviour shows it."""

from math import exp, log
from typing import Final

from msgspec import Struct

from models.language.reading_time import FASTEST_USUAL_WPM, SLOWEST_USUAL_WPM, WORDS_PER_MINUTE, reading_pace

MIN_ENGAGED_MS: Final = 20_000
"""Engaged time with an item before its pace is known: at first the screen shows more than has been read."""

MIN_DEPTH: Final = 0.1
LEARNT_DEPTH: Final = 0.3
"""An item read as far as this says what pace is usual for the reader."""

MIN_LEARNT_ITEMS: Final = 2
READ_DEPTH: Final = 0.85
FASTEST_USUAL_PACE: Final = WORDS_PER_MINUTE / FASTEST_USUAL_WPM
SLOWEST_USUAL_PACE: Final = WORDS_PER_MINUTE / SLOWEST_USUAL_WPM
MAX_LEARNT_ITEMS: Final = 20
"""Items that the usual pace rests on at most; beyond that the newest counts a twentieth."""

LATELY_MS: Final = 60_000
"""Engaged time from which a pace of late is known; it spans one to two of these."""

MAX_PACE: Final = 10.0
"""Slower is as slow as this: who gets no further has no pace."""

PAGE: Final = 10_000
"""Distances and depths are whole ten-thousandths of a page, so that sums do not depend on their order."""


class ReadingProgress(Struct, array_like=True):
    """One session's item in view, and the items before it. `log_pace` is the mean logarithm of their paces.

    `mark_…` and `before_…` are engaged time and depth at the last two marks, at least `LATELY_MS` apart.
    """

    content_id: str = ""
    engaged_ms: int = 0
    scrolled: int = 0
    depth: int = 0
    learnt: int = 0
    log_pace: float = 0.0
    items_read: int = 0
    mark_ms: int = 0
    mark_depth: int = 0
    before_ms: int = 0
    before_depth: int = 0

    def open_item(self, content_id: str, words: int | None) -> None:
        """Closes the item in view, which had so many `words`, and opens another one."""
        pace = self.pace(words)
        if pace is not None and pace > 0.0 and self.depth >= LEARNT_DEPTH * PAGE:
            self.learnt = min(self.learnt + 1, MAX_LEARNT_ITEMS)
            # Rounded, since each session keeps it in state.
            self.log_pace = round(self.log_pace + (log(pace) - self.log_pace) / self.learnt, 5)
            if self.depth >= READ_DEPTH * PAGE and FASTEST_USUAL_PACE <= pace <= SLOWEST_USUAL_PACE:
                self.items_read += 1
        self.content_id = content_id
        self.engaged_ms = self.scrolled = self.depth = 0
        self.mark_ms = self.mark_depth = self.before_ms = self.before_depth = 0

    def add_slice(self, engaged_ms: int, scrolled: int, depth: int) -> None:
        """Adds ten seconds with the item: engaged time, distance scrolled, deepest point."""
        self.engaged_ms += engaged_ms
        self.scrolled += scrolled
        self.depth = max(self.depth, depth)
        if self.engaged_ms - self.mark_ms >= LATELY_MS:
            self.before_ms, self.before_depth = self.mark_ms, self.mark_depth
            self.mark_ms, self.mark_depth = self.engaged_ms, self.depth

    def pace(self, words: int | None) -> float | None:
        """Engaged time by the time that an adult needs for the words down to the deepest point; None where too little is known.

        >>> ReadingProgress("a", engaged_ms=90_000, depth=5_000).pace(476)
        1.5
        """
        if words is None or self.engaged_ms < MIN_ENGAGED_MS or self.depth < MIN_DEPTH * PAGE:
            return None
        return reading_pace(self.engaged_ms, words * self.depth / PAGE)

    def pace_lately(self, words: int | None) -> float | None:
        """The same over the last one to two minutes of engaged time, at most `MAX_PACE`."""
        engaged_ms = self.engaged_ms - self.before_ms
        if not words or engaged_ms < LATELY_MS:
            return None
        pace = reading_pace(engaged_ms, words * (self.depth - self.before_depth) / PAGE)
        return MAX_PACE if pace is None else min(pace, MAX_PACE)

    def scalars(self, words: int | None) -> dict[str, float]:
        """The numbers that rules see, unknown ones left out."""
        found = {"items_read": float(self.items_read)}
        if self.depth:
            found["rescrolled_pages"] = max(0, self.scrolled - self.depth) / PAGE
        if (lately := self.pace_lately(words)) is not None:
            found["reading_pace_lately"] = lately
        if (pace := self.pace(words)) is not None:
            found["reading_pace"] = pace
            if self.learnt >= MIN_LEARNT_ITEMS:
                found["reading_pace_by_habit"] = pace / exp(self.log_pace)
        return found
