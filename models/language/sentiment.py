"""Sentiment of what a reader writes, by VADER: English only."""

from functools import cache
from typing import Any, Final

from models.language.english import is_english

MAX_TEXT_CHARS: Final = 1_000
"""What is read of a text; the job's SQL hands over no more."""

MAX_SYMBOLS: Final = 40
"""Characters beyond U+1FFF that are read: signs and emoji, but no letters of European languages. VADER writes each emoji out in
words, and its time grows with the square: a thousand of them took 200 ms."""


@cache
def _analyzer() -> Any:
    # Imported and read on the first text: most subtasks of a job never meet one.
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()


def polarity(text: str) -> float | None:
    """VADER's compound score of an English text, -1 to 1. None where its lexicon knows no word of it.

    Source: Hutto and Gilbert (2014), ICWSM.

    >>> polarity("I hate this confusing page.") < -0.5, polarity("A chapter on boats.")
    (True, None)
    """
    found = _analyzer().polarity_scores(_bounded(text))
    return None if found["pos"] == found["neg"] == 0.0 else float(found["compound"])


def sentiment(text: str | None, browser_language: str | None) -> float | None:
    """Sentiment from -1 (complaint) to 1 (praise); None for no text, another language, and words that say nothing of it."""
    if not text or not is_english(text[:MAX_TEXT_CHARS], browser_language):
        return None
    return polarity(text)


def _bounded(text: str) -> str:
    text = text[:MAX_TEXT_CHARS]
    if text.isascii():
        return text
    symbols, kept = 0, []
    for each in text:
        symbols += each > "\u1fff"
        if each <= "\u1fff" or symbols <= MAX_SYMBOLS:
            kept.append(each)
    return "".join(kept)
