"""The segment contract (segments.v1): groups of readers that behave alike, each with its centre, size and name in words."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.events import Short

MAX_SEGMENTS = 32
"""Segments in force at a time."""

Share = Annotated[float, Meta(ge=0.0, le=1.0)]


class Trait(Struct):
    """A feature that tells a segment from all readers. `usual` is the mean over all of them, in the same unit."""

    feature: str
    direction: Literal["low", "high"]
    value: float
    usual: float
    unit: str


class Segment(Struct):
    """A group of readers. Its id is kept as long as most of its members stay; an id that has gone never comes back.

    A row belongs to the segment with the least sum of ((value - centroid) / spread) squared over the features that the row
    knows. `centroid` and `spread` are in the features' own units, and `spread` is the same in all segments of a version, which
    counts the refreshes. `size` is the number of rows among the latest that the refresh looked at, `share` the same as a part
    of them. `stability` is the share of members (Jaccard) kept since the refresh before, null for a new segment. `parents` are
    the segments that it was split from or merged of.
    """

    segment_id: Short
    version: int
    name: str
    centroid: dict[str, float]
    size: int
    stability: Share | None
    parents: list[str]
    at_ms: int
    spread: dict[str, float]
    share: Share
    traits: list[Trait] = []
