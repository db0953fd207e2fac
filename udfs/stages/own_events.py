"""Stage: counts the events that rules count themselves, follows their sequences, and waits for silences."""

from typing import Any

from pyflink.datastream import RuntimeContext

from models.rules.own_events import OwnEventsPlan
from models.rules.silences import (
    Beginning,
    EndedSilence,
    begin_silences,
    break_silences,
    end_silences,
    release_silences,
)
from models.state_records import OwnEventsState
from udfs.keyed_state import KeyedStateBundle, StateField
from udfs.stages.broadcast_control import BroadcastControl
from udfs.stages.evaluation import EventEvaluation


class OwnEventsStage:
    """Owns, per session, the events that own counters and sequences have to remember, and a timer for each silence.

    `wait_ms` is how much later than another a session's event may come that happened before it. It dies with the session,
    and as soon as no rule in force needs it.
    """

    def __init__(self, control: BroadcastControl, wait_ms: int, bundle: KeyedStateBundle) -> None:
        self._control = control
        self._wait_ms = wait_ms
        self._field = StateField.json("own-events-v1", OwnEventsState, bundle)

    def open(self, context: RuntimeContext) -> None:
        self._field.open(context)

    @property
    def plan(self) -> OwnEventsPlan:
        """What the rules in force ask."""
        return self._control.rules.own_events

    def end_before(self, key: str, newest_ms: int) -> list[EndedSilence]:
        """Returns the silences that no event can break any more, now that one of `newest_ms` has come, and forgets them.

        A replay brings events faster than timers fire: the silences end here then, at the same times and in the same order.
        """
        state = self._field.get(key)
        if state is None or not state.silences:
            return []
        self.plan.forget_others(state)
        oldest_ms = newest_ms - self._wait_ms
        ended = end_silences(self.plan, state, oldest_ms - 1)
        release_silences(state, oldest_ms)
        self._set(key, state)
        return ended

    def on_event(self, evaluation: EventEvaluation, newest_ms: int, ctx: Any) -> None:
        """Adds counters and complete sequences to the signals. `newest_ms` is the latest time of any event of the session."""
        plan, key, event = self.plan, evaluation.key, evaluation.event
        state = self._field.get(key)
        if state is None:
            if not plan.rules:
                return
            state = OwnEventsState()
        plan.forget_others(state)
        signals = evaluation.signals
        recorded = plan.record(state, event.fields(), event.event_id, event.at_ms, newest_ms - self._wait_ms)
        signals.scalars.update(plan.count(state, event.at_ms))
        signals.completed = plan.complete(state, recorded)
        break_silences(plan, state, recorded)
        beginning = Beginning(event.event_id, event.user_id, event.content_id, evaluation.clicks, signals)
        for deadline_ms in begin_silences(plan, state, recorded, beginning):
            ctx.timer_service().register_event_time_timer(deadline_ms)
        self._set(key, state)

    def on_timer(self, key: str, at_ms: int) -> list[EndedSilence]:
        """Returns the silences that are over at that time."""
        state = self._field.get(key)
        if state is None or not state.silences:
            return []
        self.plan.forget_others(state)
        ended = end_silences(self.plan, state, at_ms)
        self._set(key, state)
        return ended

    def clear(self, key: str) -> None:
        self._field.clear(key)

    def _set(self, key: str, state: OwnEventsState) -> None:
        self._field.set(key, state if state.logs or state.completed or state.silences else None)
