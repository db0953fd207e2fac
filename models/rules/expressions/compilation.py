"""Compiles the text of an expression: parses, checks types and cost, and makes it ready to be evaluated."""

import logging
from collections.abc import Callable, Iterator
from typing import Any, Final

from models.rules.expressions.checker import check
from models.rules.expressions.cost import check_cost
from models.rules.expressions.environment import Environment, Variable
from models.rules.expressions.errors import EvaluationError, PlacedError
from models.rules.expressions.evaluator import UNKNOWN, evaluation_of
from models.rules.expressions.functions_made import function_of
from models.rules.expressions.parser import parse
from models.rules.expressions.syntax import Node, Read
from models.rules.expressions.types import BOOL, DYN, Type

_log: Final = logging.getLogger(__name__)


class CompiledExpression:
    """`holds` says whether the expression is certainly true of a subject; it never raises. What is unknown does not hold.

    `failures` counts evaluations that ended with an error, such as a division by zero; the first is logged, and `on_failure` is
    given the reason of each. `reads` are the variables that it looks at, each once and in order.
    """

    def __init__(self, text: str, node: Node, environment: Environment) -> None:
        self.text = text
        self.type: Type = node.type
        self.node = node
        self.reads: tuple[Variable, ...] = tuple({each.name: each for each in _reads(node)}.values())
        self.failures = 0
        self.on_failure: Callable[[str], None] | None = None
        self._evaluate = evaluation_of(node)
        self.holds = function_of(node, environment, self._holds_exactly) if node.type == BOOL else self._holds_exactly

    def value(self, subject: Any) -> Any:
        """The value, `evaluator.UNKNOWN` where it cannot be known. Raises `EvaluationError`."""
        return self._evaluate(subject, {})

    def _holds_exactly(self, subject: Any) -> bool:
        try:
            value = self._evaluate(subject, {})
            if type(value) is not bool and value is not UNKNOWN:
                self._failed(f"gives a {type(value).__name__}, not true or false")
            return value is True
        except EvaluationError as error:
            self._failed(str(error))
        except Exception as error:
            self._failed(f"{type(error).__name__}: {error}")
        return False

    def _failed(self, reason: str) -> None:
        self.failures += 1
        if self.failures == 1:
            _log.warning("an expression cannot be evaluated and does not hold: %s: %s", reason, self.text[:200])
        if self.on_failure is not None:
            self.on_failure(reason)


def compile_expression(text: str, environment: Environment, wanted: Type | None = BOOL) -> CompiledExpression:
    """Raises `ExpressionError` with the place. `wanted` is the type that the value must have; None allows any.

    >>> from models.rules.expressions.environment import mapping_environment
    >>> from models.rules.expressions.types import STRING
    >>> event = mapping_environment({"page_url": STRING})
    >>> compile_expression('page_url.startsWith("/pricing")', event).holds({"page_url": "/pricing/teams"})
    True
    >>> compile_expression('page_ur == "/"', event)
    Traceback (most recent call last):
    models.rules.expressions.errors.ExpressionError: line 1, column 1: the variable page_ur is not known; did you mean page_url?
    """
    try:
        node = check(parse(text), environment)
        check_cost(node)
        if wanted is not None and node.type not in (wanted, DYN):
            asked = "true or false" if wanted == BOOL else str(wanted)
            raise PlacedError(f"the expression is to give {asked}; it gives {node.type}", 0)
    except PlacedError as problem:
        raise problem.in_text(text) from None
    return CompiledExpression(text, node, environment)


def _reads(node: Node) -> Iterator[Variable]:
    if isinstance(node, Read):
        yield node.variable
    for part in node.parts:
        yield from _reads(part)
