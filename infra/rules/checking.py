"""Checks the text of rules as the job would, and lists every problem with its place."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import yaml
from msgspec import Struct

from models.rules.cel_library import check_rule
from models.rules.compiled import KNOWN_FEATURES
from schemas.rule_conditions import DETECTORS
from schemas.rule_errors import WithinText
from schemas.rules import Rule, RuleError, entries_or_errors, rules_or_errors


class RuleProblem(Struct):
    """`line` and `column` count from 1; None where the place is unknown."""

    rule: str | None
    problem: str
    line: int | None = None
    column: int | None = None
    field: str | None = None
    """Path of the field, such as ``when[0].above``."""
    within: WithinText | None = None
    """Place in the text of the field."""

    def placed(self, file: str) -> str:
        """The problem behind its place, as far as that is known."""
        place = "" if self.line is None else f":{self.line}" + ("" if self.column is None else f":{self.column}")
        return f"{file}{place}: {self.problem}"


@dataclass
class CheckedRules:
    """The rules of a text that can be used, and the problems of the others."""

    rules: list[Rule] = field(default_factory=list)
    problems: list[RuleProblem] = field(default_factory=list)

    @property
    def is_ok(self) -> bool:
        return not self.problems

    def required(self, file: str) -> list[Rule]:
        """Returns the rules of that file; raises `RuleError` with all problems where there are any."""
        if self.problems:
            raise RuleError("\n".join(each.placed(file) for each in self.problems))
        return self.rules


def check_text(text: str) -> CheckedRules:
    """Checks YAML or JSON: a list under `rules`, or one rule by itself."""
    return _checked(rules_or_errors(text, KNOWN_FEATURES, DETECTORS, check_rule, may_be_one=True))


def check_rules(given: list[Any]) -> CheckedRules:
    """Checks rules as they were read from a text."""
    return _checked(entries_or_errors(given, KNOWN_FEATURES, DETECTORS, check_rule))


def _checked(found: Iterable[Rule | RuleError]) -> CheckedRules:
    checked = CheckedRules()
    for each in found:
        if isinstance(each, Rule):
            checked.rules.append(each)
        else:
            problem = RuleProblem(each.rule, each.message, each.line, each.column, each.field, each.within)
            checked.problems.append(problem)
    return checked


def as_text(rule: Rule) -> str:
    """Writes a rule as YAML that `check_text` reads as the same rule; as JSON where YAML would not be.

    >>> from infra.rules.shipped import shipped_rules
    >>> all(check_text(as_text(rule)).rules == [rule] for rule in shipped_rules())
    True
    """
    given = msgspec.to_builtins(rule)
    text = yaml.safe_dump(given, sort_keys=False, allow_unicode=True, width=120)
    if check_text(text).rules == [rule]:
        return text
    return msgspec.json.format(msgspec.json.encode(rule)).decode()
