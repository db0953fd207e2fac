"""Which characters differ by case alone: Unicode's simple case folding."""

from functools import cache
from typing import Final

_LAST: Final = 0x1E943
"""No letter with two cases has a greater code."""

_ALONE: Final = ("\u0130", "\u0131")
"""İ and ı, which are the letter i in Turkish only."""


def same_letters(code: int) -> tuple[int, ...]:
    """Codes of all spellings of a letter, itself included.

    >>> [chr(each) for each in same_letters(ord("σ"))]
    ['Σ', 'ς', 'σ']
    """
    return _letters().get(code, (code,))


def same_letters_within(low: int, high: int) -> list[tuple[int, int]]:
    """Ranges of one code each: the other spellings of the letters from `low` to `high`."""
    if high - low < len(_letters()):
        return [(each, each) for code in range(low, high + 1) for each in same_letters(code)]
    return [(each, each) for code, same in _letters().items() if low <= code <= high for each in same]


@cache
def _letters() -> dict[int, tuple[int, ...]]:
    groups: dict[str, list[int]] = {}
    for code in range(_LAST + 1):
        if (letter := chr(code)) not in _ALONE:
            groups.setdefault(_folded(letter), []).append(code)
    return {code: tuple(same) for same in groups.values() if len(same) > 1 for code in same}


def _folded(letter: str) -> str:
    upper = letter.upper()
    lower = (upper if len(upper) == 1 else letter).lower()
    return lower if len(lower) == 1 else letter
