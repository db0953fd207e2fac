"""Splits the text of an expression into tokens."""

import re
from typing import Any, Final, Literal, NamedTuple

from models.rules.expressions.errors import PlacedError
from models.rules.expressions.quoted import unquoted

Kind = Literal["name", "int", "double", "string", "sign", "end"]


class Token(NamedTuple):
    kind: Kind
    text: str
    value: Any
    at: int


_SPACE: Final = re.compile(r"(?:[ \t\r\n\f]+|//[^\n]*)+")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER: Final = re.compile(r"0[xX][0-9a-fA-F]+|(?:[0-9]+\.[0-9]+|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][+-]?[0-9]+)?|[0-9]+")
_QUOTE: Final = re.compile(r"""([rRbB]{0,2})(\"\"\"|'''|"|')""")
_SIGN: Final = re.compile(r"&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]{}]")

_WRITTEN_OTHERWISE: Final = {
    "&": "write && for and",
    "|": "write || for or",
    "=": "write == to compare",
    "`": "quote texts with ' or \"",
    "“": "quote texts with ' or \"",
    "’": "quote texts with ' or \"",
    "≤": "write <=",
    "≥": "write >=",
    "−": "write - (hyphen)",
}
RESERVED: Final = frozenset(
    ("as break const continue else for function if import let loop package namespace return var void while").split()  # noqa: SIM905
)
_WORDS: Final = {"and": "&&", "or": "||", "not": "!", "AND": "&&", "OR": "||", "NOT": "!"}


def tokenized(text: str) -> list[Token]:
    """All tokens, the last one of kind "end". Raises `PlacedError`.

    >>> [each.text for each in tokenized("clicks >= 3.0 && !seen")]
    ['clicks', '>=', '3.0', '&&', '!', 'seen', '']
    """
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        if space := _SPACE.match(text, at):
            at = space.end()
            continue
        token = _quoted(text, at) or _number(text, at) or _name(text, at) or _sign(text, at)
        tokens.append(token)
        at += len(token.text)
    tokens.append(Token("end", "", None, len(text)))
    return tokens


def _quoted(text: str, at: int) -> Token | None:
    found = _QUOTE.match(text, at)
    if found is None:
        return None
    prefix, quote = found[1].lower(), found[2]
    if "b" in prefix:
        raise PlacedError("bytes are not part of the rules' CEL; write a text", at)
    if prefix not in ("", "r"):
        raise PlacedError(f"the prefix {found[1]} of a text is not known; there is r", at)
    value, end = unquoted(text, found.end(), quote, prefix == "r")
    return Token("string", text[at:end], value, at)


def _number(text: str, at: int) -> Token | None:
    found = _NUMBER.match(text, at)
    if found is None:
        return None
    digits, after = found[0], text[found.end() : found.end() + 1]
    if after in ("u", "U"):
        raise PlacedError(f"unsigned numbers are not part of the rules' CEL; write {digits}", at)
    if after.isalnum() or after == "_":
        raise PlacedError(f"{digits}{after}… is no number", at)
    if digits[:2] in ("0x", "0X"):
        return Token("int", digits, int(digits, 16), at)
    if digits.isdigit():
        return Token("int", digits, int(digits) if len(digits) < 40 else 1 << 64, at)
    return Token("double", digits, float(digits), at)


def _name(text: str, at: int) -> Token | None:
    found = _NAME.match(text, at)
    if found is None:
        return None
    if found[0] in _WORDS:
        raise PlacedError(f"write {_WORDS[found[0]]} for {found[0]}", at, _WORDS[found[0]])
    return Token("name", found[0], found[0], at)


def _sign(text: str, at: int) -> Token:
    found = _SIGN.match(text, at)
    if found is None:
        hint = _WRITTEN_OTHERWISE.get(text[at], "no expression has this character outside quotes")
        raise PlacedError(f"unexpected {text[at]!r}: {hint}", at)
    return Token("sign", found[0], None, at)
