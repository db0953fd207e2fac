"""Segments as they stand on segments.v1."""

from typing import Any

import msgspec

from schemas.segments import Segment


def segment_record(segment_id: str, engaged_ms: float, name: str = "some readers", **changed: Any) -> tuple[str, str]:
    """Key and body of a segment whose readers are engaged for so long a minute."""
    segment = Segment(
        segment_id=segment_id,
        version=1,
        name=name,
        centroid={"engaged_ms": engaged_ms},
        size=100,
        stability=None,
        parents=[],
        at_ms=0,
        spread={"engaged_ms": 0.3},
        scales={"engaged_ms": 5_000.0},
        share=0.5,
        next_id=9,
    )
    return segment_id, msgspec.json.encode(msgspec.structs.replace(segment, **changed)).decode()
