"""A session's clock: when it began, when the reader last did something, which windows are missing."""

from collections.abc import Iterator
from typing import Final

from msgspec import Struct

SESSION_END_MS: Final = 30 * 60_000
"""Without any event for so long a session is over, as in web analytics everywhere."""

WATCHED_WINDOWS: Final = 12
"""Silent windows that are looked at after the last one with events: two minutes. Later nobody is there to be helped."""


class Attention(Struct, array_like=True):
    """Times in ms of event time. `window_end_ms` is the last window that was looked at."""

    first_ms: int
    interacted_ms: int
    last_event_ms: int
    window_end_ms: int
    hidden_ms: int = 0

    @property
    def is_closed(self) -> bool:
        """Whether the page has been hidden since: silence says nothing about a reader who does not look."""
        return self.hidden_ms > self.interacted_ms

    def last_window_with_events(self, window_ms: int, every_ms: int) -> int:
        """End of the last window that holds the last event. Up to it rows come by themselves."""
        return self.last_event_ms // every_ms * every_ms + window_ms

    def silent_windows(self, until_ms: int, window_ms: int, every_ms: int) -> Iterator[int]:
        """Ends of the windows up to `until_ms` in which nothing happened and which have not been looked at."""
        filled = self.last_window_with_events(window_ms, every_ms)
        last = 0 if self.is_closed else min(until_ms, filled + WATCHED_WINDOWS * every_ms)
        end = max(self.window_end_ms, filled) + every_ms
        while end <= last:
            yield end
            end += every_ms

    def next_wake_ms(self, window_ms: int, every_ms: int) -> int:
        """When to look again if no row comes: at the next silent window, and at last when the session is over."""
        filled = self.last_window_with_events(window_ms, every_ms)
        end = max(self.window_end_ms, filled) + every_ms
        watched = not self.is_closed and end <= filled + WATCHED_WINDOWS * every_ms
        return end if watched else self.last_event_ms + SESSION_END_MS

    def is_over(self, now_ms: int) -> bool:
        return now_ms - self.last_event_ms >= SESSION_END_MS
