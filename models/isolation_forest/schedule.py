"""Assigns refits of a forest to windows by event time, so that a replay assigns the same."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RefitSchedule:
    """A forest is fitted at the end of every epoch and used from `lead_ms` later on.

    The lead gives the refit time to arrive: live it takes a fraction of a second, in a replay a thousand times faster than life
    the same fraction is minutes of event time.
    """

    every_ms: int
    lead_ms: int

    @property
    def enabled(self) -> bool:
        return self.every_ms > 0

    def epoch_at(self, window_end_ms: int) -> int:
        """Returns the epoch whose forest scores that window."""
        return (window_end_ms - self.lead_ms) // self.every_ms

    def oldest_epoch(self, watermark: int) -> int:
        """Returns the oldest epoch that may still score a window once event time is `watermark`: one more than need be, since
        the windows of a silence are judged when it ends."""
        return self.epoch_at(watermark) - 1 if self.enabled else 0

    def boundary_ms(self, epoch: int) -> int:
        """Returns the event time up to which windows go into the forest of `epoch`."""
        return epoch * self.every_ms

    def first_epoch(self, window_end_ms: int) -> int:
        """Returns the first epoch whose forest may be fitted to that window."""
        return -(-window_end_ms // self.every_ms)
