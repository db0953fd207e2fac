"""From what holds to what is commanded: rules in order, streaks, cooldowns, and the command itself."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from models.rules.compiled import CompiledRule, Facts
from models.state_records import DecisionState
from schemas.commands import AdjustmentCommand, Source, Target, command_id
from schemas.rules import Lane, Rule


class RuleBook:
    """The rules in force, compiled, by lane; higher priority first, then by id."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = {rule.id: rule for rule in rules}
        ordered = sorted(self.rules.values(), key=lambda rule: (-rule.priority, rule.id))
        compiled = [CompiledRule(rule) for rule in ordered if rule.enabled]
        lanes: tuple[Lane, ...] = ("session_window", "content_window", "event")
        self._lanes = {lane: [each for each in compiled if each.rule.lane == lane] for lane in lanes}

    def lane(self, lane: Lane) -> Sequence[CompiledRule]:
        return self._lanes[lane]

    def with_rule(self, rule: Rule) -> "RuleBook":
        return RuleBook([*(each for each in self.rules.values() if each.id != rule.id), rule])

    def without(self, rule_id: str) -> "RuleBook":
        return RuleBook(each for each in self.rules.values() if each.id != rule_id)


STREAK_GAP_MS: Final = 60_000
"""Windows further apart are not in a row: nobody was there in between."""


class Subject(NamedTuple):
    """Whom or what a decision is about."""

    target: Target
    session_id: str | None
    user_id: str | None
    content_id: str | None


def decide(
    rules: Sequence[CompiledRule],
    facts: Facts,
    subject: Callable[[], Subject],
    memory: DecisionState,
    at_ms: int,
    trigger: str,
    fill: Callable[[str], Any],
) -> tuple[list[AdjustmentCommand], bool]:
    """The commands that follow now, and whether `memory` has changed.

    An action that was commanded rests for the rule's cooldown, whichever rule asks for it again. `fill` gives the
    value of a placeholder in a rule's parameters; it and `subject` are asked only where there is something to command.
    """
    commands: list[AdjustmentCommand] = []
    changed = False
    if memory.streaks and at_ms - memory.streaks_at_ms > STREAK_GAP_MS:
        memory.streaks.clear()
        changed = True
    for compiled in rules:
        holds = compiled.holds(facts)
        if compiled.for_windows > 1:
            streaks = memory.streaks
            streak = streaks.get(compiled.id, 0)
            if holds:
                streaks[compiled.id] = streak + 1
                memory.streaks_at_ms = at_ms
                changed = True
                holds = streak + 1 >= compiled.for_windows
            elif streak:
                del streaks[compiled.id]
                memory.streaks_at_ms = memory.streaks_at_ms if streaks else 0
                changed = True
        if not holds:
            continue
        rule = compiled.rule
        if at_ms < memory.cooldown_until_ms.get(rule.then.action, 0):
            continue
        commands.append(_command(compiled, facts, subject(), at_ms, trigger, fill))
        _forget_rested(memory, at_ms)
        memory.cooldown_until_ms[rule.then.action] = at_ms + rule.cooldown_s * 1000
        changed = True
    return commands, changed


def _forget_rested(memory: DecisionState, at_ms: int) -> None:
    for action in [action for action, until in memory.cooldown_until_ms.items() if until <= at_ms]:
        del memory.cooldown_until_ms[action]


def _command(
    compiled: CompiledRule,
    facts: Facts,
    subject: Subject,
    at_ms: int,
    trigger: str,
    fill: Callable[[str], Any],
) -> AdjustmentCommand:
    rule = compiled.rule
    source = Source(rule.source, rule.id, rule.version)
    return AdjustmentCommand(
        command_id=command_id(subject.target, source, trigger),
        issued_at_ms=at_ms,
        expires_at_ms=at_ms + rule.expires_s * 1000,
        target=subject.target,
        session_id=subject.session_id,
        user_id=subject.user_id,
        content_id=subject.content_id,
        action=rule.then.action,
        parameters={
            name: fill(value) if isinstance(value, str) and value.startswith("$") else value
            for name, value in rule.then.parameters.items()
        },
        priority=rule.priority,
        source=source,
        evidence=compiled.evidence(facts),
    )
