"""Reads fields of JSON whose types nobody has checked yet."""

import math
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final

import msgspec

from schemas.event_validation import HugeInteger

MAX_ID_CHARS: Final = 64
MAX_USER_ID_CHARS: Final = 128
MAX_TAG_CHARS: Final = 8_192


def object_field(document: Any, name: str) -> Mapping[str, Any]:
    """Returns the object under that name, an empty one if there is none."""
    found = document.get(name) if type(document) is dict else None
    return found if type(found) is dict else {}


def number_text(number: float) -> str:
    """Writes a number as JavaScript does: a whole one without point and exponent.

    >>> number_text(5.0), number_text(1e3), number_text(-0.0), number_text(2.5)
    ('5', '1000', '0', '2.5')
    """
    if type(number) is float and number.is_integer() and abs(number) < 1e21:
        return str(int(number))
    return str(number)


def id_text(value: Any) -> str:
    """Returns an id as a string; numbers, as databases give them, become their digits. Empty for anything else.

    >>> id_text(90210), id_text(5.0), id_text("u9"), id_text(True), id_text(None)
    ('90210', '5', 'u9', '', '')
    """
    if type(value) is str:
        return value
    if type(value) is HugeInteger:
        return value.text if len(value.text) <= 4 * MAX_ID_CHARS else ""
    if type(value) is int or (type(value) is float and math.isfinite(value)):
        return number_text(value)
    return ""


def short_id(text: str, limit: int = MAX_ID_CHARS) -> str:
    """Returns the id, or a digest of one that is too long for the event contract."""
    return text if len(text) <= limit else blake2b(text.encode("utf-8", "replace"), digest_size=24).hexdigest()


def paired(text: str) -> str:
    """Returns the text with U+FFFD for each half of a surrogate pair, which UTF-8 cannot say."""
    return text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def stored_user_id(given: str) -> str:
    """Returns a user's id as its events carry it, for who asks by the id that was sent.

    >>> stored_user_id("ina"), len(stored_user_id("x" * 300)), stored_user_id("\\ud800") == "\\ufffd"
    ('ina', 48, True)
    """
    return paired(short_id(given, MAX_USER_ID_CHARS))


def tag_text(value: Any) -> str | None:
    """Returns a property's value as a string: numbers and booleans written out, objects and lists as JSON; None for none."""
    if type(value) is str:
        return value
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is HugeInteger:
        return value.text[:MAX_TAG_CHARS]
    if type(value) is int or type(value) is float:
        return number_text(value) if math.isfinite(value) else None
    if value is None:
        return None
    try:
        return msgspec.json.encode(value, enc_hook=_huge).decode()
    except (TypeError, ValueError, msgspec.MsgspecError, RecursionError):
        return None


def number_of(value: Any) -> float | None:
    """Reads a finite number, also one written as a string; None for anything else.

    >>> number_of("390"), number_of(" 4,5 "), number_of("52.5"), number_of(True), number_of("NaN")
    (390.0, None, 52.5, None, None)
    """
    if type(value) is int:
        return value if abs(value) < 2**63 else None
    if type(value) is str and len(value) <= 32 and value.isascii() and "_" not in value:
        try:
            value = float(value)
        except ValueError:
            return None
    return value if type(value) is float and math.isfinite(value) else None


def _huge(value: Any) -> Any:
    if type(value) is HugeInteger:
        return value.text
    raise TypeError("no JSON")
