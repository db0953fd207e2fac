"""Computes the windows of a recording in plain Python: rows to train models from, and the reference for the SQL."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from schemas.events import FAST_TYPES, RECOMMENDED, Event

NAN: Final = float("nan")
SLICE_MS: Final = 10_000
WINDOW_MS: Final = 60_000
PASSIVE_TYPES: Final = ("heartbeat", "context", "page_hide")
"""Events that happen without the reader doing anything."""


@dataclass
class Slice:
    """Ten seconds of one reader on one content item."""

    events: list[Event] = field(default_factory=list)
    gestures: dict[str, Event] = field(default_factory=dict)
    repeats: int = 0

    def add(self, event: Event) -> None:
        if event.type not in FAST_TYPES:
            self.events.append(event)
            return
        self.repeats += event.event_id in self.gestures
        self.gestures.setdefault(event.event_id, event)


Slices = Mapping[int, Mapping[tuple[str, str | None], Slice]]
"""Cells by beginning, then by session and content."""


def slices_of(events: Iterable[Event]) -> Slices:
    slices: dict[int, dict[tuple[str, str | None], Slice]] = defaultdict(lambda: defaultdict(Slice))
    for event in events:
        slices[event.occurred_at_ms // SLICE_MS * SLICE_MS][event.session_id, event.content_id].add(event)
    return slices


def windows(slices: Slices, until_ms: int) -> Iterator[tuple[int, list[tuple[str, str | None, Slice]]]]:
    """Yields (end, cells) of every window that holds anything and has ended."""
    ends = sorted({start + WINDOW_MS - shift for start in slices for shift in range(0, WINDOW_MS, SLICE_MS)})
    for end in ends:
        starts = [start for start in range(end - WINDOW_MS, end, SLICE_MS) if start in slices]
        cells = [(*key, slices[start][key]) for start in starts for key in slices[start]]
        if cells and end - 1 <= until_ms:
            yield end, cells


def total(events: Iterable[Event], kind: str) -> int:
    """Sums the values of the events of that type, as whole numbers."""
    return sum(int(event.value or 0) for event in events if event.type == kind)


@dataclass
class SessionMinute:
    """One session in one window. `values` by feature; NaN is unknown."""

    values: dict[str, float]
    events: list[Event]
    engaged: dict[str, int]
    main_type: str | None
    content_id: str | None


def session_minute(cells: list[tuple[str | None, Slice]], end: int) -> SessionMinute:
    """Computes what one session did in the window that ends at `end`; without cells, a silent window."""
    signals = [event for _, cell in cells for event in cell.events]
    firsts = [event for _, cell in cells for event in cell.gestures.values()]
    events = signals + firsts
    clicks = [event for event in firsts if event.type == "click"]
    chosen = [event for event in clicks if event.placement == RECOMMENDED]
    deepest, travelled, scrolling, active = [], [], [], 0
    engaged: dict[str, int] = defaultdict(int)
    best: list[tuple[int, str]] = []
    for _, cell in cells:
        depths = [
            int(event.value * 10000) for event in cell.events if event.type == "scroll" and event.value is not None
        ]
        times = [event.occurred_at_ms for event in cell.events if event.type == "scroll"]
        if depths:
            deepest.append(max(depths))
            travelled.append(max(depths) - min(depths))
        if times:
            scrolling.append(max(times) - min(times))
        if cell.events:
            every = [event.occurred_at_ms for event in cell.events]
            active += max(every) - min(every)
        kind = max((event.content_type for event in cell.events if event.content_type is not None), default=None)
        if (ms := total(cell.events, "heartbeat")) > 0:
            best.append((ms, kind or ""))
            engaged[kind or ""] += ms
    acted = [event.occurred_at_ms for event in events if event.type not in PASSIVE_TYPES]
    at = [(max(e.occurred_at_ms for e in (*cell.events, *cell.gestures.values())), content) for content, cell in cells]
    named = [(last, content) for last, content in at if content is not None]
    left = [event for event in signals if event.type == "page_hide"]
    values = {
        "clicks": len(clicks),
        "recommended_clicks": len(chosen),
        "click_rate": len(clicks),
        "recommended_click_rate": len(chosen),
        "scroll_depth": max(deepest) / 1e4 if deepest else NAN,
        "scroll_speed": sum(travelled) * 6.0 / max(sum(scrolling), 1000) if travelled else NAN,
        "hover_ms": total(signals, "hover"),
        "pointer_path_px": total(signals, "move"),
        "engaged_ms": total(signals, "heartbeat"),
        "session_duration_ms": active,
        "pages": sum(event.type == "page_view" for event in signals),
        "rapid_exits": sum(event.value is not None and event.value <= 10_000 for event in left),
        "idle_ms": end - max(acted) if acted else WINDOW_MS,
    }
    main = max(best)[1] or None if best else None
    return SessionMinute(
        {k: float(v) for k, v in values.items()}, events, dict(engaged), main, max(named)[1] if named else None
    )
