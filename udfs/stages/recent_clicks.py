"""Stage: clicks and other single events that can change a decision by themselves."""

from typing import Any, Final

from pyflink.datastream import RuntimeContext

from models.recent_clicks import Click, recent, remember
from models.session_clock import SESSION_END_MS
from models.state_records import Gestures
from schemas.events import RECOMMENDED
from udfs.keyed_state import KeyedStateBundle, StateField
from udfs.stages.evaluation import GestureTurn

KNOWN_IDS: Final = 32
"""Ids remembered per session: a sender repeats within seconds, not after dozens of clicks."""


class GestureStage:
    """Owns the ring of event ids and the recent clicks of each session."""

    def __init__(self, bundle: KeyedStateBundle | None = None) -> None:
        self._field = StateField.json("gestures-v1", Gestures, bundle)

    def open(self, context: RuntimeContext) -> None:
        self._field.open(context)

    def on_event(self, turn: GestureTurn, ctx: Any) -> bool:
        """Adds what the event says to the facts. False for an event that was there before: it changes nothing."""
        gesture, facts = turn.gesture, turn.facts
        known = self._field.get(turn.key)
        memory = known or Gestures()
        if gesture.event_id in memory.ids:
            return False
        memory.ids = [*memory.ids[1 - KNOWN_IDS :], gesture.event_id]
        memory.latest_ms = max(memory.latest_ms, gesture.at_ms)
        if gesture.type == "click":
            click = Click(
                gesture.at_ms,
                gesture.content_id or "",
                gesture.content_type or "",
                gesture.placement == RECOMMENDED,
            )
            memory.clicks = remember(memory.clicks, click)
        self._field.set(turn.key, memory)
        if known is None:
            self.arm(turn.key, ctx)
        turn.clicks = recent(memory.clicks, gesture.at_ms)
        live = facts.live
        live["recent_clicks"] = float(len(turn.clicks))
        live["recent_recommended_clicks"] = float(sum(click.recommended for click in turn.clicks))
        if gesture.type == "feedback":
            live["rating"] = gesture.value
        for name in ("rtt_ms", "downlink_kbps"):
            live[name] = getattr(gesture, name)
        live["save_data"] = gesture.saves_data
        facts.texts = {
            "event.type": gesture.type,
            "event.placement": gesture.placement,
            "event.element": gesture.element,
            "event.content_type": gesture.content_type,
            "device": gesture.device,
            "country": gesture.country,
            "language": gesture.language,
        }
        return True

    def arm(self, key: str, ctx: Any) -> None:
        """Sets the timer that looks whether the session is over. One per session is under way, moved on when it fires."""
        memory = self._field.get(key)
        if memory is not None:
            ctx.timer_service().register_event_time_timer(memory.latest_ms + SESSION_END_MS)

    def is_over(self, key: str, now_ms: int) -> bool:
        """Whether the latest gesture is so long ago that another one begins a new session."""
        memory = self._field.get(key)
        return memory is not None and now_ms - memory.latest_ms >= SESSION_END_MS

    def forget(self, key: str) -> None:
        self._field.clear(key)
