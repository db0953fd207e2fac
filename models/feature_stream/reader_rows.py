"""One row a minute of each reader: the means over the latest windows, as the adjust job forms them to place readers."""

from collections.abc import Iterator, Sequence
from typing import Final

from models.segments.columns import COLUMNS, Column, row_of
from models.segments.reader import FIRST_ROWS, means_after
from schemas.features import FeatureRow

FORGET_MS: Final = 1_800_000
"""Event time after which a reader who shows nothing is forgotten: a session ends by then."""

MAX_READERS: Final = 100_000
"""Beyond it readers are forgotten whose last row is oldest: about 50 MB."""


class ReaderRows:
    """Windows of a minute share most of their seconds: their mean is one thing learnt about the reader, not six."""

    def __init__(self, columns: Sequence[Column] = COLUMNS) -> None:
        self._columns = tuple(columns)
        self._readers: dict[str, tuple[list[float | None], int, int]] = {}
        """Means, windows and the time of the last one, by session; those seen last at the end."""

    def __len__(self) -> int:
        return len(self._readers)

    def minute(self, end_ms: int, rows: Sequence[FeatureRow]) -> Iterator[list[float]]:
        """The rows to learn from, of all readers with a window in this minute, by session."""
        seen = set()
        for row in rows:
            if row.kind == "session_end":
                self._readers.pop(row.session_id, None)
                seen.discard(row.session_id)
                continue
            means, count, _ = self._readers.pop(row.session_id, ([], 0, 0))
            values = row_of(self._columns, row.features, row.context)
            self._readers[row.session_id] = (means_after(means, count + 1, values), count + 1, row.window_end_ms)
            seen.add(row.session_id)
        for session_id in sorted(seen):
            means, count, _ = self._readers[session_id]
            if count >= FIRST_ROWS:
                yield [float("nan") if mean is None else mean for mean in means]
        self._forget(end_ms)

    def _forget(self, end_ms: int) -> None:
        for session_id in list(self._readers):
            if len(self._readers) <= MAX_READERS and self._readers[session_id][2] > end_ms - FORGET_MS:
                break
            del self._readers[session_id]
