"""Evaluates rules in order of priority, with their streaks and cooldowns, and builds the commands."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from models.rules.compiled import CompiledRule
from models.rules.signals import Signals
from models.state_records import DecisionState
from schemas.commands import AdjustmentCommand, Source, Target, command_id
from schemas.rule_conditions import Lane
from schemas.rules import Rule


class RuleSet:
    """The rules in force, compiled, by lane; higher priority first, then by id."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        self.rules = {rule.id: rule for rule in rules}
        ordered = sorted(self.rules.values(), key=lambda rule: (-rule.priority, rule.id))
        compiled = [CompiledRule(rule) for rule in ordered if rule.enabled]
        lanes: tuple[Lane, ...] = ("session_window", "content_window", "content_section", "event")
        self._lanes = {lane: [each for each in compiled if each.rule.lane == lane] for lane in lanes}

    def lane(self, lane: Lane) -> Sequence[CompiledRule]:
        return self._lanes[lane]

    def with_rule(self, rule: Rule) -> "RuleSet":
        return RuleSet([*(each for each in self.rules.values() if each.id != rule.id), rule])

    def without(self, rule_id: str) -> "RuleSet":
        return RuleSet(each for each in self.rules.values() if each.id != rule_id)


STREAK_MS: Final = 60_000
"""Length of a window: `for_windows` counts windows that share no second, so these many ms from one to the next."""

STREAK_GAP_MS: Final = 60_000
"""Windows further apart are not in a row: nobody was there in between."""


class Subject(NamedTuple):
    """Whom or what a decision is about."""

    target: Target
    session_id: str | None
    user_id: str | None
    content_id: str | None


def evaluate_rules(
    rules: Sequence[CompiledRule],
    signals: Signals,
    subject: Callable[[], Subject],
    state: DecisionState,
    at_ms: int,
    trigger: str,
    resolve_placeholder: Callable[[str], Any],
) -> tuple[list[AdjustmentCommand], bool]:
    """The commands that follow now, and whether `state` has changed.

    After a command its action is on cooldown, whichever rule asks for it again. `resolve_placeholder` gives the value of a
    placeholder in a rule's parameters; it and `subject` are called only where there is something to command.
    """
    commands: list[AdjustmentCommand] = []
    changed = False
    if state.streaks and at_ms - state.streaks_at_ms > STREAK_GAP_MS:
        state.streaks.clear()
        state.counted_at_ms.clear()
        changed = True
    for compiled in rules:
        holds = compiled.holds(signals)
        if compiled.for_windows > 1:
            holds, told = _streak(compiled, holds, state, at_ms)
            changed = changed or told
        if not holds:
            continue
        rule = compiled.rule
        if at_ms < state.cooldown_until_ms.get(rule.then.action, 0):
            continue
        commands.append(_command(compiled, signals, subject(), at_ms, trigger, resolve_placeholder))
        if signals.readings is not None:
            for name, direction in compiled.uses_up:
                signals.readings.use_up(name, direction)
        _prune_cooldowns(state, at_ms)
        state.cooldown_until_ms[rule.then.action] = at_ms + rule.cooldown_s * 1000
        changed = True
    return commands, changed


def _streak(compiled: CompiledRule, holds: bool, state: DecisionState, at_ms: int) -> tuple[bool, bool]:
    """Whether the rule has held for enough windows that share no second, and whether `state` has changed.

    It must hold in all windows between them as well.
    """
    streak = state.streaks.get(compiled.id, 0)
    if not holds:
        if streak:
            del state.streaks[compiled.id]
            state.counted_at_ms.pop(compiled.id, None)
            state.streaks_at_ms = state.streaks_at_ms if state.streaks else 0
        return False, streak > 0
    state.streaks_at_ms = at_ms
    if streak == 0 or at_ms - state.counted_at_ms.get(compiled.id, 0) >= STREAK_MS:
        streak += 1
        state.streaks[compiled.id] = streak
        state.counted_at_ms[compiled.id] = at_ms
    return streak >= compiled.for_windows, True


def _prune_cooldowns(state: DecisionState, at_ms: int) -> None:
    for action in [action for action, until in state.cooldown_until_ms.items() if until <= at_ms]:
        del state.cooldown_until_ms[action]


def _command(
    compiled: CompiledRule,
    signals: Signals,
    subject: Subject,
    at_ms: int,
    trigger: str,
    resolve_placeholder: Callable[[str], Any],
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
            name: resolve_placeholder(value) if isinstance(value, str) and value.startswith("$") else value
            for name, value in rule.then.parameters.items()
        },
        priority=rule.priority,
        source=source,
        evidence=compiled.evidence(signals),
    )
