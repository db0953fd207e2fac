"""A reader's segment: nearest to what the reader does over several minutes, and kept until another is clearly nearer."""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from models.segments.columns import COLUMNS, Column, least_known, row_of, scaled
from schemas.segments import Segment, Usual

HALF_LIFE_ROWS: Final = 18
"""Windows of which a reader's means remember half: three minutes, at a window every ten seconds."""

FIRST_ROWS: Final = 3
"""Windows before a reader has a segment."""

AGREEING_ROWS: Final = 3
"""Windows in a row for which another segment must be clearly nearer."""

CLEARLY_NEARER: Final = 0.8
"""Of two distances: a reader half-way between two segments stays in the one that he is in."""

MIN_SEGMENT_READERS: Final = 20
"""Readers of a segment below which nobody is compared with it: one of them is a twentieth of what is usual."""

DIGITS: Final = 4
"""Of a mean behind the point, on the columns' scales: the least spread is five hundred times that, and state is short."""

_UPDATE: Final = 1.0 - 0.5 ** (1.0 / HALF_LIFE_ROWS)


def _squared_distance(
    values: Sequence[float | None], places: Sequence[tuple[float, float] | None], columns: int
) -> float | None:
    """The squared distance in spreads of a reader to a centre (value and spread by column); None where both know too little.

    The mean square over the columns that both know, times the number of `columns` by which segments are told: a sum would make
    a segment of which less is known nearer to everybody.
    """
    total, shared = 0.0, 0
    for value, place in zip(values, places, strict=True):
        if value is not None and place is not None:
            distance = (value - place[0]) / place[1]
            # Not `** 2`, which raises where the square is too large: a far centre is far, and no reason to stop.
            total += distance * distance
            shared += 1
    return None if shared < max(1, least_known(columns)) else total * (columns / shared)


class ReaderState(Struct, array_like=True, omit_defaults=True):
    """What is kept of a reader: means over the latest windows (None where never known), and the segment with its rival."""

    means: list[float | None] = []
    rows: int = 0
    segment: str | None = None
    rival: str | None = None
    agreed: int = 0


def means_after(means: Sequence[float | None], rows: int, values: Sequence[float]) -> list[float | None]:
    """The means after a window, the reader's `rows`-th. An unknown value (NaN) leaves its mean as it was.

    >>> means_after([1.0, None], 2, [3.0, float("nan")])
    [2.0, None]
    """
    before = means if len(means) == len(values) else [None] * len(values)
    weight = max(1.0 / rows, _UPDATE)
    return [
        mean if value != value else round(value if mean is None else mean + weight * (value - mean), DIGITS)
        for mean, value in zip(before, values, strict=True)
    ]


class SegmentsInForce:
    """The segments by which readers are placed. Plain lists: a dozen numbers are too few for arrays.

    Columns that the segments have and this code does not know, or scales otherwise, are left out, as unknown values are.
    """

    def __init__(self, segments: Sequence[Segment], columns: Sequence[Column] = COLUMNS) -> None:
        self.columns = tuple(columns)
        self._centroids = {
            each.segment_id: [
                (scaled(each.centroid[column.name], each.scales.get(column.name)), each.spread[column.name])
                if column.name in each.centroid and each.scales.get(column.name) == column.scale
                else None
                for column in columns
            ]
            for each in sorted(segments, key=lambda each: each.segment_id)
        }
        self._known = sum(any(places) for places in zip(*self._centroids.values(), strict=True))
        """Columns that any of the segments knows."""
        self.kinds = {each.segment_id: each.kind for each in segments if each.kind is not None}
        """Of the segments that are of a kind, by id."""
        self.usual: dict[str, dict[str, Usual]] = {
            each.segment_id: each.usual for each in segments if each.readers >= MIN_SEGMENT_READERS
        }
        """Of the segments with enough readers, by id: what is usual in a minute, by feature."""

    def __len__(self) -> int:
        return len(self._centroids)

    def squared_distances(self, values: Sequence[float | None]) -> dict[str, float]:
        """The squared distance by segment, in spreads; without the segments that share too few known columns with the reader."""
        found = {each: _squared_distance(values, places, self._known) for each, places in self._centroids.items()}
        return {each: distance for each, distance in found.items() if distance is not None}

    def after(
        self, state: ReaderState, features: Mapping[str, float | None], context: Mapping[str, str | None]
    ) -> ReaderState:
        """The reader's state after a window."""
        values = row_of(self.columns, features, context)
        rows = state.rows + 1
        means = means_after(state.means, rows, values)
        return self._placed(ReaderState(means, rows, state.segment, state.rival, state.agreed))

    def _placed(self, state: ReaderState) -> ReaderState:
        if not self._centroids or state.rows < FIRST_ROWS:
            return state
        distances = self.squared_distances(state.means)
        if not distances:
            state.segment, state.rival, state.agreed = None, None, 0
            return state
        nearest = min(distances, key=lambda each: (distances[each], each))
        current = distances.get(state.segment or "")
        if current is None:
            state.segment, state.rival, state.agreed = nearest, None, 0
        elif nearest == state.segment or distances[nearest] > CLEARLY_NEARER**2 * current:
            state.rival, state.agreed = None, 0
        else:
            state.agreed = state.agreed + 1 if nearest == state.rival else 1
            state.rival = nearest
            if state.agreed >= AGREEING_ROWS:
                state.segment, state.rival, state.agreed = nearest, None, 0
        return state
