"""Reads the ended sessions of a training range from features.v1, at once or beside other work."""

from collections.abc import Callable

from infra.kafka.connection import Kafka
from infra.kafka.reading import Partition, Record, TopicReader
from models.feature_stream.drift_ranges import MAX_REFERENCE_ROWS
from schemas.features import FeatureRow
from schemas.topics import FEATURES

Decode = Callable[[Record], FeatureRow | None]


class ReferenceRows:
    """`rows` are the sessions that ended within the range (event time, both ends included): all of them, or every n-th of many,
    so that a busy day fits into memory. All calls but `close` may raise `StreamError`."""

    def __init__(self, kafka: Kafka, range_ms: tuple[int, int], decode: Decode) -> None:
        """`decode` returns the row of a record, None for one that is none."""
        self._from_ms, self._until_ms = range_ms
        self._decode = decode
        self._reader = TopicReader(kafka, FEATURES.name)
        self._ends = self._reader.offsets_at(self._until_ms + 1)
        self._reader.seek_to_time(self._from_ms)
        self._left = self._behind()
        """Partitions of which not all has been read."""
        self.rows: list[FeatureRow] = []
        self._step, self._seen = 1, 0

    @property
    def is_complete(self) -> bool:
        """Whether all has been read that was written within the range."""
        return not self._left

    def read(self) -> None:
        """Reads the whole range."""
        # Of a range in which nothing was written there is nothing to wait for.
        for record in self._reader.read_to_end(quiet_s=0.0) if self._left else ():
            self._take(record)
            if self.is_complete:
                return

    def poll(self) -> None:
        """Reads on, without waiting."""
        for record in self._reader.poll(0.0):
            self._take(record)
        # A partition may end with records of control, which are not returned.
        self._left = self._behind()

    def close(self) -> None:
        self._reader.close()

    def _behind(self) -> set[Partition]:
        at = self._reader.positions
        return {each for each, end in self._ends.items() if at.get(each, 0) < end}

    def _take(self, record: Record) -> None:
        place = record.topic, record.partition
        end = self._ends[place]
        if record.offset + 1 >= end:
            self._left.discard(place)
        row = self._decode(record) if record.offset < end else None
        if row is None or row.kind != "session_end" or not self._from_ms <= row.window_end_ms <= self._until_ms:
            return
        if self._seen % self._step == 0:
            self.rows.append(row)
        self._seen += 1
        if len(self.rows) >= 2 * MAX_REFERENCE_ROWS:
            del self.rows[1::2]
            self._step *= 2
