"""Orders rows by event time: minutes that are over, each with its rows in a fixed order."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from schemas.features import FeatureRow

MINUTE_MS: Final = 60_000
LATENESS_MS: Final = 30_000
"""How long a minute waits for rows of slower partitions after the newest row seen has passed its end."""


@dataclass(slots=True)
class Minutes:
    """Partitions are read in no order; whatever that order, the same rows come out alike. Rows of a minute that is over are
    counted and left out."""

    open: dict[int, list[FeatureRow]] = field(default_factory=dict)
    """By the end of the minute."""
    newest_ms: int = 0
    closed_ms: int = 0
    late: int = 0

    def add(self, row: FeatureRow) -> Iterator[tuple[int, list[FeatureRow]]]:
        """Takes in a row; yields the minutes that are over with it, oldest first."""
        end_ms = -(-row.window_end_ms // MINUTE_MS) * MINUTE_MS
        if end_ms <= self.closed_ms:
            self.late += 1
            return
        self.open.setdefault(end_ms, []).append(row)
        self.newest_ms = max(self.newest_ms, row.window_end_ms)
        yield from self._over(self.newest_ms - LATENESS_MS)

    def flush(self) -> Iterator[tuple[int, list[FeatureRow]]]:
        """Yields what is left, for a recording that has ended."""
        yield from self._over(max(self.open, default=0))

    def _over(self, until_ms: int) -> Iterator[tuple[int, list[FeatureRow]]]:
        for end_ms in sorted(end for end in self.open if end <= until_ms):
            rows = self.open.pop(end_ms)
            self.closed_ms = end_ms
            yield end_ms, sorted(rows, key=lambda row: (row.window_end_ms, row.session_id, row.kind))
