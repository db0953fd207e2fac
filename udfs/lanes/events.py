"""The event lane: one event that can change a decision by itself."""

from typing import Any

from pyflink.datastream import RuntimeContext

from models.arbitration.proposed_change import ProposedChange
from models.rules.silences import EndedSilence
from schemas.events import FAST_TYPES
from udfs.crossing_rows import Numbers, Texts, TriggerEvent
from udfs.keyed_state import KeyedStateBundle
from udfs.stages.broadcast_control import BroadcastControl
from udfs.stages.decisions import DecisionStage
from udfs.stages.evaluation import EventEvaluation, SilenceEvaluation
from udfs.stages.event_context import add_event_context
from udfs.stages.feedback import FeedbackStage
from udfs.stages.own_events import OwnEventsStage
from udfs.stages.recent_clicks import RecentClicksStage


class EventLane:
    """Evaluates each trigger event once; the counter `repeated` counts the repeats.

    Other events than those of `FAST_TYPES` are looked at only where rules count them, have them in a sequence or name their type
    in a condition, and by these rules alone. `wait_ms` is how much later than another a session's event may come that happened
    before it.
    """

    def __init__(self, control: BroadcastControl, repeated: Any, wait_ms: int) -> None:
        self._repeated = repeated
        self._control = control
        self._catalogue = control.content.catalogue
        self._bundle = KeyedStateBundle("fast-lane-v2")
        self._clicks = RecentClicksStage(self._bundle)
        self._feedback = FeedbackStage(self._bundle)
        self._own = OwnEventsStage(control, wait_ms, self._bundle)
        self._decisions = DecisionStage("event-decisions-v1", "event", control, self._bundle)
        # Apart: silences end in the order of time, events are decided in the order in which they come.
        self._silences = DecisionStage("silence-decisions-v1", "event", control, self._bundle)

    def open(self, context: RuntimeContext) -> None:
        self._clicks.open(context)
        self._feedback.open(context)
        self._own.open(context)
        self._decisions.open(context)
        self._silences.open(context)

    def on_row(self, numbers: Numbers, texts: Texts, ctx: Any) -> list[ProposedChange]:
        event = TriggerEvent.from_crossing(numbers, texts)
        plan = self._control.rules.own_events
        is_fast = event.type in FAST_TYPES
        if not is_fast and event.type not in plan.types:
            return []
        evaluation = EventEvaluation(event)
        key, at_ms = evaluation.key, evaluation.at_ms
        newest_ms = max(at_ms, self._clicks.latest_ms(key))
        # By the events' own times: in a replay a new session's first click can overtake the timer of the old one.
        changes = self._renew(key, at_ms)
        changes += self._decide_silences(key, self._own.end_before(key, newest_ms))
        self._clear_if_over(key, at_ms)
        if self._clicks.on_event(evaluation, ctx):
            add_event_context(evaluation, self._catalogue)
            self._feedback.on_event(evaluation)
            self._own.on_event(evaluation, newest_ms, ctx)
            decided = self._decisions.decide(evaluation, None if is_fast else plan.asked)
            if changes or decided:
                self._decisions.schedule_renewal(key, ctx)
            changes += decided
        else:
            self._repeated.inc()
        self._bundle.flush(key)
        return changes

    def on_timer(self, key: str, at_ms: int, ctx: Any) -> list[ProposedChange]:
        """Renews what is due and decides about the silences that are over; clears the session's state if the session is over,
        or schedules the next check."""
        changes = self._renew(key, at_ms)
        changes += self._decide_silences(key, self._own.on_timer(key, at_ms))
        self._clear_if_over(key, at_ms)
        self._clicks.schedule_timer(key, ctx)
        self._decisions.schedule_renewal(key, ctx)
        self._bundle.flush(key)
        return changes

    def _renew(self, key: str, now_ms: int) -> list[ProposedChange]:
        return self._decisions.renew(key, min(now_ms, self._clicks.end_ms(key) - 1))

    def _decide_silences(self, key: str, ended: list[EndedSilence]) -> list[ProposedChange]:
        changes: list[ProposedChange] = []
        for each in ended:
            evaluation = SilenceEvaluation(key, each)
            evaluation.session_since_ms = self._clicks.since_ms(key)
            changes += self._silences.decide(evaluation, [each.rule])
        for change in changes:
            # Whether an event that happened a moment later comes before or after the end of a silence is chance. So the
            # arbiter decides about a silence when event time has passed its end, as about a window.
            change.lane = "window"
        return changes

    def _clear_if_over(self, key: str, now_ms: int) -> None:
        if self._clicks.is_over(key, now_ms):
            self._clicks.clear(key)
            self._feedback.clear(key)
            self._own.clear(key)
            self._decisions.clear(key)
            self._silences.clear(key)
