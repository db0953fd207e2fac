"""Evaluates expressions as CEL defines it, errors and unknown values included: the tree as functions in each other."""

from collections.abc import Callable
from typing import Any, Final

from models.rules.expressions.conversions import CONVERSIONS
from models.rules.expressions.errors import EvaluationError
from models.rules.expressions.matching import compile_pattern
from models.rules.expressions.syntax import Call, ListOf, Literal, Local, Macro, MapOf, Node, Read, Select
from models.rules.expressions.values import OPERATORS, at, keys_of, map_from


class Unknown:
    """A value that is not known. There is one, `UNKNOWN`."""

    def __repr__(self) -> str:
        return "unknown"


UNKNOWN: Final = Unknown()

Frame = dict[str, Any]
"""The variables of macros."""

Evaluate = Callable[[Any, Frame], Any]
"""Takes the subject. Gives the value or `UNKNOWN`; raises `EvaluationError`."""

_FUNCTIONS: Final = {**OPERATORS, **CONVERSIONS}


def evaluation_of(node: Node) -> Evaluate:
    match node:
        case Literal():
            return _constant(node.value)
        case Local():
            return _local(node.name)
        case Read():
            return _read(node.variable.read)
        case Select():
            return _select(evaluation_of(node.operand), node.field, node.is_test)
        case Call():
            return _call(node)
        case ListOf():
            return _strict(lambda *values: list(values), node.parts)
        case MapOf():
            return _strict(lambda *values: map_from(list(values)), node.parts)
        case Macro():
            return _macro(node)
    raise AssertionError(node)


def _constant(value: Any) -> Evaluate:
    return lambda subject, frame: value


def _local(name: str) -> Evaluate:
    return lambda subject, frame: frame[name]


def _read(read: Callable[[Any], Any]) -> Evaluate:
    def evaluate(subject: Any, frame: Frame) -> Any:
        value = read(subject)
        return UNKNOWN if value is None or value != value else value

    return evaluate


def _select(operand: Evaluate, field: str, is_test: bool) -> Evaluate:
    def evaluate(subject: Any, frame: Frame) -> Any:
        value = operand(subject, frame)
        if value is UNKNOWN:
            return value
        if type(value) is not dict:
            raise EvaluationError(f"a {type(value).__name__} has no field {field}")
        return field in value if is_test else at(value, field)

    return evaluate


def _strict(function: Callable[..., Any], parts: tuple[Node, ...]) -> Evaluate:
    """The function of the values; unknown where one of them is."""
    evaluations = [evaluation_of(part) for part in parts]

    def evaluate(subject: Any, frame: Frame) -> Any:
        values = [each(subject, frame) for each in evaluations]
        for value in values:
            if value is UNKNOWN:
                return UNKNOWN
        return function(*values)

    return evaluate


def _call(node: Call) -> Evaluate:
    match node.function:
        case "_&&_":
            return _logic([evaluation_of(part) for part in node.parts], decides=False)
        case "_||_":
            return _logic([evaluation_of(part) for part in node.parts], decides=True)
        case "_?_:_":
            return _conditional(*[evaluation_of(part) for part in node.parts])
        case "matches":
            pattern: Any = node.parts[1]
            return _strict(_matches(pattern.value), node.parts[:1])
        case "_>_" | "_>=_" if _is_least(node.parts[0]):
            return _at_least(node, node.parts[0], node.parts[1])
        case "_<_" | "_<=_" if _is_least(node.parts[1]):
            return _at_least(node, node.parts[1], node.parts[0])
    return _strict(_FUNCTIONS[node.function], node.parts)


def _matches(pattern: str) -> Callable[[Any], bool]:
    compiled = compile_pattern(pattern)

    def matches(text: Any) -> bool:
        if type(text) is not str:
            raise EvaluationError("matches takes a text")
        return compiled.found_in(text)

    return matches


def _is_least(node: Node) -> bool:
    return isinstance(node, Read) and node.variable.least is not None


