"""Checks the text of rules as the job would, and lists every problem with its place."""

import re
from dataclasses import dataclass, field
from typing import Any

import msgspec
import yaml
from msgspec import Struct

from models.rules.compiled import KNOWN_FEATURES
from models.rules.evaluation import RuleSet
from schemas.rule_errors import WithinText
from schemas.rule_yaml import load_placed_yaml
from schemas.rules import MAX_FILE_CHARS, MAX_RULE_CHARS, Rule, RuleError, parse_rule, rules_or_errors
from schemas.yaml_places import Places


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

    def placed(self) -> str:
        """The problem behind its place, where that is known."""
        return self.problem if self.line is None else f"line {self.line}, column {self.column}: {self.problem}"


@dataclass
class CheckedRules:
    """The rules of a text that can be used, and the problems of the others."""

    rules: list[Rule] = field(default_factory=list)
    problems: list[RuleProblem] = field(default_factory=list)

    @property
    def is_ok(self) -> bool:
        return not self.problems

    def required(self) -> list[Rule]:
        """Returns the rules; raises `RuleError` with all problems where there are any."""
        if self.problems:
            raise RuleError("\n".join(each.placed() for each in self.problems))
        return self.rules


def check_text(text: str) -> CheckedRules:
    """Checks YAML or JSON: a list under `rules`, or one rule by itself."""
    if (single := _single(text)) is not None:
        entry, places = single
        checked = check_rules([entry])
        for problem in checked.problems:
            problem.line, problem.column = places.of(problem.field or "", problem.within) or (1, 1)
        return checked
    checked = CheckedRules()
    for found in rules_or_errors(text, KNOWN_FEATURES, check=_compile):
        if isinstance(found, RuleError):
            checked.problems.append(_problem(None, found))
        else:
            checked.rules.append(found)
    return checked


def _single(text: str) -> tuple[dict[str, Any], Places] | None:
    """A rule that stands by itself; None for anything else."""
    if len(text) > MAX_FILE_CHARS:
        return None
    try:
        document, places = load_placed_yaml(text)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    return (document, places) if isinstance(document, dict) and "rules" not in document else None


def check_rules(given: list[Any]) -> CheckedRules:
    """Checks rules as they were read from a text."""
    checked = CheckedRules()
    for entry in given:
        name = str(entry.get("id", "?"))[:80] if isinstance(entry, dict) else None
        try:
            if not isinstance(entry, dict):
                raise RuleError(
                    f"a rule is a mapping with id, version, about, lane, when and then; found {entry!r:.80}"
                )
            if len(repr(entry)) > MAX_RULE_CHARS:
                raise RuleError(f"rule {name}: longer than {MAX_RULE_CHARS} characters")
            rule = parse_rule(entry, KNOWN_FEATURES)
            _compile(rule)
        except RuleError as error:
            checked.problems.append(_problem(name, error))
        except RecursionError:
            checked.problems.append(RuleProblem(name, f"rule {name}: nested too deeply"))
        else:
            checked.rules.append(rule)
    return checked


def _compile(rule: Rule) -> None:
    """Raises `RuleError` where only compiling finds what is wrong."""
    RuleSet([rule])


def _problem(name: str | None, error: RuleError) -> RuleProblem:
    if name is None and (named := re.match(r"rule ([a-z0-9-]{1,64}):", error.message)) is not None:
        name = named[1]
    return RuleProblem(name, error.message, error.line, error.column, error.field, error.within)


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
