"""The conversions of CEL between numbers, texts and truth values."""

import re
from collections.abc import Callable
from math import inf, isfinite
from typing import Any, Final

from models.rules.expressions.errors import EvaluationError
from models.rules.expressions.values import whole

_SPACE: Final = " \t\n\v\f\r"
"""Leading and trailing characters that Google's conversions (absl::SimpleAtoi and SimpleAtod) pass over."""

_WHOLE: Final = re.compile(r"([+-]?)0*([0-9]{1,19})", re.ASCII)
_NOT_FINITE: Final = re.compile(r"[+-]?(nan(\([a-z0-9_]*\))?|inf(inity)?)", re.ASCII | re.IGNORECASE)
_HEXADECIMAL: Final = re.compile(r"[+-]?0x([0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(p[+-]?[0-9]+)?", re.ASCII | re.IGNORECASE)
_DECIMAL: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)
_TRUE: Final = ("1", "t", "true", "TRUE", "True")
_FALSE: Final = ("0", "f", "false", "FALSE", "False")
_TOO_LARGE: Final = 2.0**63


def to_int(value: Any) -> int:
    """A double loses its fraction.

    >>> to_int(-1.9), to_int("42")
    (-1, 42)
    >>> to_int(" +007 ")
    7
    """
    if type(value) is int or type(value) is bool:
        return int(value)
    if type(value) is float and -_TOO_LARGE < value < _TOO_LARGE:
        return int(value)
    if type(value) is str and (found := _WHOLE.fullmatch(value.strip(_SPACE))):
        return whole(int(found[1] + found[2]))
    raise EvaluationError(f"{value!r} is no int")


def to_double(value: Any) -> float:
    if type(value) is float or type(value) is int:
        return float(value)
    if type(value) is str:
        text = value.strip(_SPACE)
        if _DECIMAL.fullmatch(text):
            return float(text)
        if _NOT_FINITE.fullmatch(text):
            return float(text.partition("(")[0])
        if _HEXADECIMAL.fullmatch(text):
            return _from_hexadecimal(text)
    raise EvaluationError(f"{value!r} is no double")


def _from_hexadecimal(text: str) -> float:
    try:
        return float.fromhex(text)
    except OverflowError:
        return -inf if text.startswith("-") else inf


def to_string(value: Any) -> str:
    if type(value) is str:
        return value
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is int:
        return str(value)
    if type(value) is float:
        return _double_as_text(value)
    raise EvaluationError(f"{value!r} becomes no string")


def _double_as_text(value: float) -> str:
    """The fewest digits that give the same double, as the library writes it: from a million on with an exponent.

    >>> _double_as_text(100000.0), _double_as_text(1234567.0), _double_as_text(-0.0)
    ('100000', '1.234567e+06', '-0')
    """
    shortest = repr(value)
    if not isfinite(value) or 1e-4 <= abs(value) < 1e6 or value == 0.0:
        return shortest.removesuffix(".0")
    digits = shortest.lstrip("-").partition("e")[0].replace(".", "").strip("0")
    return f"{value:.{len(digits) - 1}e}"


def to_bool(value: Any) -> bool:
    if type(value) is bool:
        return value
    if type(value) is str and value in _TRUE:
        return True
    if type(value) is str and value in _FALSE:
        return False
    raise EvaluationError(f"{value!r} is no bool")


def as_dyn(value: Any) -> Any:
    return value


CONVERSIONS: Final[dict[str, Callable[..., Any]]] = {
    "int": to_int,
    "double": to_double,
    "string": to_string,
    "bool": to_bool,
    "dyn": as_dyn,
}
