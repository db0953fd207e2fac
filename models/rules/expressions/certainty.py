"""Refuses expressions whose value, or that of a part, is certain before anything is read: nobody means such a rule."""

from collections.abc import Callable, Iterable, Iterator
from math import inf
from typing import Final, NamedTuple

from models.rules.expressions.environment import Variable
from models.rules.expressions.errors import EvaluationError, PlacedError
from models.rules.expressions.evaluator import evaluation_of
from models.rules.expressions.syntax import Call, Literal, Local, Macro, Node, Read
from models.rules.expressions.types import DOUBLE, INT

_MIRRORED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "=="}

Range = tuple[float, float]
SHARE: Final[Range] = (0.0, 1.0)


class Comparison(NamedTuple):
    """A variable against a number that is written down."""

    variable: Variable
    sign: str
    number: float
    at: int


def check_certainty(node: Node, range_of: Callable[[Variable], Range]) -> None:
    """Raises `PlacedError`. `range_of` gives the least and the greatest value of a variable."""
    _check_constants(node)
    if not any(isinstance(each, Read) for each in _all(node)):
        raise PlacedError("the expression reads nothing, so that it would always say the same", node.at)
    _check_bounds(list(comparisons(node)), range_of)


def contradiction(parts: Iterable[tuple[str, Node]], range_of: Callable[[Variable], Range]) -> tuple[str, str] | None:
    """Which of several named conditions can never hold together with those before it, and why; None where all can."""
    found: list[Comparison] = []
    for name, node in parts:
        found += comparisons(node)
        try:
            _check_bounds(found, range_of)
        except PlacedError as error:
            return name, error.problem
    return None


def comparisons(node: Node) -> Iterator[Comparison]:
    """Those that must all hold for the expression to hold."""
    if isinstance(node, Call) and node.function == "_&&_":
        for part in node.parts:
            yield from comparisons(part)
        return
    sign = node.function.strip("_") if isinstance(node, Call) else ""
    if sign in _MIRRORED and node.parts[0].type == node.parts[1].type == DOUBLE:
        left, right = node.parts
        if isinstance(left, Read) and isinstance(right, Literal):
            yield Comparison(left.variable, sign, right.value, node.at)
        elif isinstance(right, Read) and isinstance(left, Literal):
            yield Comparison(right.variable, _MIRRORED[sign], left.value, node.at)


def _all(node: Node) -> Iterator[Node]:
    yield node
    for part in node.parts:
        yield from _all(part)


def _check_constants(node: Node) -> None:
    """Evaluates the parts that read nothing, the smaller ones first."""
    for part in node.parts:
        _check_constants(part)
    if isinstance(node, Call) and node.function in ("_/_", "_%_") and _is_zero(node.parts[1]):
        raise PlacedError("division by zero: this part can never be evaluated", node.at)
    if any(isinstance(each, Read | Local | Macro) for each in _all(node)):
        return
    try:
        value = evaluation_of(node)(None, {})
    except EvaluationError as error:
        raise PlacedError(f"{error}: this part can never be evaluated", node.at) from None
    if isinstance(value, float) and (value != value or value in (inf, -inf)):
        raise PlacedError("this part is no finite number", node.at)


def _is_zero(node: Node) -> bool:
    return isinstance(node, Literal) and node.type == INT and node.value == 0


def _check_bounds(found: list[Comparison], range_of: Callable[[Variable], Range]) -> None:
    ranges: dict[str, tuple[float, bool, float, bool]] = {}
    for each in found:
        name = each.variable.name
        if name not in ranges:
            least, greatest = range_of(each.variable)
            ranges[name] = (least, False, greatest, False)
        low, is_above, high, is_below = ranges[name]
        number, sign = each.number, each.sign
        if range_of(each.variable) == SHARE and sign in ("<", "<=") and number > 1.0:
            # A share in percent, most likely.
            raise PlacedError(f"{name} {sign} {number:g} always holds; {name} lies between 0 and 1", each.at)
        if sign in (">", ">=", "==") and (number, sign == ">") > (low, is_above):
            low, is_above = number, sign == ">"
        if sign in ("<", "<=", "==") and (number, sign != "<") < (high, not is_below):
            high, is_below = number, sign == "<"
        ranges[name] = (low, is_above, high, is_below)
        if low > high or (low == high and (is_above or is_below)):
            least, greatest = range_of(each.variable)
            span = f"; {name} lies between {least:g} and {greatest:g}" if greatest < inf else ""
            if greatest == inf and least > -inf:
                span = f"; {name} is never less than {least:g}"
            raise PlacedError(f"{name} {sign} {number:g} can never hold with the rest{span}", each.at)
