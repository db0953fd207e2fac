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


def total(events: Iterable[Event], kind: str, limit: float = float("inf")) -> int:
    """Sums the values of the events of one type, each as a whole number and no more than `limit`."""
    return sum(int(min(event.value or 0, limit)) for event in events if event.type == kind)


@dataclass
class SessionMinute:
    """One session in one window; `udfs.crossing_rows.SessionWindow` says what the fields are."""

    end_ms: int
    values: dict[str, float]
    wholes: dict[str, int]
    events: list[Event]
    main_type: str | None
    content_id: str | None
    first_ms: int
    newest_first_ms: int
    acted_first_ms: int | None
    interacted_ms: int | None
    last_ms: int
    hidden_ms: int | None
    page_depth: float
    opened: str | None
    active_slices: int


def session_minute(cells: list[tuple[str | None, Slice]], end: int) -> SessionMinute:
    """Computes what one session did in the window that ends at `end`; without cells, a silent window."""
    signals = [event for _, cell in cells for event in cell.events]
    triggers = [event for _, cell in cells for event in cell.gestures.values()]
    events = signals + triggers
    clicks = [event for event in triggers if event.type == "click"]
    left = [event for event in signals if event.type == "page_hide" and event.value is not None]
    scrolls = [event for event in signals if event.type == "scroll"]
    deepest, scrolled, scrolling_ms = [], 0, 0
    pages: list[tuple[int, int]] = []
    for _, cell in cells:
        moved = [event for event in cell.events if event.type == "scroll"]
        depths = [int(event.value * 10_000) for event in moved if event.value is not None]
        times = [event.occurred_at_ms for event in moved]
        scrolled += max(sum(map(_distance, moved)), max(depths) - min(depths) if depths else 0)
        scrolling_ms += max(times) - min(times) if times else 0
        deepest += depths
        if cell.events:
            pages.append((max(event.occurred_at_ms for event in cell.events), max(depths, default=0)))
    slices: dict[int, list[Event]] = defaultdict(list)
    for event in events:
        slices[event.occurred_at_ms // SLICE_MS].append(event)
    spans = [(min(times), max(times)) for times in ([each.occurred_at_ms for each in own] for own in slices.values())]
    acted = [event.occurred_at_ms for event in events if event.type not in PASSIVE_TYPES]
    newest_acted = max((at_ms // SLICE_MS for at_ms in acted), default=0)
    wholes = {
        "clicks": len(clicks),
        "recommended_clicks": sum(event.placement == RECOMMENDED for event in clicks),
        "scrolls": len(scrolls),
        "signs": len(scrolls) + sum(event.type == "move" for event in signals),
        "scroll_distance": scrolled,
        "hover_ms": total(signals, "hover"),
        "pointer_path_px": total(signals, "move"),
        "engaged_ms": total(signals, "heartbeat", SLICE_MS),
        "session_duration_ms": sum(last - first for first, last in spans),
        "pages": sum(event.type == "page_view" for event in signals),
        "rapid_exits": sum(event.value is not None and event.value <= 10_000 for event in left),
    }
    values: dict[str, float] = {name: float(whole) for name, whole in wholes.items()} | {
        "scroll_distance": scrolled / 1e4,
        "click_rate": float(len(clicks)),
        "recommended_click_rate": float(wholes["recommended_clicks"]),
        "scroll_depth": max(deepest) / 1e4 if deepest else NAN,
        "scroll_speed": scrolled * 6.0 / max(scrolling_ms, 1000) if scrolls else NAN,
        "idle_ms": float(end - max(acted) if acted else WINDOW_MS),
    }
    opened = [f"{e.occurred_at_ms}={e.content_type or ''}" for e in signals if e.type == "page_view"]
    return SessionMinute(
        end_ms=end,
        values=values,
        wholes=wholes,
        events=events,
        main_type=_main_type(cells),
        content_id=_page(cells),
        first_ms=min((first for first, _ in spans), default=0),
        newest_first_ms=max((first for first, _ in spans), default=0),
        acted_first_ms=min((at for at in acted if at // SLICE_MS == newest_acted), default=None),
        interacted_ms=max(acted, default=None),
        last_ms=max((last for _, last in spans), default=0),
        hidden_ms=max((event.occurred_at_ms for event in left), default=None),
        page_depth=max(pages)[1] / 10_000 if pages else 0.0,
        opened="\x1e".join(opened) or None,
        active_slices=len(slices),
    )


@dataclass
class ContentMinute:
    """One content item in one window; `udfs.crossing_rows.ContentWindow` says what the fields are."""

    values: dict[str, float]
    content_type: str | None
    first_ms: int
    new_exits: int
    newly_left_rapidly: list[str]
    """Sessions."""
    reader_slices: int


def content_minute(cells: list[tuple[str, Slice]], end: int) -> ContentMinute:
    """Computes what the readers of one item did in the window that ends at `end`, from their cells by session."""
    by_reader: dict[str, list[Slice]] = defaultdict(list)
    for session, cell in cells:
        by_reader[session].append(cell)
    deepest, left, left_rapidly, newly, newly_rapidly = [], 0, 0, 0, []
    for session, own in by_reader.items():
        signals = [event for cell in own for event in cell.events]
        depths = [int(e.value * 10_000) for e in signals if e.type == "scroll" and e.value is not None]
        deepest += [max(depths)] if depths else []
        exits = {
            event.occurred_at_ms: event.value
            for event in signals
            if event.type == "page_hide" and event.value is not None
        }
        if not exits:
            continue
        rapid = any(value <= 10_000 for value in exits.values())
        left, left_rapidly = left + 1, left_rapidly + rapid
        if min(exits) >= end - SLICE_MS:
            newly += 1
            newly_rapidly += [session] if rapid else []
    reader_slices = sum(bool(cell.events) for _, cell in cells)
    signals = [event for _, cell in cells for event in cell.events]
    triggers = [event for _, cell in cells for event in cell.gestures.values()]
    kinds = [event.content_type for event in (*signals, *triggers) if event.content_type is not None]
    values = {
        "readers": reader_slices / 6,
        "engaged_ms": float(total(signals, "heartbeat", SLICE_MS)),
        "depth": sum(deepest) / len(deepest) / 1e4 if deepest else NAN,
        "exits": float(left),
        "rapid_exits": float(left_rapidly),
        "rapid_exit_share": left_rapidly / left if left else NAN,
        "clicks": float(sum(event.type == "click" for event in triggers)),
    }
    first_ms = min(event.occurred_at_ms for event in (*signals, *triggers))
    return ContentMinute(values, max(kinds, default=None), first_ms, newly, newly_rapidly, reader_slices)


def _distance(event: Event) -> int:
    """Distance that a scroll event tells, in 1/10000 of a page."""
    told = (event.properties or {}).get("path_pages")
    return 0 if told is None else int(float(told) * 10_000)


def _main_type(cells: list[tuple[str | None, Slice]]) -> str | None:
    """The content type with the most engaged time; of equal ones the one that sorts last."""
    engaged: dict[str, int] = defaultdict(int)
    for _, cell in cells:
        kind = max((event.content_type for event in cell.events if event.content_type is not None), default=None)
        if kind and (ms := total(cell.events, "heartbeat", SLICE_MS)) > 0:
            engaged[kind] += ms
    return max(engaged, key=lambda kind: (engaged[kind], kind)) if engaged else None


def _page(cells: list[tuple[str | None, Slice]]) -> str | None:
    """The page seen last. Signals tell of it; where a slice has none, what was clicked stands for it."""
    pages: list[tuple[int, str]] = []
    clicked: list[str] = []
    by_slice: dict[int, list[tuple[str | None, Slice]]] = defaultdict(list)
    for content, cell in cells:
        every = (*cell.events, *cell.gestures.values())
        by_slice[every[0].occurred_at_ms // SLICE_MS].append((content, cell))
    for own in by_slice.values():
        seen = [(max(e.occurred_at_ms for e in cell.events), content) for content, cell in own if cell.events]
        named = [(at_ms, content) for at_ms, content in seen if content is not None]
        other = [
            (max(e.occurred_at_ms for e in (*cell.events, *cell.gestures.values())), content)
            for content, cell in own
            if content is not None
        ]
        content_id = max(named)[1] if named else max(other)[1] if other else None
        if content_id is not None and seen:
            pages.append((max(at_ms for at_ms, _ in seen), content_id))
        elif content_id is not None:
            clicked.append(content_id)
    return max(pages)[1] if pages else max(clicked, default=None)
