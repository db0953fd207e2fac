"""Checks the text of rules as the job would, and lists every problem with its place."""

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import yaml
from msgspec import Struct

from models.rules.compiled import KNOWN_FEATURES
from models.rules.evaluation import RuleSet
from schemas.rule_yaml import AmbiguousValueError, load_yaml
from schemas.rules import MAX_RULE_BYTES, Rule, RuleError, parse_rule

MAX_FILE_BYTES: Final = 4_194_304


class RuleProblem(Struct):
    """`line` and `column` count from 1; None where the place is unknown."""

    rule: str | None
    problem: str
    line: int | None = None
    column: int | None = None


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
            raise RuleError("\n".join(each.problem for each in self.problems))
        return self.rules


def check_text(text: str) -> CheckedRules:
    """Checks YAML or JSON: a list under `rules`, or one rule by itself."""
    if len(text.encode("utf-8", "replace")) > MAX_FILE_BYTES:
        return _failed(f"the text is longer than {MAX_FILE_BYTES} bytes")
    try:
        document = load_yaml(text)
    except AmbiguousValueError as error:
        return _failed(str(error), *_place(error))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = (None, None) if mark is None else (mark.line + 1, mark.column + 1)
        return _failed(f"not YAML: {error}", *place)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        return _failed(f"not YAML: {type(error).__name__}: {error}")
    if isinstance(document, dict) and "rules" not in document:
        return check_rules([document])
    if not isinstance(document, dict) or not isinstance(document["rules"], list):
        return _failed("give a list of rules under `rules`, or one rule")
    return check_rules(document["rules"])


def check_rules(given: list[Any]) -> CheckedRules:
    """Checks rules as they were read from a text."""
    checked = CheckedRules()
    seen: set[str] = set()
    for entry in given:
        name = str(entry.get("id", "?")) if isinstance(entry, dict) else None
        try:
            if not isinstance(entry, dict):
                raise RuleError(
                    f"a rule is a mapping with id, version, about, lane, when and then; found {entry!r:.80}"
                )
            if len(repr(entry)) > MAX_RULE_BYTES:
                raise RuleError(f"rule {name}: longer than {MAX_RULE_BYTES} bytes")
            rule = parse_rule(entry, KNOWN_FEATURES)
            if rule.id in seen:
                raise RuleError(f"rule {rule.id}: the id stands twice")
            RuleSet([rule])
        except RuleError as error:
            checked.problems.append(RuleProblem(name, str(error), *_place(error)))
        except RecursionError:
            checked.problems.append(RuleProblem(name, f"rule {name}: nested too deeply"))
        else:
            seen.add(rule.id)
            checked.rules.append(rule)
    return checked


def _failed(problem: str, line: int | None = None, column: int | None = None) -> CheckedRules:
    return CheckedRules(problems=[RuleProblem(None, problem, line, column)])


def _place(error: Exception) -> tuple[int | None, int | None]:
    line, column = getattr(error, "line", None), getattr(error, "column", None)
    return (line if isinstance(line, int) else None, column if isinstance(column, int) else None)


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
