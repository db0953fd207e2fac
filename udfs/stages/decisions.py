"""Stage: evaluates the rules of a lane and remembers cooldowns, streaks and what stands."""

from collections.abc import Sequence
from typing import Any

from models.arbitration.proposed_change import ProposedChange
from models.rules.compiled import CompiledRule
from models.rules.evaluation import Moment, evaluate_rules
from models.rules.held_causes import next_renewal_ms, renewals
from models.state_records import DecisionState
from models.state_texts import decisions_text, read_decisions
from schemas.rule_conditions import Lane
from udfs.keyed_state import KeyedStateBundle, StateField
from udfs.stages.base import LaneSetup, Stage
from udfs.stages.broadcast_control import BroadcastControl
from udfs.stages.evaluation import Evaluation, SessionEvaluation


class DecisionStage(Stage):
    """Owns, per target, the cooldowns and streaks of one lane.

    Each lane has its own: which of two lanes comes first can differ between a run and its replay, so neither may
    depend on what the other has just done. The arbiter, which both propose to, puts them in order.
    """

    def __init__(
        self, state: str, lane: Lane, control: BroadcastControl, bundle: KeyedStateBundle | None = None
    ) -> None:
        self._lane: Lane = lane
        self._control = control
        self._state = StateField(state, decisions_text, read_decisions, bundle)
        super().__init__(self._state)

    def on_window(self, evaluation: SessionEvaluation, ctx: Any) -> None:
        evaluation.changes += self.decide(evaluation)

    def decide(self, evaluation: Evaluation, rules: Sequence[CompiledRule] | None = None) -> list[ProposedChange]:
        """Returns the proposals that follow from the signals: what is taken back first, then in the order of the rules: those of
        the lane, or only `rules`."""
        state = self._state.get(evaluation.key) or DecisionState()
        in_force = self._control.rules
        changes, changed = evaluate_rules(
            in_force.lane(self._lane) if rules is None else rules,
            evaluation.signals,
            evaluation.subject,
            state,
            Moment(evaluation.at_ms, evaluation.trigger, evaluation.session_since_ms),
            evaluation.resolve_placeholder,
            in_force.screen(self._lane) if rules is None else None,
        )
        if changed:
            self._state.set(evaluation.key, state)
        return changes

    def renew(self, key: str, until_ms: int) -> list[ProposedChange]:
        """Returns the proposals up to `until_ms` whose cause goes on, though nothing has happened."""
        state = self._state.get(key)
        if state is None or not state.standing:
            return []
        changes = renewals(self._control.rules.lane(self._lane), state, until_ms)
        if changes:
            self._state.set(key, state)
        return changes

    def schedule_renewal(self, key: str, ctx: Any) -> None:
        """Registers a timer for the next renewal, if there is anything to renew."""
        state = self._state.get(key)
        due_ms = None if state is None else next_renewal_ms(state)
        if due_ms is not None:
            ctx.timer_service().register_event_time_timer(due_ms)


class SessionDecisionStage(DecisionStage):
    """The decisions about a session from its windows."""

    def __init__(self, setup: LaneSetup) -> None:
        super().__init__("session-decisions-v1", "session_window", setup.control, setup.bundle)
