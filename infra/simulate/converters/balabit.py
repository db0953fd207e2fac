"""Balabit mouse dynamics (2016): real pointers over remote desktop, as `move`, `click` and `scroll` events.

* Time. The files count seconds from the start of a session, by two clocks. The reader's own (client) clock gives
  `occurred_at_ms`; the recorder's is dropped. Session k, by sorted path, begins k minutes after `BEGIN_MS`.
* Rows `Move` and `Drag` become one `move` for each tenth of a second that has any, at its last row, with the length
  of the path since the last position before. A position of 65535 means that it is not known: no position and no path.
* `Pressed` becomes a `click` with the button as property; its `Released` says nothing more.
* `Scroll` rows know wheel steps and no page: the depth is the sum of steps down less steps up, never below 0, over the
  deepest that this session reached. Unknown if it only scrolled up.
* `x` and `y` are fractions of the largest known position in the session: the screen's size is unknown.

Holds the sessions that run at the same time, and sorts each: at most 75 MB (tracemalloc) with the sample's 516,694
rows.
"""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from math import hypot
from pathlib import Path
from typing import Final, NamedTuple

from infra.simulate.converters.rows import RECEIVED_AFTER_MS, instant, name, parsed
from schemas.events import Event, EventType

HEADER: Final = ("record timestamp", "client timestamp", "button", "state", "x", "y")
BEGIN_MS: Final = 1_451_606_400_000
"""The first of January 2016, the year of the set."""

APART_MS: Final = 60_000
SUMMARY_MS: Final = 100
UNKNOWN: Final = 65_535
STEPS: Final = {"Down": 1, "Up": -1}
STATES: Final = frozenset({"Move", "Drag", "Pressed", "Released", *STEPS})


class Sample(NamedTuple):
    at_ms: int
    button: str
    state: str
    x: int
    y: int

    @property
    def known(self) -> bool:
        return self.state not in STEPS and UNKNOWN not in (self.x, self.y)


class Session:
    """One file's rows and the events they make. `begin_ms` is where its time 0 is put."""

    def __init__(self, path: Path, begin_ms: int) -> None:
        self._begin_ms = begin_ms
        self._user = name(path.parent.name)
        self._id = "bm-" + name(path.name.split(".")[0].removeprefix("session_"))
        self._samples = sorted(parsed(path, ",", HEADER, _sample), key=lambda sample: sample.at_ms)
        known = [sample for sample in self._samples if sample.known]
        self._right = max((sample.x for sample in known), default=0)
        self._bottom = max((sample.y for sample in known), default=0)

    def events(self) -> Iterator[Event]:
        """Yields the events in order of time. Works once, since it frees what it has yielded."""
        events = sorted([*self._moves(), *self._clicks(), *self._scrolls()], key=lambda event: event.occurred_at_ms)
        for number, event in enumerate(events, start=1):
            event.event_id = f"{self._id}-{number}"
        self._samples.clear()
        events.reverse()
        while events:
            yield events.pop()

    def _moves(self) -> Iterator[Event]:
        last, path_px, before = None, None, None
        for sample in self._samples:
            if sample.state not in ("Move", "Drag"):
                continue
            if last is not None and sample.at_ms // SUMMARY_MS != last.at_ms // SUMMARY_MS:
                yield self._event("move", last, path_px)
                path_px = None
            last = sample
            if sample.known:
                if before is not None:
                    path_px = (path_px or 0.0) + hypot(sample.x - before.x, sample.y - before.y)
                before = sample
        if last is not None:
            yield self._event("move", last, path_px)

    def _clicks(self) -> Iterator[Event]:
        for sample in self._samples:
            if sample.state == "Pressed":
                event = self._event("click", sample, None)
                event.properties = {"button": sample.button.lower()}
                yield event

    def _scrolls(self) -> Iterator[Event]:
        depth, depths = 0, []
        steps = [sample for sample in self._samples if sample.state in STEPS]
        for sample in steps:
            depth = max(0, depth + STEPS[sample.state])
            depths.append(depth)
        deepest = max(depths, default=0)
        for sample, depth in zip(steps, depths, strict=True):
            yield self._event("scroll", sample, depth / deepest if deepest else None)

    def _event(self, kind: EventType, sample: Sample, value: float | None) -> Event:
        at_ms = self._begin_ms + sample.at_ms
        return Event(
            event_id="",
            type=kind,
            occurred_at_ms=at_ms,
            received_at_ms=at_ms + RECEIVED_AFTER_MS,
            session_id=self._id,
            user_id=self._user,
            value=None if value is None else round(value, 4),
            x=round(sample.x / self._right, 4) if sample.known and self._right else None,
            y=round(sample.y / self._bottom, 4) if sample.known and self._bottom else None,
        )


def convert(path: Path) -> Iterator[Event]:
    """The sessions of a folder, or of one file, in order of time. Raises `BadRowError` at the first bad row."""
    files = sorted(path.rglob("session_*")) if path.is_dir() else [path]
    if not files:
        raise FileNotFoundError(f"{path} holds no session_ files")
    return _merged((BEGIN_MS + place * APART_MS, file) for place, file in enumerate(files))


def _merged(sessions: Iterable[tuple[int, Path]]) -> Iterator[Event]:
    """Opens a session only when its time has come. `sessions` are in the order in which they begin."""
    running: list[tuple[int, int, Event, Iterator[Event]]] = []
    for place, (begin_ms, path) in enumerate(sessions):
        yield from _until(begin_ms, running)
        _push(place, Session(path, begin_ms).events(), running)
    yield from _until(None, running)


def _until(end_ms: int | None, running: list[tuple[int, int, Event, Iterator[Event]]]) -> Iterator[Event]:
    while running and (end_ms is None or running[0][0] < end_ms):
        _, place, event, rest = heappop(running)
        yield event
        _push(place, rest, running)


def _push(place: int, rest: Iterator[Event], running: list[tuple[int, int, Event, Iterator[Event]]]) -> None:
    if (event := next(rest, None)) is not None:
        heappush(running, (event.occurred_at_ms, place, event, rest))


def _sample(fields: list[str]) -> Sample:
    _, client, button, state, x, y = fields
    at_ms = instant(BEGIN_MS + float(client) * 1000) - BEGIN_MS
    if state not in STATES:
        raise ValueError(f"{state!r} is no state of a mouse")
    if at_ms < 0 or not (0 <= int(x) <= UNKNOWN and 0 <= int(y) <= UNKNOWN):
        raise ValueError("a time or position below 0, or a position above 65535")
    return Sample(at_ms, button, state, int(x), int(y))
