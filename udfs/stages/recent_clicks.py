"""Stage: drops repeated events, counts recent clicks, adds what a trigger event says to the signals."""

from typing import Any, Final

from pyflink.datastream import RuntimeContext

from models.recent_clicks import CLICK_TTL_MS, Click, append_click, clicks_within, count_returns
from models.session_clock import SESSION_END_MS
from models.state_records import FastLaneState
from schemas.events import RECOMMENDED
from udfs.crossing_rows import TriggerEvent
from udfs.keyed_state import KeyedStateBundle, StateField
from udfs.stages.evaluation import EventEvaluation

MAX_KNOWN_IDS: Final = 32
"""Ids remembered per session: a sender repeats within seconds, not after dozens of clicks."""


class RecentClicksStage:
    """Owns the ring of event ids and the recent clicks of each session."""

    def __init__(self, bundle: KeyedStateBundle | None = None) -> None:
        self._field = StateField.json("gestures-v1", FastLaneState, bundle)

    def open(self, context: RuntimeContext) -> None:
        self._field.open(context)

    def on_event(self, evaluation: EventEvaluation, ctx: Any) -> bool:
        """Adds what the event says to the signals. False for a repeated event, which changes nothing."""
        event, signals = evaluation.event, evaluation.signals
        known = self._field.get(evaluation.key)
        state = known or FastLaneState()
        if event.event_id in state.ids:
            return False
        state.ids = [*state.ids[1 - MAX_KNOWN_IDS :], event.event_id]
        state.latest_ms = max(state.latest_ms, event.at_ms)
        if known is None:
            state.since_ms = event.at_ms
        evaluation.session_since_ms = state.since_ms or None
        if event.type == "click":
            state.clicks = append_click(state.clicks, _click(event))
        self._field.set(evaluation.key, state)
        if known is None:
            self.schedule_timer(evaluation.key, ctx)
        evaluation.clicks = clicks_within(state.clicks, event.at_ms)
        scalars = signals.scalars
        scalars["recent_clicks"] = float(len(evaluation.clicks))
        scalars["recent_recommended_clicks"] = float(sum(click.recommended for click in evaluation.clicks))
        scalars["returns"] = float(count_returns(clicks_within(state.clicks, event.at_ms, CLICK_TTL_MS)))
        if event.type == "feedback":
            scalars["rating"] = event.value
        signals.attributes.update(
            {
                "event.type": event.type,
                "event.placement": event.placement,
                "event.element": event.element,
                "event.content_type": event.content_type,
                "event.page_url": event.page_url,
            }
        )
        return True

    def schedule_timer(self, key: str, ctx: Any) -> None:
        """Registers the timer that checks whether the session is over. One per session is pending, renewed when it fires."""
        state = self._field.get(key)
        if state is not None:
            ctx.timer_service().register_event_time_timer(state.latest_ms + SESSION_END_MS)

    def latest_ms(self, key: str) -> int:
        """Returns the time of the session's latest event; 0 before the first."""
        state = self._field.get(key)
        return 0 if state is None else state.latest_ms

    def since_ms(self, key: str) -> int | None:
        """Returns when the session began; None where that is not known."""
        state = self._field.get(key)
        return None if state is None else state.since_ms or None

    def is_over(self, key: str, now_ms: int) -> bool:
        """Whether the latest event is so long ago that another one begins a new session."""
        state = self._field.get(key)
        return state is not None and now_ms - state.latest_ms >= SESSION_END_MS

    def end_ms(self, key: str) -> int:
        """When the session is over if nothing more happens; 0 where there is none."""
        state = self._field.get(key)
        return 0 if state is None else state.latest_ms + SESSION_END_MS

    def clear(self, key: str) -> None:
        self._field.clear(key)


def _click(event: TriggerEvent) -> Click:
    return Click(event.at_ms, event.content_id or "", event.content_type or "", event.placement == RECOMMENDED)
