"""The habits and levels of a content item, in order, as the features declare them, and the card that they are judged by."""

from collections.abc import Sequence
from typing import Final, Literal

from models.features import CONTENT_FEATURES
from models.judgement.habit import Habit
from models.judgement.site_card import SiteCard, SiteView

Exposure = Literal["exits", "readers"]
EXPOSURES: Final[tuple[Exposure, ...]] = ("exits", "readers")

UNIT: Final = 20
"""Exits, or minutes of readers, that stand where a reader's habits have a present minute: as many as tell a doubled share of a
fifth from chance, two deviations off."""

MIN_UNITS: Final = 4.0
"""Units that an item must have taught before anything is said of it: there is no other item to compare it with."""

FOLLOWED: Final = {feature.name: feature.follows or feature.name for feature in CONTENT_FEATURES}
"""The habit or level of each feature by name."""

_HABITS: Final = [feature for feature in CONTENT_FEATURES if feature.habit is not None]
HABIT_NAMES: Final = {by: tuple(each.name for each in _HABITS if each.exposure == by) for by in EXPOSURES}
CONTENT_HABITS: Final = {
    by: tuple(each.habit for each in _HABITS if each.exposure == by and each.habit is not None) for by in EXPOSURES
}
PLACES: Final[dict[str, tuple[Exposure, int]]] = {
    name: (by, place) for by in EXPOSURES for place, name in enumerate(HABIT_NAMES[by])
}
"""Exposure and place of each habit by the feature's name."""

CONTENT_LEVELS: Final = tuple(feature.level for feature in CONTENT_FEATURES if feature.level is not None)
LEVEL_NAMES: Final = tuple(feature.name for feature in CONTENT_FEATURES if feature.level is not None)


def content_view(habits: Sequence[Habit]) -> SiteView:
    """What the items of any site are judged by: the declared constants, trusted little."""
    ones = [1.0] * len(habits)
    card = SiteCard(
        [habit.mean for habit in habits],
        [habit.dispersion for habit in habits],
        ones,
        [habit.weight for habit in habits],
        [],
        [],
        [],
        ones,
    )
    return SiteView(card, ones, ones)


VIEWS: Final = {by: content_view(CONTENT_HABITS[by]) for by in EXPOSURES}
