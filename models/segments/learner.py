"""Learns segments from a stream of rows: seeds them, moves them batch by batch, and publishes them at each refresh."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from models.segments.columns import COLUMNS, Column, least_known
from models.segments.grouping import grouped
from models.segments.micro_clusters import MICRO_CLUSTERS, moved
from models.segments.mini_batch import Centroids, Floats, as_rows, decay_of, nearest, updated
from models.segments.publishing import Publisher, Refresh
from models.segments.refresh import Groups, refreshed
from models.segments.seeding import seeded
from schemas.segments import Segment

SAMPLE_ROWS: Final = 2_000
"""The latest rows, by which sizes, members and valleys are told."""


@dataclass(frozen=True, slots=True)
class LearningOptions:
    """`segments` is the number to begin with, None to find it. The centres remember half of the rows of
    `half_life_batches` batches of `batch_rows`."""

    segments: int | None = None
    warm_up_rows: int = 1_000
    batch_rows: int = 100
    half_life_batches: float = 10.0
    refresh_rows: int = 1_000
    seed: int = 0


DEFAULTS: Final = LearningOptions()


class SegmentLearner:
    """Depends on nothing but its options, the rows and their order.

    `previous` are the segments of segments.v1, whose ids go on where the learner itself begins anew.
    """

    def __init__(
        self,
        options: LearningOptions = DEFAULTS,
        columns: Sequence[Column] = COLUMNS,
        previous: Sequence[Segment] = (),
    ) -> None:
        self.options = options
        self.publisher = Publisher(columns, previous)
        self._floors = as_rows([column.floor for column in columns])
        self._least_known = least_known(len(columns))
        self._decay = decay_of(options.half_life_batches)
        self.groups: Groups | None = None
        self.micro: Centroids | None = None
        self.sample: list[list[float]] = []
        self.waiting: list[list[float]] = []
        """Rows since the last batch; before the first refresh, all rows."""
        self.since_refresh = 0

    def add(self, row: Sequence[float], at_ms: int) -> Refresh | None:
        """Takes in a row of scaled values (NaN where unknown). Returns the segments whenever they have been refreshed.

        A row with fewer known values than readers need for a segment is left out.
        """
        if sum(value == value for value in row) < self._least_known:
            return None
        self.waiting.append(list(row))
        if self.groups is None:
            if len(self.waiting) < self.options.warm_up_rows:
                return None
            self._begin()
        else:
            if len(self.waiting) < self.options.batch_rows:
                return None
            self._learn()
            if self.since_refresh < self.options.refresh_rows:
                return None
            assert self.micro is not None
            self.groups = refreshed(self.groups, self.micro, as_rows(self.sample), self._floors)
        assert self.groups is not None
        self.since_refresh = 0
        return self.publisher.publish(self.groups, as_rows(self.sample), at_ms)

    def assign(self, rows: Floats) -> list[str]:
        """The segment of each row, by the segments published last; there must be some."""
        known = self.publisher.known
        assert known is not None
        return [known.ids[index] for index in nearest(rows / known.spread, known.points / known.spread)]

    def _begin(self) -> None:
        rows = as_rows(self.waiting)
        grouping = grouped(rows, self.options.segments, self._floors, self.options.seed)
        count = len(grouping.centroids)
        self.groups = Groups(grouping.centroids, grouping.spread, tuple(range(count)), ((),) * count, count)
        micro = seeded(rows / grouping.spread, MICRO_CLUSTERS, self.options.seed, restarts=1)
        self.micro = Centroids(micro.points * grouping.spread, micro.weights)
        self._keep()

    def _learn(self) -> None:
        assert self.groups is not None
        assert self.micro is not None
        rows, spread = as_rows(self.waiting), self.groups.spread
        assigned = nearest(rows / spread, self.groups.centroids.points / spread)
        self.groups = replace(self.groups, centroids=updated(self.groups.centroids, rows, assigned, self._decay))
        self.micro = moved(self.micro, rows, spread, self._decay)
        self.since_refresh += len(rows)
        self._keep()

    def _keep(self) -> None:
        self.sample = (self.sample + self.waiting)[-SAMPLE_ROWS:]
        self.waiting = []
