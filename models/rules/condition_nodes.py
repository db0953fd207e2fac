"""The short conditions of rules as expressions: the other spelling of the same."""

from collections.abc import Iterator, Mapping

from models.rules.bounds import BOUNDS
from models.rules.expressions.environment import Variable
from models.rules.expressions.syntax import Call, ListOf, Literal, Node, Read
from models.rules.expressions.types import BOOL, DOUBLE, STRING, list_of
from models.rules.lookups import SCORE, THRESHOLD, reading, score_variable
from models.rules.variables import rule_environment, text_variable
from schemas.rule_conditions import FOREST, Condition, Lane, bounds_of


def nodes_of(condition: Condition, lane: Lane, own: Mapping[str, str]) -> Iterator[Node]:
    """Expressions that are all true where the condition holds."""
    if condition.forest is not None:
        yield _score(FOREST, condition.forest)
    elif condition.detector is not None:
        yield _score(condition.detector, condition.above)
    elif condition.feature is None:
        name = condition.context or f"event.{condition.event}"
        texts = sorted({*(condition.among or ()), *([condition.equals] if condition.equals is not None else [])})
        among = ListOf(0, tuple(Literal(0, text, STRING) for text in texts))
        among.type = list_of(STRING)
        yield _test("@in", Read(0, text_variable(name, name)), among)
    else:
        yield from _bounds(condition, rule_environment(lane, own).variables[condition.feature])


def _bounds(condition: Condition, variable: Variable) -> Iterator[Node]:
    for bound in bounds_of(condition):
        what, sign, limit = BOUNDS[bound.name].comparison(getattr(condition, bound.name))
        match what:
            case "value":
                read = variable
            case "change" | "z":
                read = reading(what, variable.name, condition.against)
            case "rank":
                read = reading("rank", variable.name, "peers")
            case _:
                read = reading("nats", variable.name, what)
        yield _compared(read, sign, float(limit))


def _score(detector: str, least: str | float | None) -> Node:
    score = Read(0, score_variable(SCORE, detector))
    if least is None or isinstance(least, str):
        return _test("_>=_", score, Read(0, score_variable(THRESHOLD, detector)))
    return _test("_>=_", score, Literal(0, float(least), DOUBLE))


def _compared(variable: Variable, sign: str, limit: float) -> Node:
    return _test(f"_{sign}_", Read(0, variable), Literal(0, limit, DOUBLE))


def _test(function: str, left: Node, right: Node) -> Node:
    node = Call(0, function, (left, right))
    node.type = BOOL
    return node
