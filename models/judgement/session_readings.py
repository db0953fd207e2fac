"""What rules can ask about a session's window."""

from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Final

from models.features import SESSION_FEATURES, SESSION_NAMES
from models.judgement.habits import MINUTE_MS
from models.judgement.judged_session import JudgedSession
from models.judgement.layout import HABIT_NAMES, LEVEL_NAMES, PLACES, SESSION_HABITS, SESSION_LEVELS
from models.judgement.presence import MIN_COVERAGE
from models.judgement.scales import step_of
from models.judgement.site_card import SiteView
from models.rules.readings import Direction, Readings
from schemas.rule_conditions import BaselineScope
from schemas.segments import Usual

MIN_PEERS: Final = 5
"""Other readers below which there is nobody to compare with."""

_NORMAL: Final = NormalDist()
_MAX_RANK_Z: Final = 6.0
_FOLLOWED: Final = {feature.name: feature.follows or feature.name for feature in SESSION_FEATURES}
_INDEX: Final = {name: index for index, name in enumerate(SESSION_NAMES)}
_LEVELS: Final = {name: place for place, name in enumerate(LEVEL_NAMES)}
_HABITS: Final = len(HABIT_NAMES)


def _floor(name: str) -> float:
    """The least that a change is measured by, in the feature's unit: a mean near 0 makes no huge changes."""
    followed = _FOLLOWED[name]
    if followed in PLACES:
        habit = SESSION_HABITS[PLACES[followed]]
        return habit.floor / habit.scale
    return SESSION_LEVELS[_LEVELS[followed]].floor


_FLOORS: Final = {name: _floor(name) for name in SESSION_NAMES}


class SessionReadings(Readings):
    """Answers from what is remembered of a session and from the site's card. `values` and `wholes` are the window's; `segment` is
    what is usual in the reader's segment, by feature, None where that is not known."""

    __slots__ = ("_judged", "_segment", "_values", "_view", "_wholes")

    def __init__(
        self,
        judged: JudgedSession,
        view: SiteView,
        values: Sequence[float],
        wholes: Sequence[float],
        segment: Mapping[str, Usual] | None = None,
    ) -> None:
        self._judged = judged
        self._view = view
        self._values = values
        self._wholes = wholes
        self._segment = segment

    def _is_known(self) -> bool:
        """Whether there are habits: without heartbeats nobody knows how long the reader was there."""
        return self._judged.judgement.has_heartbeats

    def _in_segment(self, name: str) -> tuple[Usual, float] | None:
        """What is usual in the segment, and the window's value; None where either is unknown.

        Both are of whole windows: over a part of one a sum can only be too small.
        """
        usual = None if self._segment is None else self._segment.get(name)
        value = self._values[_INDEX[name]]
        is_whole = self._judged.visible_ms >= MIN_COVERAGE * MINUTE_MS
        return (usual, value) if usual is not None and value == value and is_whole else None

    def baseline(self, name: str, against: BaselineScope) -> float | None:
        if against == "segment":
            usual = None if self._segment is None else self._segment.get(name)
            return None if usual is None else usual.mean
        name = _FOLLOWED[name]
        card = self._view.card
        if name in PLACES:
            place = PLACES[name]
            scale = SESSION_HABITS[place].scale
            if against == "peers":
                return card.means[place] / scale if card.readers >= MIN_PEERS and card.knows(place) else None
            if not self._is_known():
                return None
            return self._judged.judgement.habits.expected(place, self._view) / scale
        place = _LEVELS[name]
        if against == "self":
            return self._judged.levels.mean(place)
        if card.readers < MIN_PEERS or not card.knows(_HABITS + place):
            return None
        mean = card.means[_HABITS + place]
        return mean / SESSION_LEVELS[place].scale if mean == mean else None

    def change(self, name: str, against: BaselineScope) -> float | None:
        if against == "segment":
            if (found := self._in_segment(name)) is None:
                return None
            usual, value = found
            return (value - usual.mean) / max(abs(usual.mean), _FLOORS[name])
        name = _FOLLOWED[name]
        baseline = self.baseline(name, against)
        if baseline is None:
            return None
        if name in PLACES:
            place = PLACES[name]
            habits = self._judged.judgement.habits
            if habits.present_ms + habits.previous_ms == 0:
                return None
            habit = SESSION_HABITS[place]
            floor = habit.floor / habit.scale
            return (habits.recent(place) / habit.scale - baseline) / max(baseline, floor)
        value = self._values[_INDEX[name]]
        return (value - baseline) / max(abs(baseline), SESSION_LEVELS[_LEVELS[name]].floor) if value == value else None

    def z(self, name: str, against: BaselineScope) -> float | None:
        if against == "segment":
            if (found := self._in_segment(name)) is None or found[0].deviation == 0.0:
                return None
            return (found[1] - found[0].mean) / found[0].deviation
        if against == "peers":
            rank = self._rank(_FOLLOWED[name], middle=True)
            if rank is None:
                return None
            if rank <= 0.0 or rank >= 1.0:
                return _MAX_RANK_Z if rank >= 1.0 else -_MAX_RANK_Z
            return _NORMAL.inv_cdf(rank)
        name = _FOLLOWED[name]
        whole = self._wholes[PLACES[name]] if name in PLACES else 0.0
        return self._judged.z(name, self._values[_INDEX[name]], whole, self._view)

    def rank(self, name: str) -> float | None:
        return self._rank(_FOLLOWED[name], middle=False)

    def _rank(self, name: str, middle: bool) -> float | None:
        """Share of the peers' minutes below this one; with `middle`, half of those in the same step count as well."""
        card = self._view.card
        if card.readers < MIN_PEERS or not card.ranks:
            return None
        if name in PLACES:
            place, habits = PLACES[name], self._judged.judgement.habits
            if habits.present_ms + habits.previous_ms == 0:
                return None
            step = step_of(habits.recent(place))
        else:
            level = _LEVELS[name]
            value = self._values[_INDEX[name]]
            if value != value:
                return None
            place, step = _HABITS + level, step_of(value * SESSION_LEVELS[level].scale)
        if not card.knows(place):
            return None
        shares = card.ranks[place]
        below = shares[step - 1] if step else 0.0
        return (below + shares[step]) / 2.0 if middle else below

    def nats(self, name: str, direction: Direction) -> float | None:
        place, judgement = PLACES.get(_FOLLOWED[name]), self._judged.judgement
        if place is None or not judgement.has_heartbeats:
            return None
        habits = judgement.habits
        return (habits.up if direction == "up" else habits.down)[place] / 1000.0

    def use_up(self, name: str, direction: Direction) -> None:
        name = _FOLLOWED[name]
        if name in PLACES:
            habits = self._judged.judgement.habits
            (habits.up if direction == "up" else habits.down)[PLACES[name]] = 0
