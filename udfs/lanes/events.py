"""The event lane: one event that can change a decision by itself."""

from typing import Any

from pyflink.datastream import RuntimeContext

from schemas.commands import AdjustmentCommand
from udfs.crossing_rows import Numbers, Texts, TriggerEvent
from udfs.keyed_state import KeyedStateBundle
from udfs.stages.broadcast_control import BroadcastControl
from udfs.stages.decisions import DecisionStage
from udfs.stages.evaluation import EventEvaluation
from udfs.stages.feedback import FeedbackStage
from udfs.stages.recent_clicks import RecentClicksStage


class EventLane:
    """Evaluates each trigger event once; the counter `repeated` counts the repeats."""

    def __init__(self, control: BroadcastControl, repeated: Any) -> None:
        self._repeated = repeated
        self._bundle = KeyedStateBundle("fast-lane-v2")
        self._clicks = RecentClicksStage(self._bundle)
        self._feedback = FeedbackStage(self._bundle)
        self._decisions = DecisionStage("event-decisions-v1", "event", control, self._bundle)

    def open(self, context: RuntimeContext) -> None:
        self._clicks.open(context)
        self._feedback.open(context)
        self._decisions.open(context)

    def on_row(self, numbers: Numbers, texts: Texts, ctx: Any) -> list[AdjustmentCommand]:
        evaluation = EventEvaluation(TriggerEvent.from_crossing(numbers, texts))
        # By the events' own times: in a replay a new session's first click can overtake the timer of the old one.
        self._clear_if_over(evaluation.key, evaluation.at_ms)
        commands: list[AdjustmentCommand] = []
        if self._clicks.on_event(evaluation, ctx):
            self._feedback.on_event(evaluation)
            commands = self._decisions.decide(evaluation)
        else:
            self._repeated.inc()
        self._bundle.flush(evaluation.key)
        return commands

    def on_timer(self, key: str, at_ms: int, ctx: Any) -> None:
        """Clears the session's state if the session is over, or schedules the next check."""
        self._clear_if_over(key, at_ms)
        self._clicks.schedule_timer(key, ctx)
        self._bundle.flush(key)

    def _clear_if_over(self, key: str, now_ms: int) -> None:
        if self._clicks.is_over(key, now_ms):
            self._clicks.clear(key)
            self._feedback.clear(key)
            self._decisions.clear(key)
