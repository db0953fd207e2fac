"""Stage: evaluates the rules of a lane and remembers cooldowns and streaks."""

from collections.abc import Sequence
from typing import Any

from models.rules.compiled import CompiledRule
from models.rules.evaluation import evaluate_rules
from models.state_records import DecisionState
from schemas.commands import AdjustmentCommand
from schemas.rule_conditions import Lane
from udfs.keyed_state import KeyedStateBundle, StateField
from udfs.stages.base import LaneSetup, Stage
from udfs.stages.broadcast_control import BroadcastControl
from udfs.stages.evaluation import Evaluation, SessionEvaluation


class DecisionStage(Stage):
    """Owns, per target, the cooldowns and streaks of one lane.

    Each lane has its own: which of two lanes comes first can differ between a run and its replay, so neither may
    depend on what the other has just done.
    """

    def __init__(
        self, state: str, lane: Lane, control: BroadcastControl, bundle: KeyedStateBundle | None = None
    ) -> None:
        self._lane: Lane = lane
        self._control = control
        self._state = StateField.json(state, DecisionState, bundle)
        super().__init__(self._state)

    def on_window(self, evaluation: SessionEvaluation, ctx: Any) -> None:
        evaluation.commands = self.decide(evaluation)

    def decide(self, evaluation: Evaluation, rules: Sequence[CompiledRule] | None = None) -> list[AdjustmentCommand]:
        """Returns the commands that follow from the signals, in the order of the rules: those of the lane, or only `rules`."""
        state = self._state.get(evaluation.key) or DecisionState()
        commands, changed = evaluate_rules(
            self._control.rules.lane(self._lane) if rules is None else rules,
            evaluation.signals,
            evaluation.subject,
            state,
            evaluation.at_ms,
            evaluation.trigger,
            evaluation.resolve_placeholder,
        )
        if changed:
            self._state.set(evaluation.key, state)
        return commands


class SessionDecisionStage(DecisionStage):
    """The decisions about a session from its windows."""

    def __init__(self, setup: LaneSetup) -> None:
        super().__init__("session-decisions-v1", "session_window", setup.control, setup.bundle)
