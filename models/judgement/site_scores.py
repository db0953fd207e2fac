"""Registry of the site's scores: which one a window of a session knows."""

from typing import Final

from models.epochs import NO_WATERMARK, EpochValues
from models.isolation_forest.schedule import RefitSchedule
from models.judgement.messages import SiteScore
from models.judgement.site_stream import MINUTE_MS

LEAD_MS: Final = 60_000
"""Time after the end of a minute from which windows know its score: it takes that long to arrive in a fast replay."""

SITE_SCHEDULE: Final = RefitSchedule(MINUTE_MS, LEAD_MS)
NO_SITE_SCORES: Final = RefitSchedule(0, 0)

_NONE: Final = (-1, None)


class SiteScores:
    """The scores of the latest minutes. A window knows that of the minute that ended one to two minutes before it, or none."""

    def __init__(self, schedule: RefitSchedule = SITE_SCHEDULE) -> None:
        self._schedule = schedule
        self._scores: EpochValues[tuple[int, float | None]] = EpochValues(schedule, _NONE)

    def on_message(self, message: SiteScore, watermark: int = NO_WATERMARK) -> None:
        """Registers a score. Those that no window after `watermark` needs are dropped."""
        self._scores.add(message.epoch, (message.epoch, message.score), watermark)

    def oldest_epoch(self, watermark: int) -> int:
        """Returns the oldest epoch that windows after that watermark may need."""
        return self._schedule.oldest_epoch(watermark)

    def is_pending(self, window_end_ms: int) -> bool:
        """Whether the score that the window knows may still be under way."""
        return self._scores.lookup(window_end_ms) == "pending"

    def resolve(self, window_end_ms: int) -> float | None:
        """Returns the score that the window knows, once no other can be under way."""
        epoch, score = self._scores.resolve(window_end_ms)
        return score if self._schedule.enabled and epoch == self._schedule.epoch_at(window_end_ms) else None
