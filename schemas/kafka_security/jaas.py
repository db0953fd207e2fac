"""Writes and reads JAAS configuration (`sasl.jaas.config`), the Java client's place for user and password."""

import re
from collections.abc import Mapping
from typing import Final

from schemas.kafka_security.errors import KafkaSecurityError

_ESCAPES: Final = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_UNESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "a": "\a", "v": "\v"}

_TOKEN: Final = re.compile(
    r"""\s*(?: "(?P<double>(?:[^"\\]|\\.)*)" | '(?P<single>(?:[^'\\]|\\.)*)' | (?P<sign>[=;]) | (?P<word>[^\s=;"']+) )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE: Final = re.compile(r"\\([0-3][0-7]{0,2}|[4-7][0-7]?|.)", re.DOTALL)


def quoted(text: str) -> str:
    r"""Quotes a value as Java's StreamTokenizer reads it: quotes, backslashes and line breaks are escaped.

    >>> print(quoted('a"b\\c;='))
    "a\"b\\c;="
    """
    return '"' + "".join(_ESCAPES.get(each, each) for each in text) + '"'


def write_jaas(module: str, options: Mapping[str, str]) -> str:
    """Writes the configuration of one login module.

    >>> write_jaas("PlainLoginModule", {"username": "u"})
    'PlainLoginModule required username="u";'
    """
    return " ".join([module, "required", *(f"{name}={quoted(value)}" for name, value in options.items())]) + ";"


def read_jaas(key: str, text: str) -> tuple[str, dict[str, str]]:
    """Reads module and options of one login module. Raises `KafkaSecurityError`, which names `key` but no value.

    >>> read_jaas("sasl.jaas.config", "a.b.PlainLoginModule required username='u' password=\\"p\\\\\\"w\\";")
    ('a.b.PlainLoginModule', {'username': 'u', 'password': 'p"w'})
    """
    tokens = _tokens(key, text)
    if len(tokens) < 3 or tokens[1][0].lower() not in ("required", "requisite") or tokens[-1] != (";", True):
        raise _malformed(key)
    options = tokens[2:-1]
    if len(options) % 3 or any(sign != ("=", True) for sign in options[1::3]):
        raise _malformed(key)
    names, values = options[::3], options[2::3]
    if any(is_sign for _, is_sign in (tokens[0], *names, *values)):
        raise _malformed(key)
    return tokens[0][0], {name: value for (name, _), (value, _) in zip(names, values, strict=True)}


def _tokens(key: str, text: str) -> list[tuple[str, bool]]:
    """Splits into tokens; the second part says whether it is a sign (= or ;) that stands outside of quotes."""
    found, place, text = [], 0, text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise _malformed(key)
        place = match.end()
        kind, token = str(match.lastgroup), match[str(match.lastgroup)]
        found.append((token if kind in ("word", "sign") else _ESCAPE.sub(_unescaped, token), kind == "sign"))
    return found


def _unescaped(escape: re.Match[str]) -> str:
    character = escape[1]
    if character[0] in "01234567":
        return chr(int(character, 8))
    return _UNESCAPES.get(character, character)


def _malformed(key: str) -> KafkaSecurityError:
    return KafkaSecurityError(
        f'{key} cannot be read: give `MODULE required username="…" password="…";`, with \\" for a quotation mark and '
        "\\\\ for a backslash in a value"
    )
