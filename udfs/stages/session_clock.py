"""Stage: when did this session last do anything? Finds silent windows and ends sessions."""

from typing import Any

from pyflink.datastream import RuntimeContext

from models.session_clock import Attention
from udfs.crossing_rows import SessionWindow
from udfs.keyed_state import KeyedStateBundle, StateField
from udfs.stages.evaluation import SessionTurn


class AttentionStage:
    """Owns the clock of each session and its timer.

    One timer per session is under way: it stands where the first silent window would end, and is moved on when it fires
    and the session has gone on meanwhile. Moving it with each row would cost six times as much.
    """

    def __init__(self, window_ms: int, every_ms: int, bundle: KeyedStateBundle | None = None) -> None:
        self._window_ms = window_ms
        self._every_ms = every_ms
        self._field = StateField.json("attention-v1", Attention, bundle)

    def open(self, context: RuntimeContext) -> None:
        self._field.open(context)

    def is_new(self, key: str, window: SessionWindow) -> bool:
        """False for a window that has been looked at before."""
        attention = self._field.get(key)
        return attention is None or window.end_ms > attention.window_end_ms

    def silent_until(self, key: str, until_ms: int) -> list[int]:
        """Ends of the windows up to `until_ms` in which nothing happened and which have not been looked at."""
        attention = self._field.get(key)
        if attention is None:
            return []
        return list(attention.silent_windows(until_ms, self._window_ms, self._every_ms))

    def is_over(self, key: str, now_ms: int) -> bool:
        """Whether nothing has happened for so long that the session has ended."""
        attention = self._field.get(key)
        return attention is not None and attention.is_over(now_ms)

    def arm(self, key: str, ctx: Any) -> None:
        """Sets the timer anew after it has fired, by the context of a row or timer."""
        attention = self._field.get(key)
        if attention is not None:
            wake_ms = attention.next_wake_ms(self._window_ms, self._every_ms)
            ctx.timer_service().register_event_time_timer(wake_ms)

    def on_window(self, turn: SessionTurn, ctx: Any) -> None:
        """Notes what the window says, and adds `silence_ms` and `session_age_ms` to the facts."""
        attention = self._field.get(turn.key)
        window = turn.window
        if attention is None:
            if window is None:
                return
            attention = Attention(
                window.first_ms,
                window.first_ms if window.interacted_ms is None else window.interacted_ms,
                window.last_ms,
                turn.at_ms,
                window.hidden_ms or 0,
            )
            self._field.set(turn.key, attention)
            self.arm(turn.key, ctx)
        elif window is not None:
            attention.first_ms = min(attention.first_ms, window.first_ms)
            attention.interacted_ms = max(attention.interacted_ms, window.interacted_ms or 0)
            attention.last_event_ms = max(attention.last_event_ms, window.last_ms)
            attention.hidden_ms = max(attention.hidden_ms, window.hidden_ms or 0)
        attention.window_end_ms = turn.at_ms
        self._field.set(turn.key, attention)
        if not attention.is_closed:
            turn.facts.live["silence_ms"] = float(turn.at_ms - attention.interacted_ms)
        turn.is_typical = window is not None and turn.at_ms - attention.first_ms >= self._window_ms
        turn.facts.live["session_age_ms"] = float(turn.at_ms - attention.first_ms)

    def forget(self, key: str) -> None:
        self._field.clear(key)
