"""Parses Accept-Language (RFC 9110, 12.5.4)."""

import re
from typing import Final

MAX_CHARS: Final = 1024
"""What is read of a header."""

_RANGE: Final = re.compile(r"(\*|[A-Za-z]{1,8})(-(\*|[A-Za-z0-9]{1,8}))*", re.ASCII)
_WEIGHT: Final = re.compile(r"[qQ]\s*=\s*(0(\.[0-9]*)?|1(\.0*)?)", re.ASCII)


def language_ranges(header: str) -> list[str]:
    """Returns the ranges of a header, those with the greatest weight first, of equal ones the first.

    Weight 0 excludes a range. A member that cannot be read is left out.

    >>> language_ranges("en;q=0.5, fr, de;q=0, *;q=0.1, en-gb;q=much")
    ['fr', 'en', '*']
    """
    found: list[tuple[float, str]] = []
    members = header[:MAX_CHARS].split(",")
    if len(header) > MAX_CHARS and header[MAX_CHARS] != ",":
        # The last one is cut off: of en-GB it may say en-G.
        members.pop()
    for member in members:
        name, semicolon, parameter = (text.strip() for text in member.partition(";"))
        weight = _weight(parameter) if semicolon else 1.0
        if weight > 0.0 and len(name) <= 35 and _RANGE.fullmatch(name):
            found.append((weight, name))
    return [name for _, name in sorted(found, key=lambda each: -each[0])]


def _weight(parameter: str) -> float:
    """0 where it cannot be read."""
    found = _WEIGHT.fullmatch(parameter)
    return float(found[1]) if found is not None else 0.0
