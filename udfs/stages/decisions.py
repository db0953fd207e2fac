"""Stage: evaluates the rules of a lane and remembers cooldowns and streaks."""

from collections.abc import Sequence

from pyflink.datastream import RuntimeContext

from models.rules.compiled import CompiledRule
from models.rules.evaluation import evaluate_rules
from models.state_records import DecisionState
from schemas.commands import AdjustmentCommand
from udfs.keyed_state import KeyedStateBundle, StateField
from udfs.stages.evaluation import Evaluation


class DecisionStage:
    """Owns, per target, the cooldowns and streaks of one lane.

    Each lane has its own: which of two lanes comes first can differ between a run and its replay, so neither may
    depend on what the other has just done.
    """

    def __init__(self, state: str, bundle: KeyedStateBundle | None = None) -> None:
        self._field = StateField.json(state, DecisionState, bundle)

    def open(self, context: RuntimeContext) -> None:
        self._field.open(context)

    def decide(self, evaluation: Evaluation, rules: Sequence[CompiledRule]) -> list[AdjustmentCommand]:
        """Returns the commands that follow, in the order of the rules."""
        state = self._field.get(evaluation.key) or DecisionState()
        commands, changed = evaluate_rules(
            rules,
            evaluation.facts,
            evaluation.subject,
            state,
            evaluation.at_ms,
            evaluation.trigger,
            evaluation.resolve_placeholder,
        )
        if changed:
            self._field.set(evaluation.key, state)
        return commands

    def clear(self, key: str) -> None:
        self._field.clear(key)
