"""One session's windows, judged slice by slice: what the keyed operator remembers of a reader."""

from collections.abc import Sequence
from typing import Final, Protocol

from models.features import SESSION_NAMES
from models.judgement.habits import MINUTE_MS, calibrated
from models.judgement.layout import HABIT_KEYS, HABIT_NAMES, LEVEL_KEYS, LEVEL_NAMES, PLACES, SESSION_LEVELS, key_places
from models.judgement.levels import Levels
from models.judgement.presence import SLICE_MS
from models.judgement.session import SessionJudgement, SliceEvents
from models.judgement.site_card import SiteView
from models.judgement.site_statistics import SiteStatistics
from models.judgement.slice_ring import SliceRing

SEPARATOR: Final = "\x1e"
"""Stands between the items of a list that crosses from SQL as text."""

MIN_SCORED_MINUTES: Final = 0.5
"""Presence in a window below which it is not scored: a rate from less says little."""

_LEVEL_PLACES: Final = tuple(SESSION_NAMES.index(name) for name in LEVEL_NAMES)
_SUMS: Final = len(HABIT_NAMES)


class Window(Protocol):
    """What is needed of a window of one session; `udfs.crossing_rows.SessionWindow` says what each is."""

    @property
    def end_ms(self) -> int: ...

    @property
    def newest_first_ms(self) -> int: ...

    @property
    def acted_first_ms(self) -> int | None: ...

    @property
    def interacted_ms(self) -> int | None: ...

    @property
    def last_ms(self) -> int: ...

    @property
    def hidden_ms(self) -> int | None: ...

    @property
    def page_depth(self) -> float: ...

    @property
    def opened(self) -> str | None: ...

    @property
    def active_slices(self) -> int: ...

    @property
    def values(self) -> Sequence[float]: ...

    @property
    def wholes(self) -> Sequence[float]: ...


