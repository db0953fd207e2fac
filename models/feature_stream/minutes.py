"""Orders rows by event time: minutes that are over, each with its rows in a fixed order."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from schemas.features import FeatureRow

MINUTE_MS: Final = 60_000
LATENESS_MS: Final = 30_000
"""How long a minute waits for rows that are out of order within a partition."""

IDLE_MS: Final = 300_000
"""Event time that a partition may lie behind the newest row before minutes no longer wait for it: nobody may be on it. After an
outage, the job works off minutes within a second, and partitions come apart by as much."""


@dataclass(slots=True)
class Minutes:
    """Partitions are read in no order; whatever that order, the same rows come out alike. Rows of a minute that is over are
    counted and left out.

    While old rows are read, one partition may be read long before another: a minute then waits for all those `behind`.
    """

    open: dict[int, list[FeatureRow]] = field(default_factory=dict)
    """By the end of the minute."""
    newest_ms: dict[int, int] = field(default_factory=dict)
    """By partition."""
    behind: set[int] = field(default_factory=set)
    """Partitions that have not been read to where they ended at the beginning."""
    closed_ms: int = 0
    late: int = 0

    def add(self, row: FeatureRow, partition: int = 0) -> Iterator[tuple[int, list[FeatureRow]]]:
        """Takes in a row; yields the minutes that are over with it, oldest first."""
        end_ms = -(-row.window_end_ms // MINUTE_MS) * MINUTE_MS
        if end_ms <= self.closed_ms:
            self.late += 1
            return
        self.open.setdefault(end_ms, []).append(row)
        self.newest_ms[partition] = max(self.newest_ms.get(partition, 0), row.window_end_ms)
        if self.behind:
            reached_ms = min(self.newest_ms.get(each, 0) for each in self.behind)
        else:
            newest_ms = max(self.newest_ms.values())
            reached_ms = min(each for each in self.newest_ms.values() if each > newest_ms - IDLE_MS)
        yield from self._over(reached_ms - LATENESS_MS)

    def flush(self) -> Iterator[tuple[int, list[FeatureRow]]]:
        """Yields what is left, for a recording that has ended."""
        yield from self._over(max(self.open, default=0))

    def _over(self, until_ms: int) -> Iterator[tuple[int, list[FeatureRow]]]:
        for end_ms in sorted(end for end in self.open if end <= until_ms):
            # With delivery at least once a row may come again.
            rows = {(row.window_end_ms, row.session_id, row.kind): row for row in self.open.pop(end_ms)}
            self.closed_ms = end_ms
            yield end_ms, [rows[key] for key in sorted(rows)]
