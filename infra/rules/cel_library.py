"""Checks the expressions of rules with cel-expr-python, beside the rules' own checker: two that know nothing of each other.

The library is where rules are written: at the command line and in the gateway. A TaskManager does without.
"""

from functools import lru_cache
from typing import Any, Final

from models.rules.expressions.types import DOUBLE, STRING, Type
from models.rules.variables import rule_environment
from schemas.rule_conditions import Lane
from schemas.rules import Rule, RuleError

try:
    from cel_expr_python import cel
except ImportError:
    cel = None

_TAKES_TEXT: Final = ("score", "threshold")


def is_installed() -> bool:
    return cel is not None


def check_with_library(rule: Rule) -> None:
    """Raises `RuleError` where the library refuses an expression of the rule. Does nothing where it is not installed."""
    if cel is None:
        return
    own = frozenset(each.name for each in rule.features)
    expressions = [("if", rule.if_), ("until.if", None if rule.until is None else rule.until.if_)]
    for field, text in expressions:
        if text is not None and (problem := _problem(text, rule.lane, own)) is not None:
            raise RuleError(f"rule {rule.id}: {field}: cel-expr-python: {problem}", field)
    for number, feature in enumerate(rule.features):
        where = feature.count.where
        if where is not None and (problem := _problem(where, "event", frozenset())) is not None:
            field = f"features[{number}].count.where"
            raise RuleError(f"rule {rule.id}: {field}: cel-expr-python: {problem}", field)


def _problem(text: str, lane: Lane, own: frozenset[str]) -> str | None:
    try:
        found = _environment(lane, own).compile(text).return_type()
    except RuntimeError as error:
        return " ".join(str(error).split())[:500]
    return None if found in (cel.Type.BOOL, cel.Type.DYN) else f"the expression gives {found.name()}, not bool"


@lru_cache(maxsize=100)
def _environment(lane: Lane, own: frozenset[str]) -> Any:
    known = rule_environment(lane, {name: name for name in own})
    return cel.NewEnv(
        variables={each.name: _library_type(each.type) for each in known.variables.values()},
        functions=[_declared(name) for name in known.lookups],
    )


def _declared(name: str) -> Any:
    """A function on names: for the library, one on their values."""
    one, text = cel.Type.STRING if name in _TAKES_TEXT else cel.Type.DOUBLE, cel.Type.STRING
    overloads = [cel.Overload(f"{name}_1", cel.Type.DOUBLE, [one], False)]
    if name not in _TAKES_TEXT:
        overloads.append(cel.Overload(f"{name}_2", cel.Type.DOUBLE, [one, text], False))
    return cel.FunctionDecl(name, overloads)


def _library_type(type_: Type) -> Any:
    return {DOUBLE: cel.Type.DOUBLE, STRING: cel.Type.STRING}.get(type_, cel.Type.BOOL)
