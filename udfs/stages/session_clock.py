"""Stage: keeps a session's clock, finds silent windows and the end of the session."""

from typing import Any

from models.session_clock import SessionClock
from models.state_texts import clock_text, read_clock
from udfs.crossing_rows import SessionWindow
from udfs.keyed_state import StateField
from udfs.stages.base import LaneSetup, Stage
from udfs.stages.evaluation import SessionEvaluation


class SessionClockStage(Stage):
    """Owns the clock of each session and its timer.

    One timer per session is pending: it stands where the first silent window would end, and is renewed when it fires
    and the session has gone on meanwhile. Renewing it with each row would cost six times as much. A row that finds the timer
    later than that, because the page had been hidden or the session had seemed over, sets an earlier one beside it.
    """

    def __init__(self, setup: LaneSetup) -> None:
        self._window_ms = setup.window_ms
        self._every_ms = setup.slice_ms
        self._field = StateField("attention-v1", clock_text, read_clock, setup.bundle)
        super().__init__(self._field)

    def is_new(self, key: str, window: SessionWindow) -> bool:
        """False for a window that has been evaluated before."""
        clock = self._field.get(key)
        return clock is None or window.end_ms > clock.window_end_ms

    def silent_window_ends(self, key: str, until_ms: int) -> list[int]:
        """Returns the ends of the windows up to `until_ms` in which nothing happened and which have not been evaluated."""
        clock = self._field.get(key)
        if clock is None:
            return []
        return list(clock.silent_windows(until_ms, self._window_ms, self._every_ms))

    def is_over(self, key: str, now_ms: int) -> bool:
        """Whether nothing has happened for so long that the session has ended."""
        clock = self._field.get(key)
        return clock is not None and clock.is_over(now_ms)

    def span(self, key: str) -> tuple[int, int] | None:
        """Returns the times of the session's first and last event; None for a session that is not known."""
        clock = self._field.get(key)
        return None if clock is None else (clock.first_ms, clock.last_event_ms)

    def schedule_timer(self, key: str, ctx: Any) -> None:
        """Registers the next timer, through the context of a row or timer."""
        clock = self._field.get(key)
        if clock is not None:
            clock.timer_ms = clock.next_timer_ms(self._window_ms, self._every_ms)
            self._field.set(key, clock)
            ctx.timer_service().register_event_time_timer(clock.timer_ms)

    def on_window(self, evaluation: SessionEvaluation, ctx: Any) -> None:
        """Updates the clock, adds `silence_ms` and `session_age_ms` to the signals, and decides whether detectors may learn."""
        clock = self._field.get(evaluation.key)
        window, end_ms = evaluation.window, evaluation.at_ms
        if clock is None:
            if window is None:
                return
            clock = SessionClock(
                window.first_ms,
                window.first_ms if window.interacted_ms is None else window.interacted_ms,
                window.last_ms,
                end_ms,
                window.hidden_ms or 0,
            )
            self._field.set(evaluation.key, clock)
        elif window is not None:
            clock.first_ms = min(clock.first_ms, window.first_ms)
            clock.interacted_ms = max(clock.interacted_ms, window.interacted_ms or 0)
            clock.last_event_ms = max(clock.last_event_ms, window.last_ms)
            clock.hidden_ms = max(clock.hidden_ms, window.hidden_ms or 0)
        clock.window_end_ms = end_ms
        self._field.set(evaluation.key, clock)
        if window is None:
            evaluation.signals.attributes.update(device=clock.device, content_type=clock.content_type)
        else:
            clock.device = window.device or clock.device
            clock.content_type = window.main_type or clock.content_type
            if not clock.timer_ms or clock.next_timer_ms(self._window_ms, self._every_ms) < clock.timer_ms:
                self.schedule_timer(evaluation.key, ctx)
        scalars = evaluation.signals.scalars
        if not clock.is_page_hidden:
            scalars["silence_ms"] = float(end_ms - clock.interacted_ms)
        evaluation.may_learn = window is not None and end_ms - clock.first_ms >= self._window_ms
        scalars["session_age_ms"] = float(end_ms - clock.first_ms)
        evaluation.session_since_ms = clock.first_ms
