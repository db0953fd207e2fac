"""How long a text takes an adult to read, and how a reader's time compares with it."""

from typing import Final

WORDS_PER_MINUTE: Final = 238
"""Silent reading of English non-fiction, mean of 190 studies; most adults read 175 to 300 (Brysbaert 2019, J. Memory and
Language 109:104047)."""

SLOWEST_USUAL_WPM: Final = 175
FASTEST_USUAL_WPM: Final = 300


def expected_reading_ms(words: float) -> float:
    """Time for so many words.

    >>> expected_reading_ms(476)
    120000.0
    """
    return words * 60_000 / WORDS_PER_MINUTE


def reading_pace(engaged_ms: float, words: float) -> float | None:
    """Time spent by time expected: 2 is twice as slow as most adults. None where nothing was to be read.

    >>> reading_pace(90_000, 238)
    1.5
    """
    return engaged_ms / expected_reading_ms(words) if words > 0 else None
