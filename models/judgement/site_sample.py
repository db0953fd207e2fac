"""The site's cards from a sample of its sessions: two halves, so that nobody is compared with himself."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from models.judgement.judged_session import JudgedSession
from models.judgement.layout import HABIT_NAMES, LAYOUT, SESSION_HABITS, SESSION_LEVELS, stored_layout
from models.judgement.presence import SLICE_MS
from models.judgement.site_card import SiteCard, SiteView, shipped_card
from models.judgement.site_level import site_level
from models.judgement.site_statistics import SiteStatistics
from models.session_clock import SESSION_END_MS

MAX_SAMPLED: Final = 256
"""Sessions in the sample of an epoch, both halves together."""

HALVES: Final = 2
_HABITS: Final = len(HABIT_NAMES)


class SampledWindow(NamedTuple):
    """A window of a session in the sample; `judged_session.Window` says what each field is."""

    session: str
    end_ms: int
    newest_first_ms: int
    acted_first_ms: int | None
    interacted_ms: int | None
    last_ms: int
    hidden_ms: int | None
    page_depth: float
    opened: str | None
    active_slices: int
    values: Sequence[float]
    wholes: Sequence[float]
    layout: str = LAYOUT
    """Of the job that made the window."""


def rank_of(session: str) -> int:
    """A number that orders sessions at random, the same in every run; its last bit is the session's half."""
    return int.from_bytes(blake2b(session.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def half_of(session: str) -> int:
    return rank_of(session) & 1


class SiteSample:
    """Habits of the sampled sessions and, per half, the statistics and the card that follow from them.

    A session is judged by the card of the other half: a reader is never among his own peers.
    """

    def __init__(self) -> None:
        self._sessions: dict[str, JudgedSession] = {}
        self._statistics = [_statistics() for _ in range(HALVES)]
        self.cards = [shipped_card() for _ in range(HALVES)]
        """By half: the card that sessions of that half are judged by."""
        self._previous = list(self.cards)
        self._layouts: dict[str, str] = {}
        """By session, the layout of its last window where it was another than this job's."""

    def end_epoch(self, windows: Iterable[SampledWindow], in_force_ms: int) -> list[SiteCard]:
        """Takes the windows of an epoch and returns the cards that follow from it, by the half that they judge.

        Windows that end after `in_force_ms` are judged by the cards of the epoch before, earlier ones by those before that: as in
        the operator that decides.
        """
        chosen = _sampled(windows)
        chosen.sort(key=lambda window: (window.end_ms, window.session))
        latest_ms = chosen[-1].end_ms if chosen else 0
        over = [name for name, each in self._sessions.items() if latest_ms - each.judgement.last_ms > SESSION_END_MS]
        for name in over:
            del self._sessions[name]
            self._layouts.pop(name, None)
        begin = 0
        while begin < len(chosen):
            end_ms, last = chosen[begin].end_ms, begin
            while last < len(chosen) and chosen[last].end_ms == end_ms:
                last += 1
            self._judge(chosen[begin:last], self._previous if end_ms <= in_force_ms else self.cards)
            begin = last
        self._end_change_of_features({window.layout for window in chosen} - {LAYOUT})
        made = [statistics.end_bucket() for statistics in self._statistics]
        self._previous, self.cards = self.cards, [made[1 - half] for half in range(HALVES)]
        return self.cards

    def _end_change_of_features(self, layouts: set[str]) -> None:
        """Forgets what windows of these other layouts seem to say of features that they lack."""
        for name, layout in self._layouts.items():
            if layout != LAYOUT:
                _change_features(self._sessions[name], layout)
        self._layouts.clear()
        for layout in layouts:
            stored = stored_layout(layout)
            for place, at in enumerate(() if stored is None else stored.all):
                if at < 0:
                    for statistics in self._statistics:
                        statistics.forget(place)

    def _judge(self, windows: list[SampledWindow], cards: Sequence[SiteCard]) -> None:
        """Judges the windows of one end time."""
        totals = [sum(window.wholes[place] for window in windows) for place in range(_HABITS)]
        active_ms = float(sum(window.active_slices for window in windows) * SLICE_MS)
        views = []
        for card in cards:
            level = site_level(totals, active_ms, card)
            views.append(SiteView(card, level, level))
        for window in windows:
            session = self._sessions.get(window.session)
            if session is None:
                session = self._sessions[window.session] = JudgedSession()
            before = self._layouts.get(window.session, LAYOUT)
            if window.layout != before:
                _change_features(session, before)
                self._layouts[window.session] = window.layout
            half = half_of(window.session)
            session.on_window(window, views[half], self._statistics[half], window.session)

    def to_json(self) -> dict[str, Any]:
        """Everything as plain data."""
        return {
            "layout": LAYOUT,
            "sessions": {name: session.to_text() for name, session in sorted(self._sessions.items())},
            "statistics": [statistics.to_json() for statistics in self._statistics],
            "cards": [card.to_json() for card in self.cards],
            "previous": [card.to_json() for card in self._previous],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "SiteSample":
        """The sample that `to_json` wrote, read by name: habits of other features are dropped, those that it lacks begin anew.

        A new sample where it does not say what it was written for.
        """
        self = cls()
        stored = stored_layout(data["layout"])
        if stored is None:
            return self
        self._sessions = {name: JudgedSession.from_text(text) for name, text in data["sessions"].items()}
        if data["layout"] != LAYOUT:
            self._layouts = dict.fromkeys(self._sessions, data["layout"])
        self._statistics = [
            SiteStatistics.from_json(each, SESSION_HABITS, shipped_card(), len(SESSION_LEVELS), stored)
            for each in data["statistics"]
        ]
        self.cards = [SiteCard.from_json(card, stored) for card in data["cards"]]
        self._previous = [SiteCard.from_json(card, stored) for card in data["previous"]]
        return self


def _change_features(session: JudgedSession, before: str) -> None:
    """Windows of a job with other features begin without the slices of before."""
    stored = stored_layout(before)
    session.begin_anew([] if stored is None else stored.lacking_habits)


def _statistics() -> SiteStatistics:
    return SiteStatistics(SESSION_HABITS, shipped_card(), len(SESSION_LEVELS))


def _sampled(windows: Iterable[SampledWindow]) -> list[SampledWindow]:
    """The windows of the sessions with the smallest ranks: the same ones whatever the order."""
    every = list(windows)
    ranked = sorted({(rank_of(window.session), window.session) for window in every})[:MAX_SAMPLED]
    chosen = {session for _, session in ranked}
    return [window for window in every if window.session in chosen]
