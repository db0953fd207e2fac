"""The event lane: one event that can change a decision by itself."""

from typing import Any

from pyflink.datastream import RuntimeContext

from models.arbitration.proposed_change import ProposedChange
from udfs.crossing_rows import Numbers, Texts, TriggerEvent
from udfs.keyed_state import KeyedStateBundle
from udfs.stages.broadcast_control import BroadcastControl
from udfs.stages.decisions import DecisionStage
from udfs.stages.evaluation import EventEvaluation
from udfs.stages.event_context import add_event_context
from udfs.stages.feedback import FeedbackStage
from udfs.stages.recent_clicks import RecentClicksStage


class EventLane:
    """Evaluates each trigger event once; the counter `repeated` counts the repeats."""

    def __init__(self, control: BroadcastControl, repeated: Any) -> None:
        self._repeated = repeated
        self._catalogue = control.content.catalogue
        self._bundle = KeyedStateBundle("fast-lane-v2")
        self._clicks = RecentClicksStage(self._bundle)
        self._feedback = FeedbackStage(self._bundle)
        self._decisions = DecisionStage("event-decisions-v1", "event", control, self._bundle)

    def open(self, context: RuntimeContext) -> None:
        self._clicks.open(context)
        self._feedback.open(context)
        self._decisions.open(context)

    def on_row(self, numbers: Numbers, texts: Texts, ctx: Any) -> list[ProposedChange]:
        evaluation = EventEvaluation(TriggerEvent.from_crossing(numbers, texts))
        key, at_ms = evaluation.key, evaluation.at_ms
        # By the events' own times: in a replay a new session's first click can overtake the timer of the old one.
        changes = self._renew(key, at_ms)
        self._clear_if_over(key, at_ms)
        if self._clicks.on_event(evaluation, ctx):
            add_event_context(evaluation, self._catalogue)
            self._feedback.on_event(evaluation)
            changes += self._decisions.decide(evaluation)
            if changes:
                self._decisions.schedule_renewal(key, ctx)
        else:
            self._repeated.inc()
        self._bundle.flush(key)
        return changes

    def on_timer(self, key: str, at_ms: int, ctx: Any) -> list[ProposedChange]:
        """Renews what is due; clears the session's state if the session is over, or schedules the next check."""
        changes = self._renew(key, at_ms)
        self._clear_if_over(key, at_ms)
        self._clicks.schedule_timer(key, ctx)
        self._decisions.schedule_renewal(key, ctx)
        self._bundle.flush(key)
        return changes

    def _renew(self, key: str, now_ms: int) -> list[ProposedChange]:
        return self._decisions.renew(key, min(now_ms, self._clicks.end_ms(key) - 1))

    def _clear_if_over(self, key: str, now_ms: int) -> None:
        if self._clicks.is_over(key, now_ms):
            self._clicks.clear(key)
            self._feedback.clear(key)
            self._decisions.clear(key)
