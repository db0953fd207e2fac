"""A session's clock: when it began, when the reader last interacted, which windows have not been evaluated."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

SESSION_END_MS: Final = 30 * 60_000
"""A session ends after this time without any event, as in web analytics everywhere."""

MAX_SILENT_WINDOWS: Final = 18
"""Silent windows that are evaluated after the last one with events: three minutes, so that a silence of four minutes, the
longest that a reader's own pauses can ask for, is still seen. Later there is no reader left to help."""


class SessionClock(Struct, array_like=True):
    """Times in ms of event time. `window_end_ms` is the end of the last window that was evaluated, `timer_ms` the earliest
    timer that has not fired, 0 if none is known. Device and content type are those seen last, for silent windows."""

    first_ms: int
    interacted_ms: int
    last_event_ms: int
    window_end_ms: int
    hidden_ms: int = 0
    timer_ms: int = 0
    device: str | None = None
    content_type: str | None = None

    @property
    def is_page_hidden(self) -> bool:
        """Whether the page has been hidden since the last interaction: then silence says nothing about the reader.

        A page that is left tells its last scroll in the very millisecond in which it is hidden.
        """
        return 0 < self.hidden_ms >= self.interacted_ms

    def last_window_with_events(self, window_ms: int, every_ms: int) -> int:
        """Returns the end of the last window that holds the last event. Up to it rows come by themselves."""
        return self.last_event_ms // every_ms * every_ms + window_ms

    def silent_windows(self, until_ms: int, window_ms: int, every_ms: int) -> Iterator[int]:
        """Yields the ends of the windows up to `until_ms` in which nothing happened and which have not been evaluated."""
        filled = self.last_window_with_events(window_ms, every_ms)
        last = 0 if self.is_page_hidden else min(until_ms, filled + MAX_SILENT_WINDOWS * every_ms)
        end = max(self.window_end_ms, filled) + every_ms
        while end <= last:
            yield end
            end += every_ms

    def next_timer_ms(self, window_ms: int, every_ms: int) -> int:
        """Returns when to check again if no row comes: at the next silent window, and at last when the session is over."""
        filled = self.last_window_with_events(window_ms, every_ms)
        end = max(self.window_end_ms, filled) + every_ms
        is_silent_window = not self.is_page_hidden and end <= filled + MAX_SILENT_WINDOWS * every_ms
        return end if is_silent_window else self.last_event_ms + SESSION_END_MS

    def is_over(self, now_ms: int) -> bool:
        """Whether nothing has happened for so long that the session has ended."""
        return now_ms - self.last_event_ms >= SESSION_END_MS