def _at_least(node: Call, large: Any, small: Node) -> Evaluate:
    """A comparison whose larger side is known to be no less than a value, though not itself: true if that is large enough."""
    exact = _strict(_FUNCTIONS[node.function], node.parts)
    least, limit = _read(large.variable.least), evaluation_of(small)
    holds = OPERATORS["_>=_" if "=" in node.function else "_>_"]

    def evaluate(subject: Any, frame: Frame) -> Any:
        found = exact(subject, frame)
        if found is not UNKNOWN:
            return found
        low, high = least(subject, frame), limit(subject, frame)
        return True if low is not UNKNOWN and high is not UNKNOWN and holds(low, high) else UNKNOWN

    return evaluate


def _logic(parts: list[Evaluate], decides: bool) -> Evaluate:
    """One part that is `decides` settles it, whatever the others are. Else unknown comes before an error."""

    def evaluate(subject: Any, frame: Frame) -> Any:
        error: EvaluationError | None = None
        is_unknown = False
        for part in parts:
            try:
                value = part(subject, frame)
            except EvaluationError as caught:
                error = caught
                continue
            if value is decides:
                return decides
            if value is UNKNOWN:
                is_unknown = True
            elif value is not (not decides):
                error = EvaluationError("no logic for something that is no bool")
        if is_unknown:
            return UNKNOWN
        if error is not None:
            raise error
        return not decides

    return evaluate


def _conditional(asked: Evaluate, yes: Evaluate, no: Evaluate) -> Evaluate:
    def evaluate(subject: Any, frame: Frame) -> Any:
        value = asked(subject, frame)
        if value is True:
            return yes(subject, frame)
        if value is False:
            return no(subject, frame)
        if value is UNKNOWN:
            return UNKNOWN
        raise EvaluationError("the question before ? is no bool")

    return evaluate


def _macro(node: Macro) -> Evaluate:
    over, name = evaluation_of(node.parts[0]), node.variable
    parts = [evaluation_of(part) for part in node.parts[1:]]

    def elements(subject: Any, frame: Frame) -> Any:
        value = over(subject, frame)
        if value is UNKNOWN:
            return None
        if type(value) is list:
            return value
        if type(value) is dict:
            return keys_of(value)
        raise EvaluationError(f"{node.function} goes through a list or a map")

    match node.function:
        case "all":
            return _quantified(elements, name, parts[0], decides=False)
        case "exists":
            return _quantified(elements, name, parts[0], decides=True)
        case "exists_one":
            return _one(elements, name, parts[0])
        case "filter":
            return _mapped(elements, name, parts[0], _local(name))
    return _mapped(elements, name, parts[0] if len(parts) == 2 else None, parts[-1])


def _quantified(elements: Evaluate, name: str, predicate: Evaluate, decides: bool) -> Evaluate:
    def evaluate(subject: Any, frame: Frame) -> Any:
        values = elements(subject, frame)
        if values is None:
            return UNKNOWN
        each: list[Evaluate] = [_bound(predicate, name, value) for value in values]
        return _logic(each, decides)(subject, frame)

    return evaluate


def _bound(predicate: Evaluate, name: str, value: Any) -> Evaluate:
    return lambda subject, frame: predicate(subject, {**frame, name: value})


def _one(elements: Evaluate, name: str, predicate: Evaluate) -> Evaluate:
    chosen = _mapped(elements, name, predicate, _local(name))

    def evaluate(subject: Any, frame: Frame) -> Any:
        found = chosen(subject, frame)
        return found if found is UNKNOWN else len(found) == 1

    return evaluate


def _mapped(elements: Evaluate, name: str, predicate: Evaluate | None, made: Evaluate) -> Evaluate:
    def evaluate(subject: Any, frame: Frame) -> Any:
        values = elements(subject, frame)
        if values is None:
            return UNKNOWN
        results: list[Any] = []
        is_unknown = False
        for value in values:
            inner = {**frame, name: value}
            if predicate is not None:
                chosen = predicate(subject, inner)
                if chosen is UNKNOWN:
                    is_unknown = True
                elif type(chosen) is not bool:
                    raise EvaluationError("a predicate is no bool")
                if chosen is not True:
                    continue
            result = made(subject, inner)
            is_unknown = is_unknown or result is UNKNOWN
            results.append(result)
        return UNKNOWN if is_unknown else results

    return evaluate
