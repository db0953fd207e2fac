"""What a session's reader has lately said and done in anger: the last rating and sentiment, and rage clicks. No text."""

from math import isnan
from typing import Final

from msgspec import Struct

RECALL_MS: Final = 300_000
"""How long a rating, a sentiment or a rage click counts. Like clicks (`CLICK_TTL_MS`): five minutes later it was about something
else. It does not fade meanwhile, so that evidence tells the number that was given."""

MAX_RAGE_CLICKS: Final = 16


class FeedbackMemory(Struct, array_like=True):
    """Ratings are 1 to 5, sentiment is -1 to 1; None where the reader said nothing, or nothing that could be read."""

    rating: float | None = None
    rating_ms: int = 0
    sentiment: float | None = None
    sentiment_ms: int = 0
    rage_ms: list[int] = []
    """Times of the newest rage clicks."""


def add_feedback(memory: FeedbackMemory, at_ms: int, rating: float, sentiment: float | None) -> FeedbackMemory:
    """Adds a feedback and returns the memory. NaN or None leaves what was known; an older feedback that comes late changes
    nothing."""
    if not isnan(rating) and at_ms >= memory.rating_ms:
        memory.rating, memory.rating_ms = rating, at_ms
    if sentiment is not None and at_ms >= memory.sentiment_ms:
        memory.sentiment, memory.sentiment_ms = sentiment, at_ms
    return memory


def add_rage_click(memory: FeedbackMemory, at_ms: int) -> FeedbackMemory:
    """Adds a rage click and returns the memory."""
    kept = [old for old in memory.rage_ms if at_ms - old < RECALL_MS]
    memory.rage_ms = [*kept, at_ms][-MAX_RAGE_CLICKS:]
    return memory


def recalled(memory: FeedbackMemory, at_ms: int) -> dict[str, float]:
    """The numbers that rules see at `at_ms`, unknown ones left out.

    >>> recalled(add_feedback(FeedbackMemory(), 1_000, 2.0, None), 61_000)
    {'rage_clicks': 0.0, 'recent_rating': 2.0}
    """
    found = {"rage_clicks": float(sum(_is_recent(each, at_ms) for each in memory.rage_ms))}
    if memory.rating is not None and _is_recent(memory.rating_ms, at_ms):
        found["recent_rating"] = memory.rating
    if memory.sentiment is not None and _is_recent(memory.sentiment_ms, at_ms):
        found["sentiment"] = memory.sentiment
        found["sentiment_age_ms"] = float(at_ms - memory.sentiment_ms)
    return found


def _is_recent(then_ms: int, at_ms: int) -> bool:
    return at_ms - RECALL_MS < then_ms <= at_ms
