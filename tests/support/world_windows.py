"""The windows of a world's readers as crossing rows, made without Kafka and SQL: what the job's queries would make of them."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple
from zlib import crc32

from infra.simulate.worlds.reader import BEAT, CLICK, SCROLL, TYPES, VIEW, WorldReader
from infra.simulate.worlds.slices import slices, timeline
from models.features import SESSION_NAMES
from models.judgement.judged_session import SEPARATOR
from models.judgement.layout import HABIT_NAMES, PLACES
from models.judgement.presence import SLICE_MS
from models.judgement.session import SliceEvents
from udfs.crossing_rows import DEPTH_STEPS, SESSION, SESSION_NUMBERS

WINDOW_MS: Final = 60_000
SLICES: Final = WINDOW_MS // SLICE_MS
NAN: Final = float("nan")
ITEMS: Final = 50

Row = tuple[str, list[float], list[str | None]]


class Arrival(NamedTuple):
    """A session and the reader behind it. `begin_ms` is event time."""

    session_id: str
    begin_ms: int
    reader: WorldReader


class _Scrolled(NamedTuple):
    """What features need of the scrolling on one page in a slice."""

    deepest: int
    first_ms: int
    last_ms: int


class _Session:
    def __init__(self, arrival: Arrival) -> None:
        self.session_id = arrival.session_id
        self.device = "mobile" if arrival.reader.phone else "desktop"
        self.slices = slices(arrival.reader, arrival.begin_ms)
        self._scrolled: dict[int, dict[int, _Scrolled]] = {}
        self._engaged: dict[int, dict[str, int]] = {}
        self._signal: dict[int, tuple[int, int]] = {}
        """Last signal of a slice, and the depth of the page it came from."""
        self._pages: dict[int, int] = {}
        """Page from which the last signal of a slice came, by its number in the session."""
        self._note_pages(arrival)
        self.ends_ms = sorted({(number + later) * SLICE_MS for number in self.slices for later in range(1, SLICES + 1)})

    def _note_pages(self, arrival: Arrival) -> None:
        """Walks through the events for what belongs to a page: its depth, its type."""
        types, page, content_type, depth = iter(arrival.reader.types.tolist()), 0, TYPES[0], (-1, 0)
        for after_ms, kind, value, _ in timeline(arrival.reader):
            at_ms = arrival.begin_ms + after_ms
            number = at_ms // SLICE_MS
            if kind == VIEW:
                page, content_type, depth = page + 1, TYPES[next(types, 0)], (number, 0)
            elif kind == SCROLL:
                deep = int(round(value, 4) * 10_000)
                own = self._scrolled.setdefault(number, {})
                before = own.get(page, _Scrolled(-1, at_ms, at_ms))
                own[page] = _Scrolled(max(before.deepest, deep), before.first_ms, at_ms)
                depth = (number, max(deep, depth[1] if depth[0] == number else 0))
            elif kind == BEAT:
                engaged = self._engaged.setdefault(number, {})
                engaged[content_type] = engaged.get(content_type, 0) + int(value)
            if kind != CLICK:
                self._pages[number] = page
                self._signal[number] = (at_ms, depth[1] if depth[0] == number else 0)

    def sums(self, end_ms: int) -> tuple[list[int], int]:
        """The whole numbers of habits over the window, and how many of its slices have any event."""
        held = self._held(end_ms)
        return [sum(column) for column in zip(*(each.values for each in held), strict=True)], len(held)

    def _held(self, end_ms: int) -> list[SliceEvents]:
        newest = end_ms // SLICE_MS
        return [self.slices[each] for each in range(newest - SLICES, newest) if each in self.slices]

    def row(self, end_ms: int, wholes: list[int], active: int, site: list[float]) -> Row:
        """The crossing row of a window, from its sums and those of the site."""
        held = self._held(end_ms)
        numbers = range(end_ms // SLICE_MS - SLICES, end_ms // SLICE_MS)
        acted = [each.acted_first_ms for each in held if each.acted_first_ms >= 0]
        interacted = [each.acted_last_ms for each in held if each.acted_last_ms >= 0]
        hidden = [each.hidden_ms for each in held if each.hidden_ms >= 0]
        signals = [self._signal[each] for each in numbers if each in self._signal]
        engaged = [item for each in numbers for item in self._engaged.get(each, {}).items()]
        scrolled = [own for each in numbers for own in self._scrolled.get(each, {}).values()]
        return (
            SESSION,
            [
                float(end_ms),
                float(held[0].first_ms),
                float(held[-1].first_ms),
                float(acted[-1]) if acted else NAN,
                float(interacted[-1]) if interacted else NAN,
                float(held[-1].last_ms),
                float(hidden[-1]) if hidden else NAN,
                float(signals[-1][0] * DEPTH_STEPS + signals[-1][1]) if signals else NAN,
                float(active),
                site[0],
                *_features(end_ms, wholes, interacted, scrolled),
                *map(float, wholes),
                *site[1:],
            ],
            [
                self.session_id,
                None,
                _item(self.session_id, [self._pages[each] for each in numbers if each in self._pages]),
                _main_type(engaged),
                SEPARATOR.join(f"{name}={value}" for name, value in engaged) or None,
                self.device,
                SEPARATOR.join(
                    f"{each.end_ms - SLICE_MS + place}={name}"
                    for each in held
                    for place, name in enumerate(each.opened)
                )
                or None,
            ],
        )


def _item(session_id: str, pages: list[int]) -> str | None:
    """The item on the page seen last. Readers open the same fifty items, each in an order of its own."""
    return f"item-{(crc32(session_id.encode()) + pages[-1]) % ITEMS}" if pages else None


def _features(end_ms: int, wholes: list[int], interacted: list[int], scrolled: list[_Scrolled]) -> list[float]:
    values = {name: float(wholes[place]) for name, place in PLACES.items()}
    values["click_rate"], values["recommended_click_rate"] = values["clicks"], values["recommended_clicks"]
    values["scroll_distance"] /= 10_000
    values["idle_ms"] = float(end_ms - interacted[-1]) if interacted else float(WINDOW_MS)
    values["scroll_depth"] = max((each.deepest for each in scrolled), default=NAN) / 10_000
    scrolling_ms = sum(each.last_ms - each.first_ms for each in scrolled)
    speed = wholes[PLACES["scroll_distance"]] * 6.0 / max(scrolling_ms, 1000)
    values["scroll_speed"] = speed if scrolled else NAN
    return [values[name] for name in SESSION_NAMES]


def _main_type(engaged: list[tuple[str, int]]) -> str | None:
    sums: dict[str, int] = {}
    for name, value in engaged:
        sums[name] = sums.get(name, 0) + value
    return max(sums, key=lambda name: (sums[name], name)) if sums else None


def site_windows(arrivals: Iterable[Arrival]) -> Iterator[tuple[int, list[tuple[str, Row, Row]]]]:
    """Yields, by end of window in order, session id, its row, and the same without the site's sums."""
    due: dict[int, list[_Session]] = {}
    for arrival in arrivals:
        session = _Session(arrival)
        for end_ms in session.ends_ms:
            due.setdefault(end_ms, []).append(session)
    for end_ms in sorted(due):
        there = due.pop(end_ms)
        each_sums = [session.sums(end_ms) for session in there]
        site = [
            float(sum(count for _, count in each_sums)),
            *(float(sum(column)) for column in zip(*(sums for sums, _ in each_sums), strict=True)),
        ]
        rows = []
        for session, (sums, count) in zip(there, each_sums, strict=True):
            row = session.row(end_ms, sums, count, site)
            rows.append((session.session_id, row, _without_site(row)))
        yield end_ms, rows


def _without_site(row: Row) -> Row:
    kind, numbers, texts = row
    first, last = SESSION_NUMBERS.index("site_slices"), len(numbers) - len(HABIT_NAMES)
    return kind, [*numbers[:first], NAN, *numbers[first + 1 : last], *[NAN] * len(HABIT_NAMES)], texts
