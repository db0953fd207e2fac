"""What rules can ask about a content item's window."""

from collections.abc import Sequence
from typing import Final

from models.features import CONTENT_NAMES
from models.judgement.content_layout import (
    CONTENT_HABITS,
    CONTENT_LEVELS,
    FOLLOWED,
    LEVEL_NAMES,
    PLACES,
    UNIT,
    VIEWS,
)
from models.judgement.judged_content import JudgedContent
from models.rules.readings import Direction, Readings
from schemas.rule_conditions import BaselineScope

_INDEX: Final = {name: index for index, name in enumerate(CONTENT_NAMES)}
_LEVELS: Final = {name: place for place, name in enumerate(LEVEL_NAMES)}


class ContentReadings(Readings):
    """Answers from what is remembered of an item, for a window with these `values`.

    The baseline of a sum is what as many exits, or readers, as there are now usually give. An item has no peers, so there is
    no rank, and nothing to calibrate z-scores by.
    """

    __slots__ = ("_judged", "_values")

    def __init__(self, judged: JudgedContent, values: Sequence[float]) -> None:
        self._judged = judged
        self._values = values

    def baseline(self, name: str, against: BaselineScope) -> float | None:
        habit = FOLLOWED[name]
        if habit not in PLACES:
            return self._judged.levels.mean(_LEVELS[habit])
        by, place = PLACES[habit]
        if not self._judged.is_known(by):
            return None
        usual = self._judged.habits[by].expected(place, VIEWS[by])
        # A feature that follows a sum is that sum by the exposure.
        return usual / UNIT if name != habit else usual * self._judged.window_units[by]

    def change(self, name: str, against: BaselineScope) -> float | None:
        habit = FOLLOWED[name]
        if habit not in PLACES:
            baseline, value = self.baseline(name, against), self._values[_INDEX[name]]
            if baseline is None or value != value:
                return None
            return (value - baseline) / max(abs(baseline), CONTENT_LEVELS[_LEVELS[habit]].floor)
        by, place = PLACES[habit]
        habits = self._judged.habits[by]
        if not self._judged.is_known(by) or habits.present_ms + habits.previous_ms == 0:
            return None
        usual = habits.expected(place, VIEWS[by])
        return (habits.recent(place) - usual) / max(usual, CONTENT_HABITS[by][place].floor)

    def z(self, name: str, against: BaselineScope) -> float | None:
        habit = FOLLOWED[name]
        if habit not in PLACES:
            return self._judged.levels.raw_score(_LEVELS[habit], self._values[_INDEX[habit]])
        by, place = PLACES[habit]
        units = self._judged.window_units[by]
        if not self._judged.is_known(by) or units <= 0.0:
            return None
        return self._judged.habits[by].raw_score(place, self._values[_INDEX[habit]], units, VIEWS[by])

    def rank(self, name: str) -> float | None:
        return None

    def nats(self, name: str, direction: Direction) -> float | None:
        habit = FOLLOWED[name]
        if habit not in PLACES:
            return None
        by, place = PLACES[habit]
        if not self._judged.is_known(by):
            return None
        habits = self._judged.habits[by]
        return (habits.up if direction == "up" else habits.down)[place] / 1000.0

    def use_up(self, name: str, direction: Direction) -> None:
        habit = FOLLOWED[name]
        if habit in PLACES:
            by, place = PLACES[habit]
            habits = self._judged.habits[by]
            (habits.up if direction == "up" else habits.down)[place] = 0
