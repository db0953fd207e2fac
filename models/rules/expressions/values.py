"""The operators of CEL on values: 64-bit integers, IEEE 754 doubles, code points, and equality across types.

A bool is no number, though Python calls it one; `type(x) is int` tells them apart.
"""

from collections.abc import Callable
from math import copysign, inf, nan
from typing import Any, Final

from models.rules.expressions.errors import EvaluationError

_SMALLEST: Final = -(2**63)
_LARGEST: Final = 2**63 - 1
_NUMBERS: Final = (int, float)
_ORDERED: Final = (int, float, str, bool)

MAX_TEXT: Final = 100_000
"""Characters of a text, and elements of a list, that an expression may make."""


def whole(value: int) -> int:
    if _SMALLEST <= value <= _LARGEST:
        return value
    raise EvaluationError("integer overflow")


def _no_overload(function: str, *values: Any) -> EvaluationError:
    return EvaluationError(f"no {function} for {' and '.join(type(each).__name__ for each in values)}")


def add(left: Any, right: Any) -> Any:
    kind = type(left)
    if kind is type(right):
        if kind is float:
            return left + right
        if kind is int:
            return whole(left + right)
        if kind is str or kind is list:
            if len(left) + len(right) > MAX_TEXT:
                raise EvaluationError("too long")
            return left + right
    raise _no_overload("+", left, right)


def subtract(left: Any, right: Any) -> Any:
    kind = _number_kind("-", left, right)
    return whole(left - right) if kind is int else left - right


def multiply(left: Any, right: Any) -> Any:
    kind = _number_kind("*", left, right)
    return whole(left * right) if kind is int else left * right


def divide(left: Any, right: Any) -> Any:
    """Integers towards zero.

    >>> divide(-7, 2), divide(-1.0, 0.0)
    (-3, -inf)
    """
    if _number_kind("/", left, right) is float:
        return divide_doubles(left, right)
    if right == 0:
        raise EvaluationError("division by zero")
    quotient = abs(left) // abs(right)
    return whole(quotient if (left < 0) == (right < 0) else -quotient)


def divide_doubles(left: float, right: float) -> float:
    if right != 0.0:
        return left / right
    if left == 0.0 or left != left:
        return nan
    return inf if copysign(1.0, left) == copysign(1.0, right) else -inf


def remainder(left: Any, right: Any) -> Any:
    """With the sign of `left`.

    >>> remainder(-7, 2)
    -1
    """
    if _number_kind("%", left, right) is float:
        raise _no_overload("%", left, right)
    if right == 0:
        raise EvaluationError("remainder of a division by zero")
    if right == -1 and left == _SMALLEST:
        raise EvaluationError("integer overflow")
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


def negative(value: Any) -> Any:
    if type(value) is int:
        return whole(-value)
    if type(value) is float:
        return -value
    raise _no_overload("-", value)


def inverse(value: Any) -> Any:
    if value is True:
        return False
    if value is False:
        return True
    raise _no_overload("!", value)


def equal(left: Any, right: Any) -> bool:
    """Numbers by value, whatever their types; values of other types are not equal, and NaN equals nothing."""
    kind, other = type(left), type(right)
    if kind is not other:
        # As doubles, however large the int: so the specification has it.
        if kind in _NUMBERS and other in _NUMBERS:
            return float(left) == float(right)
        return False
    if kind is list:
        return len(left) == len(right) and all(equal(one, two) for one, two in zip(left, right, strict=True))
    if kind is dict:
        return len(left) == len(right) and all(key in right and equal(value, right[key]) for key, value in left.items())
    return bool(left == right)


def unequal(left: Any, right: Any) -> bool:
    return not equal(left, right)


def less(left: Any, right: Any) -> bool:
    one, other = _ordered("<", left, right)
    return bool(one < other)


def less_or_equal(left: Any, right: Any) -> bool:
    one, other = _ordered("<=", left, right)
    return bool(one <= other)


def greater(left: Any, right: Any) -> bool:
    one, other = _ordered(">", left, right)
    return bool(one > other)


def greater_or_equal(left: Any, right: Any) -> bool:
    one, other = _ordered(">=", left, right)
    return bool(one >= other)


def _number_kind(function: str, left: Any, right: Any) -> Any:
    kind = type(left)
    if kind is type(right) and kind in _NUMBERS:
        return kind
    raise _no_overload(function, left, right)


def _ordered(function: str, left: Any, right: Any) -> tuple[Any, Any]:
    """Both as they are compared: an int and a double as doubles."""
    kind, other = type(left), type(right)
    if kind is other and kind in _ORDERED:
        return left, right
    if kind in _NUMBERS and other in _NUMBERS:
        return float(left), float(right)
    raise _no_overload(function, left, right)


def contained(value: Any, container: Any) -> bool:
    if type(container) is list:
        return any(equal(value, each) for each in container)
    if type(container) is dict:
        return type(value) in (bool, int, float, str) and key_of(value) in container
    raise _no_overload("in", value, container)


def at(container: Any, index: Any) -> Any:
    if type(container) is dict:
        key = key_of(index)
        if key in container:
            return container[key]
        raise EvaluationError(f"no such key: {str(index)[:40]}")
    if type(container) is not list or type(index) not in _NUMBERS or index != index or index in (inf, -inf):
        raise _no_overload("[ ]", container, index)
    place = int(index)
    if place != index:
        raise EvaluationError("an index is a whole number")
    if 0 <= place < len(container):
        return container[place]
    raise EvaluationError(f"no element {place} in a list of {len(container)}")


def key_of(value: Any) -> Any:
    """As the key of a Python dictionary: there 1 and true would be one key, as 1 and 1.0 shall be."""
    if type(value) is bool:
        return (value,)
    if type(value) in (int, float, str):
        return value
    raise EvaluationError(f"a {type(value).__name__} is no key")


def keys_of(value: dict[Any, Any]) -> list[Any]:
    return [key[0] if type(key) is tuple else key for key in value]


def map_from(parts: list[Any]) -> dict[Any, Any]:
    result: dict[Any, Any] = {}
    for key, value in zip(parts[::2], parts[1::2], strict=True):
        if type(key) is float:
            raise EvaluationError("a double is no key")
        place = key_of(key)
        if place in result:
            raise EvaluationError("a key stands twice in a map")
        result[place] = value
    return result


def size(value: Any) -> int:
    if type(value) in (str, list, dict):
        return len(value)
    raise _no_overload("size", value)


def starts_with(text: Any, part: Any) -> bool:
    _texts("startsWith", text, part)
    return bool(text.startswith(part))


def ends_with(text: Any, part: Any) -> bool:
    _texts("endsWith", text, part)
    return bool(text.endswith(part))


def contains(text: Any, part: Any) -> bool:
    _texts("contains", text, part)
    return part in text


def _texts(function: str, *values: Any) -> None:
    if any(type(each) is not str for each in values):
        raise _no_overload(function, *values)


OPERATORS: Final[dict[str, Callable[..., Any]]] = {
    "_+_": add,
    "_-_": subtract,
    "_*_": multiply,
    "_/_": divide,
    "_%_": remainder,
    "-_": negative,
    "!_": inverse,
    "_==_": equal,
    "_!=_": unequal,
    "_<_": less,
    "_<=_": less_or_equal,
    "_>_": greater,
    "_>=_": greater_or_equal,
    "@in": contained,
    "_[_]": at,
    "size": size,
    "startsWith": starts_with,
    "endsWith": ends_with,
    "contains": contains,
}