class JudgedSession:
    """Habits, presence and levels of a session, fed with its windows in order. Text in state restores it exactly."""

    __slots__ = ("_ring", "judgement", "levels", "newest", "present_ms", "visible_ms")

    def __init__(self) -> None:
        self.judgement = SessionJudgement()
        self.levels = Levels(SESSION_LEVELS)
        self._ring = SliceRing(_SUMS + 2, SLICE_MS)
        self.newest: SliceEvents | None = None
        """The slice judged last; None where nothing came in it."""
        self.present_ms = 0
        """Presence in the window judged last."""
        self.visible_ms = 0
        """How long the page was in view in it."""

    def on_window(self, window: Window, view: SiteView, site: SiteStatistics | None = None, session: str = "") -> None:
        """Judges the newest slice of a window. `site` also collects what the session teaches, under the name `session`."""
        end_ms = window.end_ms
        # Two times stand in the ring beside the sums; they are known when the slice has been judged.
        sums = self._ring.add(end_ms, (*window.wholes, 0, 0), window.active_slices)
        begin_ms = end_ms - SLICE_MS
        self.newest = None
        if window.last_ms >= begin_ms:
            self.newest = SliceEvents(
                end_ms,
                window.newest_first_ms,
                window.last_ms,
                _within(window.acted_first_ms, begin_ms),
                _within(window.interacted_ms, begin_ms),
                _within(window.hidden_ms, begin_ms),
                opened_since(window.opened, begin_ms),
                window.page_depth,
                sums[:_SUMS],
            )
        present = self.judgement.on_slice(end_ms, self.newest, view, site, session)
        self._note_presence(present)
        if end_ms % int(MINUTE_MS):
            return
        if site is not None:
            self._teach_site(window, view, site)
        if self.present_ms >= MIN_SCORED_MINUTES * MINUTE_MS:
            self.levels.learn([window.values[place] for place in _LEVEL_PLACES])

    def on_silent_window(self, end_ms: int, view: SiteView) -> None:
        """Judges a slice of a window in which nothing came."""
        self._ring.add(end_ms, (0,) * (_SUMS + 2), 0)
        self.newest = None
        self._note_presence(self.judgement.on_slice(end_ms, None, view))

    def _note_presence(self, present_ms: int) -> None:
        """Puts the times of the newest slice into the ring, and sums them up over the window."""
        ring = self._ring
        ring.replace_newest((*ring.slices[-1][:_SUMS], present_ms, self.judgement.visible_ms))
        self.present_ms, self.visible_ms = ring.dropped[_SUMS], ring.dropped[_SUMS + 1]
        for each in ring.slices:
            self.present_ms += each[_SUMS]
            self.visible_ms += each[_SUMS + 1]

    def _teach_site(self, window: Window, view: SiteView, site: SiteStatistics) -> None:
        """Tells the site the scores of a window that shares no second with the one told before."""
        for place, name in enumerate(HABIT_NAMES):
            raw = self.raw_score(name, window.wholes[place], view)
            if raw is not None:
                site.add_score(place, raw)
        for place, value in enumerate(_LEVEL_PLACES):
            raw = self.levels.raw_score(place, window.values[value])
            if raw is not None:
                site.add_score(_SUMS + place, raw)
            site.add_level(_SUMS + place, window.values[value] * SESSION_LEVELS[place].scale)

    def raw_score(self, name: str, whole: float, view: SiteView) -> float | None:
        """Raw score of a window's sum of a habit; None where presence is unknown or too short."""
        minutes = self.present_ms / MINUTE_MS
        if minutes < MIN_SCORED_MINUTES or not self.judgement.has_heartbeats:
            return None
        return self.judgement.habits.raw_score(PLACES[name], whole, minutes, view)

    def z(self, name: str, value: float, whole: float, view: SiteView) -> float | None:
        """Calibrated z of a window's feature: 3 is one in 740 windows of the site. None where it cannot be told."""
        if name in PLACES:
            place, raw = PLACES[name], self.raw_score(name, whole, view)
        else:
            level = LEVEL_NAMES.index(name)
            place, raw = _SUMS + level, self.levels.raw_score(level, value)
        return None if raw is None else calibrated(place, raw, view.card)

    def to_text(self) -> str:
        return f"{self._ring.to_text()} {self.levels.to_text()} {self.judgement.to_text()}"

    @staticmethod
    def is_of_these_features(text: str) -> bool:
        """Whether a job with the same habits and levels wrote the text."""
        _, levels, judgement = text.split(" ", 2)
        return SessionJudgement.keys_of(judgement) == HABIT_KEYS and levels.partition(":")[0] == LEVEL_KEYS

    @classmethod
    def from_text(cls, text: str) -> "JudgedSession":
        """What `to_text` wrote, read by name: a habit that it lacks begins empty, one that is gone is dropped."""
        ring, levels, judgement = text.split(" ", 2)
        keys = SessionJudgement.keys_of(judgement)
        stored = len(keys) // 2
        self = cls()
        # Presence and time in view stand behind the habits.
        places = (*key_places(keys, HABIT_KEYS), stored, stored + 1)
        self._ring = SliceRing.from_text(ring, places, stored + 2, SLICE_MS)
        self.levels = Levels.from_text(levels, SESSION_LEVELS)
        self.judgement = SessionJudgement.from_text(judgement)
        return self

    def begin_anew(self, lacking: Sequence[int]) -> None:
        """Begins the last minute's sums anew, as windows do after a start with other features, and habits that were lacking."""
        self._ring = SliceRing(_SUMS + 2, SLICE_MS)
        self.judgement.habits.begin_anew(lacking)


def _within(at_ms: int | None, begin_ms: int) -> int:
    return at_ms if at_ms is not None and at_ms >= begin_ms else -1


def opened_since(text: str | None, begin_ms: int) -> tuple[str, ...]:
    """Content types of the pages opened from `begin_ms` on, in order, from ``time=type`` items; unknown types are left out.

    >>> opened_since("10000=news\x1e25000=a=b\x1e21000=sport\x1e22000=", 20_000)
    ('sport', 'a=b')
    """
    if not text:
        return ()
    found = []
    for item in text.split(SEPARATOR):
        at_ms, _, content_type = item.partition("=")
        if content_type and int(at_ms) >= begin_ms:
            found.append((int(at_ms), content_type))
    return tuple(content_type for _, content_type in sorted(found))
