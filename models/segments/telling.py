"""Tells segments apart: in which features a segment differs most from all readers."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.segments.columns import COLUMNS, Column, scaled
from schemas.segments import Segment


@dataclass(frozen=True, slots=True)
class Telling:
    """One feature of a segment's centre beside the mean of all readers. `apart` is the difference, in spreads."""

    feature: str
    value: float
    usual: float
    apart: float
    unit: str


def telling_features(segment: Segment, segments: Sequence[Segment]) -> list[Telling]:
    """Returns the features of the centre, most telling first. `segments` are all of the version."""
    known = {column.name: column for column in COLUMNS}
    total = sum(each.share for each in segments) or 1.0
    found = []
    for name, value in segment.centroid.items():
        # Of another release's columns only the scale is known.
        column = known.get(name) or Column(name, "", f"low {name}", f"high {name}", 1.0, name, segment.scales.get(name))
        mean = sum(column.scaled(each.centroid.get(name, value)) * each.share for each in segments) / total
        apart = (scaled(value, segment.scales.get(name)) - mean) / segment.spread[name]
        found.append(Telling(name, value, column.unscaled(mean), apart, column.unit))
    return sorted(found, key=lambda each: (-abs(each.apart), each.feature))
