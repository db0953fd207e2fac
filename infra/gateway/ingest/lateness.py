"""Recognises events that come too late for commands, and tells the operator whose most events do."""

import logging
import time
from collections import defaultdict
from typing import Final

from schemas.events import Event

_log = logging.getLogger(__name__)

LATE_MS: Final = 2_000
"""The job's `lateness_ms` by default: events that come later change no window and no command."""

WARN_EVERY_S: Final = 600.0
"""How often the log warns of the same source."""

MIN_LATE: Final = 20
"""Late events before a warning: one reader who was offline for a while is no reason for one."""


def is_late(event: Event) -> bool:
    """Whether the event came later than the job waits for by default: no command can follow from it."""
    return event.received_at_ms - event.occurred_at_ms > LATE_MS


class LateSenders:
    """Counts late events by source. All are accepted, so a library that collects events looks well otherwise."""

    def __init__(self) -> None:
        self._counts: defaultdict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
        self._warned_s: dict[str, float] = {}

    def count(self, source: str, late: int, events: int, now_s: float | None = None) -> None:
        """Adds accepted events, and warns if at least half of the source's have been late since the last look."""
        now_s = time.monotonic() if now_s is None else now_s
        all_late, all_events = self._counts[source]
        all_late, all_events = all_late + late, all_events + events
        self._counts[source] = all_late, all_events
        if all_late < MIN_LATE or now_s - self._warned_s.get(source, now_s - WARN_EVERY_S) < WARN_EVERY_S:
            return
        self._counts[source] = 0, 0
        if all_late * 2 >= all_events:
            self._warned_s[source] = now_s
            _log.warning(
                "source %s: %d of %d events came more than %d s after they occurred, so no command follows from them; "
                "let the sender send each event at once (Segment's libraries: flushAt 1)",
                source,
                all_late,
                all_events,
                LATE_MS // 1000,
            )
