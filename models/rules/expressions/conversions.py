"""The conversions of CEL between numbers, texts and truth values."""

import re
from collections.abc import Callable
from typing import Any, Final

from models.rules.expressions.errors import EvaluationError
from models.rules.expressions.values import whole

_WHOLE: Final = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_DECIMAL: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?", re.ASCII)
_TRUE: Final = ("1", "t", "true", "TRUE", "True")
_FALSE: Final = ("0", "f", "false", "FALSE", "False")
_TOO_LARGE: Final = 2.0**63


def to_int(value: Any) -> int:
    """A double loses its fraction.

    >>> to_int(-1.9), to_int("42")
    (-1, 42)
    """
    if type(value) is int:
        return value
    if type(value) is float and -_TOO_LARGE < value < _TOO_LARGE:
        return int(value)
    if type(value) is str and _WHOLE.fullmatch(value):
        return whole(int(value))
    raise EvaluationError(f"{value!r} is no int")


def to_double(value: Any) -> float:
    if type(value) is float or type(value) is int:
        return float(value)
    if type(value) is str:
        if _DECIMAL.fullmatch(value):
            return float(value)
        if value in ("NaN", "inf", "-inf", "Infinity", "-Infinity"):
            return float(value)
    raise EvaluationError(f"{value!r} is no double")


def to_string(value: Any) -> str:
    if type(value) is str:
        return value
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is int:
        return str(value)
    raise EvaluationError(f"{value!r} becomes no string")


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
