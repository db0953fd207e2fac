"""The habits and levels of a session, in order, as the features declare them, and how those of other features are read."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final, NamedTuple, TypeVar

from models.features import SESSION_FEATURES, SESSION_LAYOUT

T = TypeVar("T")

SESSION_HABITS: Final = tuple(feature.habit for feature in SESSION_FEATURES if feature.habit is not None)
HABIT_NAMES: Final = tuple(feature.name for feature in SESSION_FEATURES if feature.habit is not None)
PLACES: Final = {name: place for place, name in enumerate(HABIT_NAMES)}
"""Place of each habit by the feature's name."""

SESSION_LEVELS: Final = tuple(feature.level for feature in SESSION_FEATURES if feature.level is not None)
LEVEL_NAMES: Final = tuple(feature.name for feature in SESSION_FEATURES if feature.level is not None)

HABIT_KEYS: Final = "".join(habit.key for habit in SESSION_HABITS)
LEVEL_KEYS: Final = "".join(level.key for level in SESSION_LEVELS)

LAYOUT: Final = f"{HABIT_KEYS}:{LEVEL_KEYS}:{SESSION_LAYOUT.header}"
"""Stands beside what is written by place, so that a job with other features, or another order of them, reads it by name."""


class StoredLayout(NamedTuple):
    """Where the habits and levels of this job stand in what is stored; -1 for those that it lacks."""

    habits: tuple[int, ...]
    all: tuple[int, ...]
    """Habits, and the levels behind them."""
    header: str
    """Of the features, for `FeatureLayout.read`."""

    @property
    def lacking_habits(self) -> list[int]:
        """Places of this job's habits that are not stored."""
        return [place for place, at in enumerate(self.habits) if at < 0]


@cache
def stored_layout(layout: str) -> StoredLayout | None:
    """What a `LAYOUT` says, maybe that of another job; None where the text is none.

    >>> stored_layout(LAYOUT).habits == tuple(range(len(HABIT_NAMES)))
    True
    """
    parts = layout.split(":")
    if len(parts) != 3:
        return None
    habits = key_places(parts[0], HABIT_KEYS)
    behind = len(parts[0]) // 2
    levels = (place + behind if place >= 0 else -1 for place in key_places(parts[1], LEVEL_KEYS))
    return StoredLayout(habits, (*habits, *levels), parts[2])


def key_places(stored: str, keys: str) -> tuple[int, ...]:
    """For each of `keys`, two letters each, its place among those that are stored, -1 where it is not there.

    >>> key_places("aabbcc", "ccddaa")
    (2, -1, 0)
    """
    known = [stored[at : at + 2] for at in range(0, len(stored), 2)]
    wanted = (keys[at : at + 2] for at in range(0, len(keys), 2))
    return tuple(known.index(key) if key in known else -1 for key in wanted)


def lacking_keys(stored: str, keys: str) -> list[int]:
    """Places of those of `keys` that are not stored.

    >>> lacking_keys("aabbcc", "ccddaa")
    [1]
    """
    return [place for place, at in enumerate(key_places(stored, keys)) if at < 0]


def taken(values: Sequence[T], places: Iterable[int], missing: T) -> list[T]:
    """The values at those places; `missing` at -1."""
    return [values[place] if place >= 0 else missing for place in places]
