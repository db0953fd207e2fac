"""Kinds of segments that shipped rules name: ids are not known before segments are learnt."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from models.segments.columns import Column
from models.segments.names import TELLING
from schemas.segments import SegmentKind

Side = Literal["low", "high"]

MOST: Final = 0.5
"""Share of a segment's readers from which a column of 0 or 1 counts as theirs."""

KINDS: Final[Mapping[SegmentKind, tuple[tuple[str, Side], ...]]] = {
    "mobile_short_attention": (("mobile", "high"), ("engaged_ms", "low")),
    "expert": (("engaged_ms", "high"), ("scroll_depth", "high"), ("rapid_exits", "low")),
}
"""What must be true of a segment: a column of 0 or 1 holds for most of its readers; any other is far from the mean of all. The
last condition of experts is true as well where hardly anyone leaves at once."""

_NEVER_TOO_MANY: Final = frozenset({"rapid_exits"})
"""Columns that must only not be on the other side."""


def kind_of(
    columns: Sequence[Column], centre: Sequence[float], usual: Sequence[float], spread: Sequence[float]
) -> SegmentKind | None:
    """The first kind whose conditions all hold. All numbers are scaled; a column that is not there holds nowhere."""
    places = {column.name: index for index, column in enumerate(columns)}
    for kind, conditions in KINDS.items():
        if all(
            name in places and _holds(columns, places[name], side, centre, usual, spread) for name, side in conditions
        ):
            return kind
    return None


def _holds(
    columns: Sequence[Column],
    index: int,
    side: Side,
    centre: Sequence[float],
    usual: Sequence[float],
    spread: Sequence[float],
) -> bool:
    if columns[index].context is not None:
        return (centre[index] > MOST) == (side == "high")
    apart = (centre[index] - usual[index]) / spread[index] * (1.0 if side == "high" else -1.0)
    return apart > -TELLING if columns[index].name in _NEVER_TOO_MANY else apart >= TELLING
