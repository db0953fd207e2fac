"""Checks the expressions of rules with cel-expr-python, beside the rules' own checker: two that know nothing of each other.

The library is where rules are written: at the command line, in the gateway, and where the job is submitted. A TaskManager does
without.
"""

import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, Final

from models.rules.compiled import CompiledRule
from models.rules.expressions.types import DOUBLE, STRING, Type
from models.rules.matchers import EVENT_FIELDS
from models.rules.variables import rule_environment
from schemas.events import CROSSING_TYPES
from schemas.rule_conditions import Lane
from schemas.rules import Rule, RuleError

try:
    from cel_expr_python import cel
except ImportError:
    cel = None

_TAKES_TEXT: Final = ("score", "threshold")
_NAMELESS: Final = re.compile(r"\btype\b")
"""An event's field that the library takes for a function of its own: expressions with it are left to the rules' checker."""


def is_installed() -> bool:
    return cel is not None


def check_rule(rule: Rule) -> None:
    """Compiles a rule as the job does, and asks the library. Raises `RuleError`."""
    CompiledRule(rule)
    check_with_library(rule)


def check_with_library(rule: Rule) -> None:
    """Raises `RuleError` where the library refuses an expression of the rule. Does nothing where it is not installed."""
    if cel is None:
        return
    of_rule = partial(_of_rule, rule.lane, frozenset(each.name for each in rule.features))
    checks: list[tuple[str, str | None, Callable[[], Any]]] = [
        ("if", rule.if_, of_rule),
        ("until.if", None if rule.until is None else rule.until.if_, of_rule),
        *(
            (f"features[{number}].count.where", each.count.where, _of_event)
            for number, each in enumerate(rule.features)
        ),
        *((f"sequence[{number}]", each, _of_event) for number, each in enumerate(rule.sequence)),
        ("without", rule.without, _of_event),
    ]
    for field, text, environment in checks:
        if text is None or text in CROSSING_TYPES or (environment is _of_event and _NAMELESS.search(text)):
            continue
        if (problem := _problem(text, environment())) is not None:
            raise RuleError(f"rule {rule.id}: {field}: cel-expr-python: {problem}", field)


def _problem(text: str, environment: Any) -> str | None:
    try:
        found = environment.compile(text).return_type()
    except RuntimeError as error:
        return " ".join(str(error).split())[:500]
    return None if found in (cel.Type.BOOL, cel.Type.DYN) else f"the expression gives {found.name()}, not bool"


@lru_cache(maxsize=100)
def _of_rule(lane: Lane, own: frozenset[str]) -> Any:
    known = rule_environment(lane, {name: name for name in own})
    return cel.NewEnv(
        variables={each.name: _library_type(each.type) for each in known.variables.values()},
        functions=[_declared(name) for name in known.lookups],
    )


@lru_cache(maxsize=1)
def _of_event() -> Any:
    return cel.NewEnv(variables={name: _library_type(each) for name, each in EVENT_FIELDS.items() if name != "type"})


def _declared(name: str) -> Any:
    """A function on names: for the library, one on their values."""
    one, text = cel.Type.STRING if name in _TAKES_TEXT else cel.Type.DOUBLE, cel.Type.STRING
    overloads = [cel.Overload(f"{name}_1", cel.Type.DOUBLE, [one], False)]
    if name not in _TAKES_TEXT:
        overloads.append(cel.Overload(f"{name}_2", cel.Type.DOUBLE, [one, text], False))
    return cel.FunctionDecl(name, overloads)


def _library_type(type_: Type) -> Any:
    return {DOUBLE: cel.Type.DOUBLE, STRING: cel.Type.STRING}.get(type_, cel.Type.BOOL)
