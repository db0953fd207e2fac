"""The segment contract (segments.v1): groups of readers that behave alike, each with its centre, size and name in words."""

from typing import Annotated, Final, Literal, get_args

from msgspec import Meta, Struct

from schemas.events import Short
from schemas.features import MAX_LOGGED_NUMBER, Number
from schemas.model_cards import MAX_VERSION

MAX_SEGMENTS = 32
"""Segments in force at a time."""

SegmentKind = Literal["mobile_short_attention", "expert"]
"""What rules can name before any segment is learnt."""

SEGMENT_KINDS: Final[tuple[SegmentKind, ...]] = get_args(SegmentKind)

Spread = Annotated[float, Meta(gt=0.0, le=MAX_LOGGED_NUMBER)]
Count = Annotated[int, Meta(ge=0, le=MAX_VERSION)]
"""A whole number that every reader of JSON keeps exactly."""

Share = Annotated[float, Meta(ge=0.0, le=1.0)]


class Trait(Struct):
    """A feature that tells a segment from all readers. `usual` is the mean over all of them, in the same unit."""

    feature: str
    direction: Literal["low", "high"]
    value: Number
    usual: Number
    unit: str


class Usual(Struct):
    """What a feature comes to in a minute of the segment's readers. `minutes` is how many it rests on; older ones count less."""

    mean: Number
    deviation: Annotated[float, Meta(ge=0.0, le=MAX_LOGGED_NUMBER)]
    minutes: Annotated[float, Meta(ge=1.0, le=MAX_LOGGED_NUMBER)]


class Segment(Struct):
    """A group of readers. Its id is kept as long as most of its members stay; an id that has gone never comes back.

    A row belongs to the segment with the least sum of ((f(value) - f(centroid)) / spread) squared over the features that the
    row knows; f is log(1 + value / scale) for a feature with a scale in `scales`, else nothing. `centroid` is in the features'
    own units; what no reader's row knows is not in it. `spread` and `scales` are the same in all segments of a version, which
    counts the refreshes.

    `size` is the number of rows among the latest that the refresh looked at, `share` the same as a part of them. `stability`
    is the share of members (Jaccard) kept since the refresh before, null for a new segment. `parents` are the segments that it
    was split from or merged of. `next_id` is the number of the next new segment, so that whoever goes on uses no id again.
    `kind` is null where the segment is none of those that rules can name beforehand. `usual` holds what rules compare a reader
    with (`against: segment`), by the windows of those whom the job had placed in the segment; they were `readers`. Empty and 0
    before.
    """

    segment_id: Short
    version: Count
    name: str
    centroid: dict[str, Number]
    size: Count
    stability: Share | None
    parents: list[str]
    at_ms: Count
    spread: dict[str, Spread]
    scales: dict[str, Spread]
    share: Share
    next_id: Count
    traits: list[Trait] = []
    kind: SegmentKind | None = None
    usual: dict[str, Usual] = {}
    readers: Count = 0


def has_spreads(segment: Segment) -> bool:
    """Whether there is a spread for each feature of the centre. The job refuses a segment that lacks one; nobody can place it."""
    return segment.centroid.keys() <= segment.spread.keys()
