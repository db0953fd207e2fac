"""Reads cells of a CSV file as numbers. Where no comma separates cells, all numbers of a file may have a decimal comma."""

import re
from collections.abc import Iterable
from math import isfinite
from typing import Final

from models.learning.csv_cells import Cells
from models.learning.errors import TrainingDataError

UNKNOWN_TEXTS: Final = frozenset({"", "na", "nan", "null", "none"})

_FRACTION: Final = re.compile(r"[+-]?\d*([.,])\d+(?:[eE][+-]?\d+)?")
"""A number with a decimal point or a decimal comma."""

_UNIT: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?\s*(?:[^\W\d_]{1,10}|[%€$£°])")


def is_unknown(text: str) -> bool:
    """
    >>> is_unknown("NA"), is_unknown("0")
    (True, False)
    """
    return text.lower() in UNKNOWN_TEXTS


def to_number(text: str, decimal: str = ".") -> float | None:
    """Returns a finite number; None for any other text. `decimal` is the sign before the fraction.

    >>> to_number("2.5"), to_number("2,5"), to_number("2,5", ","), to_number("1.234,5", ",")
    (2.5, None, 2.5, None)
    """
    if decimal == ",":
        if "." in text:
            return None
        text = text.replace(",", ".")
    try:
        number = float(text)
    except ValueError:
        return None
    # Python reads 1_000 as a number; nobody writes that in a CSV file.
    return number if isfinite(number) and "_" not in text else None


def has_unit(text: str) -> bool:
    """Tells whether a text is a number with a unit.

    >>> [has_unit(each) for each in ("220.1s", "3 min", "12 %", "220.1", "s1", "4 fast cars")]
    [True, True, True, False, False, False]
    """
    return _UNIT.fullmatch(text) is not None


def decimal_sign(cells: Cells, names: Iterable[str]) -> str:
    """Returns the sign before fractions in the columns of numbers among `names`. Raises `TrainingDataError` where both occur.

    A comma between cells leaves no comma for numbers. Columns of texts are not looked at: most of their cells are no numbers.
    """
    if cells.separator == ",":
        return "."
    first: dict[str, tuple[int, str, str]] = {}
    for name in names:
        place = cells.header.index(name)
        texts = [row[place].strip() for row in cells.rows]
        known = [text for text in texts if not is_unknown(text)]
        if 2 * sum(to_number(text.replace(",", ".")) is not None for text in known) < len(known):
            continue
        for line, text in zip(cells.lines, texts, strict=True):
            if (found := _FRACTION.fullmatch(text)) is not None:
                first.setdefault(found[1], (line, name, text))
    if len(first) == 2:
        (at, column, comma), (line, other, point) = first[","], first["."]
        raise TrainingDataError(
            f"{cells.path}: line {at}, column {column} has a decimal comma ({comma!r}), line {line}, column {other} a decimal "
            f"point ({point!r}): write all numbers in one way"
        )
    return next(iter(first), ".")
