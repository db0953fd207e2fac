"""What outcomes tell of predictions: the metric that says what would have suited, by kind of model."""

from collections.abc import Mapping
from typing import Final

from models.predictions.kinds import PREDICTED

TARGETS: Final[Mapping[str, str]] = {kind: each.target for kind, each in PREDICTED.items()}
"""Read by `told_truth.py`: a length is the value of the metric; a tone the end of its name, as in `preferred_tone.friendly`."""

MAX_AGE_MS: Final = 30 * 60_000
"""Oldest window that an outcome is joined with: after half an hour a session is over."""

SHADOW_PREFIX: Final = "shadow_"
"""Before the names of scores and kinds of a model in shadow, in the feature log."""

MIN_TOLD_WORDS: Final = 1
"""Shortest length that a reader can wish for."""

MAX_WORDS: Final = 100_000
"""A length beyond that of a book is a fault of who tells it, or of the model that asks for it."""

STEP_WORDS: Final = 50
"""Lengths are asked for in steps where the interval holds one: no CMS has a version for each word."""
