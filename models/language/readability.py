"""Readability formulas from counts, each on a scale of its own: a higher LIX is harder, a higher Flesch easier."""

from typing import Final

from models.language.text_counts import TextCounts

LIX_LEVELS: Final = {25: "children", 35: "fiction", 45: "newspaper", 55: "official text"}
"""Björnsson's own examples: the scale needs no table of syllables, so it serves for any language with words and long words."""


def lix(counts: TextCounts) -> float | None:
    """Words a sentence plus the percentage of long words (Björnsson 1968). None for a text without words.

    >>> lix(TextCounts(words=100, sentences=5, letters=480, long_words=25))
    45.0
    """
    if not counts.words:
        return None
    return counts.words / counts.sentences + 100.0 * counts.long_words / counts.words


def rix(counts: TextCounts) -> float | None:
    """Long words a sentence (Anderson 1983)."""
    return counts.long_words / counts.sentences if counts.words else None


def coleman_liau(counts: TextCounts) -> float | None:
    """American school grade from letters and sentences (Coleman and Liau 1975)."""
    if not counts.words:
        return None
    return 5.88 * counts.letters / counts.words - 29.6 * counts.sentences / counts.words - 15.8


def automated_readability(counts: TextCounts) -> float | None:
    """American school grade from letters and words a sentence (Senter and Smith 1967)."""
    if not counts.words:
        return None
    return 4.71 * counts.letters / counts.words + 0.5 * counts.words / counts.sentences - 21.43


def flesch_kincaid_grade(words: int, sentences: int, syllables: int) -> float | None:
    """American school grade (Kincaid 1975)."""
    return 0.39 * words / sentences + 11.8 * syllables / words - 15.59 if words else None


def dale_chall(words: int, sentences: int, difficult_words: int) -> float | None:
    """Dale and Chall's new formula (1995); from 5 % difficult words on a constant is added."""
    if not words:
        return None
    share = 100.0 * difficult_words / words
    return 0.1579 * share + 0.0496 * words / sentences + (3.6365 if share > 5.0 else 0.0)


def gulpease(words: int, sentences: int, letters: int) -> float | None:
    """Italian, from letters (Lucisano and Piemontese 1988)."""
    return 89.0 + (300.0 * sentences - 10.0 * letters) / words if words else None


_FLESCH: Final[dict[str, tuple[float, float, float]]] = {
    "en": (206.835, 1.015, 84.6),
    "de": (180.0, 1.0, 58.5),
    "fr": (207.0, 1.015, 73.6),
    "es": (206.84, 1.02, 60.0),
    "nl": (206.835, 0.93, 77.0),
    "it": (217.0, 1.3, 60.0),
}
"""Constant, factor of words a sentence, factor of syllables a word. Flesch 1948, Amstad 1978, Kandel and Moles 1958, Fernández
Huerta 1959 (sentence term as corrected), Douma 1960, Franchina and Vacca 1986."""


def flesch_reading_ease(words: int, sentences: int, syllables: int, language: str = "en") -> float | None:
    """Flesch's reading ease as adapted to `language` (en, de, fr, es, nl, it). None without words or for another language."""
    factors = _FLESCH.get(language)
    if factors is None or not words:
        return None
    constant, by_length, by_syllables = factors
    return constant - by_length * words / sentences - by_syllables * syllables / words
