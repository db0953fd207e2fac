"""Finds the rules whose commands are to be taken back: their `until` has held, or a new context contradicts them."""

from collections.abc import Sequence
from typing import Final

from models.rules.compiled import CompiledRule
from models.rules.conditions import FeatureCondition
from models.rules.expression_condition import ExpressionCondition
from models.rules.signals import Signals
from models.state_records import DecisionState, StandingProposal

WINDOW_MS: Final = 60_000
"""Windows that share no second end so far apart; the first one that counts shares none with what the rule fired on."""


def changes_to_take_back(
    rules: Sequence[CompiledRule], signals: Signals, state: DecisionState, at_ms: int
) -> list[CompiledRule]:
    """Those of `rules`, all of which may leave, that have recovered, in their order. They and what has expired are removed from
    what stands in `state`."""
    standing = state.standing
    for name in [name for name, each in standing.items() if each.expires_at_ms <= at_ms]:
        del standing[name]
    over = [each for each in rules if each.id in standing and _is_over(each, signals, standing[each.id], at_ms)]
    for compiled in over:
        del standing[compiled.id]
        if compiled.facts.is_held:
            state.cooldown_until_ms.pop(compiled.id, None)
    return over


def _is_over(compiled: CompiledRule, signals: Signals, standing: StandingProposal, at_ms: int) -> bool:
    until = compiled.until
    if until is None:
        return compiled.facts.is_held and contradicts(compiled, signals)
    if compiled.rule.lane == "event":
        return until.holds(signals)
    if at_ms - standing.proposed_at_ms < WINDOW_MS:
        return False
    if not until.holds(signals):
        standing.streak = 0
        return False
    in_a_row = standing.streak > 0 and at_ms - standing.until_held_at_ms <= WINDOW_MS
    standing.until_held_at_ms = at_ms
    if not in_a_row:
        standing.streak, standing.counted_at_ms = 1, at_ms
    elif at_ms - standing.counted_at_ms >= WINDOW_MS:
        standing.streak, standing.counted_at_ms = standing.streak + 1, at_ms
    return standing.streak >= until.for_windows


def contradicts(compiled: CompiledRule, signals: Signals) -> bool:
    """Whether a change of context says that the rule's cause is over: it knows all that the rule asks for, and the rule fails."""
    if signals.attributes.get("event.type") != "context" or compiled.holds(signals):
        return False
    features = [each.operand for each in compiled.conditions if isinstance(each, FeatureCondition)]
    # NaN, which stands for what is unknown, equals nothing.
    return all(operand.value(signals) == operand.value(signals) for operand in features) and all(
        each.is_known(signals) for each in compiled.conditions if isinstance(each, ExpressionCondition)
    )
