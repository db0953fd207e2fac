"""The habits and levels of a session, in order, as the features declare them."""

from typing import Final

from models.features import SESSION_FEATURES

SESSION_HABITS: Final = tuple(feature.habit for feature in SESSION_FEATURES if feature.habit is not None)
HABIT_NAMES: Final = tuple(feature.name for feature in SESSION_FEATURES if feature.habit is not None)
PLACES: Final = {name: place for place, name in enumerate(HABIT_NAMES)}
"""Place of each habit by the feature's name."""

SESSION_LEVELS: Final = tuple(feature.level for feature in SESSION_FEATURES if feature.level is not None)
LEVEL_NAMES: Final = tuple(feature.name for feature in SESSION_FEATURES if feature.level is not None)
