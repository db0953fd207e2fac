"""Lists rules with where each is in force, from the topic and from what the job acknowledges of its own file."""

from dataclasses import dataclass
from typing import Literal

from infra.rules.in_force import InForce, judge_acks
from infra.rules.rule_topics import RuleTopics
from infra.rules.shipped import shipped_rules
from schemas.control_acks import ControlAck
from schemas.rule_history import RuleChange
from schemas.rules import Rule


@dataclass(frozen=True, slots=True)
class RuleEntry:
    """One rule. `origin` is `shipped` for a rule of the job's own file; its text is known where it is the bundled one.

    `problem` says why the newest record of the topic is no rule; `raw` is that record.
    """

    id: str
    origin: Literal["topic", "shipped"]
    version: int | None
    rule: Rule | None
    problem: str | None
    in_force: InForce
    last_change: RuleChange | None
    raw: str | None = None


def list_rules(topics: RuleTopics) -> list[RuleEntry]:
    """Lists the rules by id. Raises `StreamError`."""
    standing, acks, history = topics.rules(), topics.acks(), topics.changes()
    shipped = {rule.id: rule for rule in shipped_rules()}
    entries = []
    for name in sorted({*standing.rules, *standing.broken, *acks, *shipped}):
        given = list(acks.get(name, {}).values())
        last = history[name][-1] if name in history else None
        if name in standing.rules:
            rule = standing.rules[name]
            found = judge_acks(given, rule.version)
            entries.append(RuleEntry(name, "topic", rule.version, rule, None, found, last))
        elif name in standing.broken:
            problem = standing.broken[name]
            found = InForce("refused", judge_acks(given, None).acks, [], problem)
            entries.append(RuleEntry(name, "topic", None, None, problem, found, last, standing.raw[name]))
        elif (entry := _of_file(name, given, shipped.get(name), last)) is not None:
            entries.append(entry)
    return entries


def _of_file(name: str, acks: list[ControlAck], shipped: Rule | None, last: RuleChange | None) -> RuleEntry | None:
    """A rule of the job's file; None where it was deleted."""
    if not acks:
        if shipped is None:
            return None
        unknown = InForce("unknown", [], [], None)
        return RuleEntry(name, "shipped", shipped.version, shipped, None, unknown, last)
    version = max(acks, key=lambda ack: ack.acknowledged_at_ms).version
    if version is None:
        return None
    text = shipped if shipped is not None and shipped.version == version else None
    return RuleEntry(name, "shipped", version, text, None, judge_acks(acks, version), last)
