"""The habits and levels of a session, in order, as the features declare them."""

from hashlib import blake2b
from typing import Final

from models.features import SESSION_FEATURES, SESSION_NAMES

SESSION_HABITS: Final = tuple(feature.habit for feature in SESSION_FEATURES if feature.habit is not None)
HABIT_NAMES: Final = tuple(feature.name for feature in SESSION_FEATURES if feature.habit is not None)
PLACES: Final = {name: place for place, name in enumerate(HABIT_NAMES)}
"""Place of each habit by the feature's name."""

SESSION_LEVELS: Final = tuple(feature.level for feature in SESSION_FEATURES if feature.level is not None)
LEVEL_NAMES: Final = tuple(feature.name for feature in SESSION_FEATURES if feature.level is not None)

_KEYS: Final = [*(each.key for each in SESSION_HABITS), *(each.key for each in SESSION_LEVELS)]
LAYOUT_ID: Final = blake2b(" ".join((*SESSION_NAMES, *_KEYS)).encode(), digest_size=4).hexdigest()
"""Stands beside what is written by place. A job with other features, or another order of them, cannot read it."""
