"""Reads the format of Java's properties files (java.util.Properties)."""

import re
from collections.abc import Iterator
from typing import Final

_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_PAIR: Final = re.compile(r"(?P<key>(?:[^\\\s=:]|\\.)*)\s*[=:]?\s*(?P<value>.*)", re.DOTALL)


def read_properties(text: str) -> list[tuple[str, str]]:
    r"""Reads keys and values, in order. Java's rules: continued lines, comments, escapes, `=`, `:` or a space between.

    >>> read_properties("# user\na.b = 1\n c:two\\\n   lines\nd e\\u0041\\=")
    [('a.b', '1'), ('c', 'twolines'), ('d', 'eA=')]
    """
    pairs = []
    for line in _logical_lines(text):
        found = _PAIR.match(line)
        assert found is not None
        pairs.append((_unescaped(found["key"]), _unescaped(found["value"])))
    return pairs


def _logical_lines(text: str) -> Iterator[str]:
    held = ""
    for line in re.split(r"\r\n|\r|\n", text):
        line = line.lstrip(" \t\f")
        if not held and (not line or line[0] in "#!"):
            continue
        held += line
        if (len(held) - len(held.rstrip("\\"))) % 2:
            held = held[:-1]
            continue
        yield held
        held = ""
    if held:
        yield held


def _unescaped(text: str) -> str:
    def replace(escape: re.Match[str]) -> str:
        sign = escape[1]
        return chr(int(sign[1:], 16)) if len(sign) == 5 else _ESCAPED.get(sign, sign)

    return _ESCAPE.sub(replace, text)
