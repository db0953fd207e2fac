"""What outcomes tell of predictions: the metric that says what would have suited, by kind of model."""

from typing import Final

TARGETS: Final = {"length": "preferred_content_length", "tone": "preferred_tone"}
"""A length is the value of the metric; a tone is the end of its name, as friendly in `preferred_tone.friendly`."""

MAX_AGE_MS: Final = 30 * 60_000
"""Oldest window that an outcome is joined with: after half an hour a session is over."""

SHADOW_PREFIX: Final = "shadow_"
"""Before the names of scores and kinds of a model in shadow, in the feature log."""

STEP_WORDS: Final = 50
"""Lengths are asked for in steps where the interval holds one: no CMS has a version for each word."""
