"""Rules in force whose expressions could not be evaluated: counted by rule, and told once for each version."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from models.rules.compiled import CompiledRule
from schemas.rules import Rule
from udfs.stages.rule_outcomes import RuleOutcome

MAX_COUNTED_RULES: Final = 100
"""Rules with a counter of their own: Flink keeps a metric as long as the job runs."""


class RuleFailures:
    """Collects failures of evaluation. A rule that fails does not hold there; it stays in force, and the others are evaluated."""

    def __init__(self, total: Any, counter_of: Callable[[str], Any], report: Callable[[RuleOutcome], None]) -> None:
        """`total` counts all failures, `counter_of` gives a rule's counter, `report` takes the first failure of a version."""
        self._total = total
        self._counter_of = counter_of
        self._report = report
        self._counters: dict[str, Any] = {}
        self._watched: dict[str, CompiledRule] = {}
        self._reported: set[str] = set()

    def watch(self, rules: Iterable[CompiledRule]) -> None:
        """Watches the rules in force; to be called whenever they have changed."""
        watched = {each.id: each for each in rules}
        for name, compiled in watched.items():
            if self._watched.get(name) is not compiled:
                self._reported.discard(name)
                compiled.watch(self._record)
        self._reported &= watched.keys()
        self._watched = watched

    def _record(self, rule: Rule, field: str, reason: str) -> None:
        self._total.inc()
        if rule.id not in self._counters and len(self._counters) < MAX_COUNTED_RULES:
            self._counters[rule.id] = self._counter_of(rule.id)
        if (counter := self._counters.get(rule.id)) is not None:
            counter.inc()
        if rule.id not in self._reported:
            self._reported.add(rule.id)
            self._report(RuleOutcome(rule.id, rule.version, rule.lane, f"{field}: {reason}", is_in_force=True))
