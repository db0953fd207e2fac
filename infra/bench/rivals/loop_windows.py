"""Slices of 10 s and windows of the last minute in plain dicts, for the hand-written loop."""

from collections import deque
from math import inf, nan
from operator import add
from typing import Any, NamedTuple

from models.features import SESSION_NAMES

SLICE_MS = 10_000
WINDOW_MS = 60_000
RAPID_MS = 10_000
COMPUTED = (
    *(
        "clicks",
        "recommended_clicks",
        "click_rate",
        "recommended_click_rate",
        "scroll_depth",
        "scroll_speed",
        "hover_ms",
    ),
    *("pointer_path_px", "engaged_ms", "session_duration_ms", "pages", "rapid_exits", "idle_ms"),
)
"""The features of a session that the loop computes, in the order of `_features`. Others are unknown to it."""

IN_ORDER = COMPUTED == SESSION_NAMES


class SliceTotals:
    """What one session did with one content in one slice; as `jobs/sql/slices.py` has it in its columns."""

    __slots__ = (
        "clicks",
        "deepest",
        "engaged",
        "exits",
        "first",
        "hidden",
        "hover",
        "interacted",
        "last",
        "pages",
        "path",
        "rapid",
        "recommended",
        "scroll_first",
        "scroll_last",
        "shallowest",
        "signals",
        "user",
    )

    def __init__(self, user: str | None) -> None:
        self.user = user
        self.clicks = self.recommended = self.hover = self.path = self.engaged = 0
        self.pages = self.exits = self.rapid = self.signals = 0
        self.deepest, self.shallowest = -1, 10_001
        self.first = self.scroll_first = inf
        self.last = self.scroll_last = self.interacted = self.hidden = 0


class SessionWindow(NamedTuple):
    """A minute of a session: its features as `models/features.py` orders them, NaN where unknown."""

    session: str
    user: str | None
    content: str | None
    values: list[float]
    interacted_ms: int
    hidden_ms: int


class Windows:
    """Takes events of open slices and gives the windows of sessions and contents when a slice closes."""

    def __init__(self) -> None:
        self._slices: dict[int, tuple[dict[tuple[str, str | None], SliceTotals], set[str]]] = {}
        self._recent: deque[tuple[dict[str, Any], dict[str, list[int]]]] = deque(maxlen=WINDOW_MS // SLICE_MS)
        self.next_end_ms = 0
        """End of the slice that closes next; 0 before the first event."""

    def slice_at(self, begin_ms: int) -> tuple[dict[tuple[str, str | None], SliceTotals], set[str]]:
        """The cells of an open slice by (session, content), and the ids of its gestures."""
        found = self._slices.get(begin_ms)
        if found is None:
            found = self._slices[begin_ms] = ({}, set())
            if not self.next_end_ms:
                self.next_end_ms = begin_ms + SLICE_MS
        return found

    def close(self) -> tuple[int, list[SessionWindow], list[tuple[str, list[float]]]]:
        """Closes the next slice; the end of the window, the windows of all sessions and of all contents."""
        end_ms = self.next_end_ms
        cells, _ = self._slices.pop(end_ms - SLICE_MS, ({}, set()))
        self._recent.append(_summed(cells))
        self.next_end_ms = end_ms + SLICE_MS
        return end_ms, self._sessions(end_ms), self._contents()

    def _sessions(self, end_ms: int) -> list[SessionWindow]:
        windows: dict[str, list[Any]] = {}
        for sessions, _ in self._recent:
            for session, (sums, deepest, interacted, hidden, last, user, content) in sessions.items():
                window = windows.get(session)
                if window is None:
                    windows[session] = [sums, deepest, interacted, hidden, last, user, content]
                    continue
                window[0] = list(map(add, window[0], sums))
                if deepest > window[1]:
                    window[1] = deepest
                if interacted > window[2]:
                    window[2] = interacted
                if hidden > window[3]:
                    window[3] = hidden
                if last >= window[4]:
                    window[4:] = last, user, content
        return [
            SessionWindow(session, user, content, _features(sums, deepest, interacted, end_ms), interacted, hidden)
            for session, (sums, deepest, interacted, hidden, _, user, content) in windows.items()
        ]

    def _contents(self) -> list[tuple[str, list[float]]]:
        windows: dict[str, list[int]] = {}
        for _, contents in self._recent:
            for content, sums in contents.items():
                window = windows.get(content)
                windows[content] = sums if window is None else list(map(add, window, sums))
        slices = WINDOW_MS // SLICE_MS
        return [
            (content, [present / slices, engaged, depth / known / 10_000 if known else nan, exits, rapid, clicks])
            for content, (present, engaged, depth, known, exits, rapid, clicks) in windows.items()
        ]


def _summed(cells: dict[tuple[str, str | None], SliceTotals]) -> tuple[dict[str, Any], dict[str, list[int]]]:
    sessions: dict[str, Any] = {}
    contents: dict[str, list[int]] = {}
    for (session, content), cell in cells.items():
        known = cell.deepest >= 0
        sums = [
            cell.clicks,
            cell.recommended,
            cell.deepest - cell.shallowest if known else 0,
            cell.scroll_last - cell.scroll_first if known else 0,
            cell.hover,
            cell.path,
            cell.engaged,
            cell.last - cell.first if cell.signals else 0,
            cell.pages,
            cell.rapid,
        ]
        other = sessions.get(session)
        last = max(cell.last, cell.interacted)
        if other is None:
            sessions[session] = (sums, cell.deepest, cell.interacted, cell.hidden, last, cell.user, content)
        else:
            latest = (last, cell.user, content) if last >= other[4] else other[4:]
            sessions[session] = (
                list(map(add, other[0], sums)),
                max(other[1], cell.deepest),
                max(other[2], cell.interacted),
                max(other[3], cell.hidden),
                *latest,
            )
        if content is not None:
            depth = cell.deepest if known else 0
            row = [int(cell.signals > 0), cell.engaged, depth, int(known), cell.exits, cell.rapid, cell.clicks]
            before = contents.get(content)
            contents[content] = row if before is None else list(map(add, before, row))
    return sessions, contents


def _features(sums: list[int], deepest: int, interacted: int, end_ms: int) -> list[float]:
    clicks, recommended, travelled, scrolling, hover, path, engaged, active, pages, rapid = sums
    values = [
        clicks,
        recommended,
        clicks * 60_000 / WINDOW_MS,
        recommended * 60_000 / WINDOW_MS,
        deepest / 10_000 if deepest >= 0 else nan,
        travelled * 6.0 / max(scrolling, 1000) if deepest >= 0 else nan,
        hover,
        path,
        engaged,
        active,
        pages,
        rapid,
        end_ms - interacted if interacted else WINDOW_MS,
    ]
    if IN_ORDER:
        return values
    by_name = dict(zip(COMPUTED, values, strict=True))
    return [by_name.get(name, nan) for name in SESSION_NAMES]
