"""Reads quoted texts with their escapes, as CEL defines them."""

from typing import Final

from models.rules.expressions.errors import PlacedError

_SIMPLE: Final = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "?": "?",
    '"': '"',
    "'": "'",
    "`": "`",
}
_HEXADECIMAL: Final = {"x": 2, "X": 2, "u": 4, "U": 8}
_LAST_CODE_POINT: Final = 0x10FFFF


def unquoted(text: str, start: int, quote: str, is_raw: bool) -> tuple[str, int]:
    """The text from `start` to the closing `quote`, and the offset after that. Raises `PlacedError`.

    >>> unquoted(r"'a\\u00e9'", 1, "'", False)
    ('aé', 9)
    """
    parts: list[str] = []
    at = start
    while True:
        if text.startswith(quote, at):
            return "".join(parts), at + len(quote)
        if at >= len(text) or (text[at] in "\r\n" and len(quote) == 1):
            raise PlacedError(f"the text that begins here has no closing {quote}", start - len(quote))
        if text[at] != "\\":
            parts.append(text[at])
            at += 1
        elif is_raw:
            # A quote after a backslash does not close a raw text, and both characters stay.
            parts.append(text[at : at + 2])
            at += 2
        else:
            character, at = _escaped(text, at)
            parts.append(character)


def _escaped(text: str, at: int) -> tuple[str, int]:
    letter = text[at + 1 : at + 2]
    if letter in _SIMPLE:
        return _SIMPLE[letter], at + 2
    if letter in _HEXADECIMAL:
        end = at + 2 + _HEXADECIMAL[letter]
        return _character(text[at + 2 : end], 16, _HEXADECIMAL[letter], at), end
    if letter in ("0", "1", "2", "3"):
        return _character(text[at + 1 : at + 4], 8, 3, at), at + 4
    raise PlacedError(f"the escape \\{letter} is not known; write \\\\ for a backslash, or r'…' for a raw text", at)


def _character(digits: str, base: int, length: int, at: int) -> str:
    is_number = len(digits) == length and all(
        each in "0123456789abcdefABCDEF"[: 8 if base == 8 else 22] for each in digits
    )
    code = int(digits, base) if is_number else -1
    if not 0 <= code <= _LAST_CODE_POINT or 0xD800 <= code <= 0xDFFF:
        raise PlacedError(f"the escape is no character; it takes {length} digits to base {base}", at)
    return chr(code)
