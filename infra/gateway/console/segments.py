"""Describes the segments for the console: map, sizes over time, what tells them apart, who moved."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from infra.gateway.console.recent_rows import RecentRows, SeenRow
from infra.gateway.settings import Settings
from infra.kafka.topic_scan import scan_latest
from models.segments.map_axes import principal_axes
from models.segments.telling import telling_features
from schemas.segments import Segment, has_spreads
from schemas.topics import SEGMENTS
from schemas.unreadable import UNREADABLE

RECORDS_BACK: Final = 20_000
MAX_VERSIONS: Final = 120
"""Versions of which sizes are given, the newest."""

MAX_TELLING: Final = 5

_decode: Final = msgspec.json.Decoder(Segment).decode


def describe_segments(settings: Settings, rows: RecentRows) -> dict[str, Any]:
    """Returns the answer of ``GET /console/api/segments``. Raises `StreamError`."""
    in_force, history = _read(settings)
    windows = rows.windows() if in_force else []
    return {**segments_of(in_force, history), **moves_of(windows)}


def _read(settings: Settings) -> tuple[list[Segment], list[Segment]]:
    """The segments in force, largest first, and all records that the topic still holds, oldest first."""
    newest: dict[bytes, Segment] = {}
    history = []
    # One partition: its order is that of time.
    for record in scan_latest(settings.kafka, [settings.topic(SEGMENTS.name)], RECORDS_BACK, lambda _: True):
        newest.pop(record.key or b"", None)
        if record.value is None:
            continue
        try:
            segment = _decode(record.value)
        except UNREADABLE:
            continue
        if not has_spreads(segment):
            continue
        newest[record.key or b""] = segment
        history.append(segment)
    return sorted(newest.values(), key=lambda each: (-each.size, each.segment_id)), history


def segments_of(in_force: Sequence[Segment], history: Iterable[Segment]) -> dict[str, Any]:
    """Map, sizes and names of segments."""
    by_version: dict[int, dict[str, Segment]] = {}
    for each in history:
        by_version.setdefault(each.version, {})[each.segment_id] = each
    versions = sorted(by_version)[-MAX_VERSIONS:]
    names = {each.segment_id: each.name for version in versions for each in by_version[version].values()}
    places, words = principal_axes(in_force) if in_force else ([], ("", ""))
    return {
        "axes": words,
        "segments": [
            {
                "segment_id": each.segment_id,
                "name": each.name,
                "kind": each.kind,
                "share": each.share,
                "rows": each.size,
                "stability": each.stability,
                "parents": each.parents,
                "version": each.version,
                "at_ms": each.at_ms,
                "place": place,
                "telling": telling_features(each, in_force)[:MAX_TELLING],
            }
            for each, place in zip(in_force, places, strict=True)
        ],
        "names": names,
        "history": [
            {
                "version": version,
                "at_ms": max(each.at_ms for each in by_version[version].values()),
                "shares": {each.segment_id: each.share for each in by_version[version].values()},
            }
            for version in versions
        ],
    }


def moves_of(windows: Sequence[SeenRow]) -> dict[str, Any]:
    """Counts readers who moved from one segment to another, in the newest windows of the feature log."""
    last: dict[str, str] = {}
    moved: set[tuple[str, str, str]] = set()
    for row in windows:
        if row.segment is None:
            continue
        before = last.get(row.session_id)
        if before is not None and before != row.segment:
            moved.add((row.session_id, before, row.segment))
        last[row.session_id] = row.segment
    counts = Counter((before, after) for _, before, after in moved)
    return {
        "moves": [
            {"from": before, "to": after, "readers": readers}
            for (before, after), readers in sorted(counts.items(), key=lambda each: (-each[1], each[0]))
        ],
        "seen": {
            "windows": len(windows),
            "readers": len({row.session_id for row in windows}),
            "placed": len(last),
            "since_ms": windows[0].window_end_ms if windows else None,
            "until_ms": windows[-1].window_end_ms if windows else None,
        },
    }
