"""The session lane: the last minute of one session, and the silence after it."""

from typing import Any

from pyflink.datastream import RuntimeContext

from models.features import SESSION_LAYOUT, silent_values
from models.rules.compiled import Facts
from schemas.commands import AdjustmentCommand
from udfs.crossing_rows import Numbers, SessionWindow, Texts, session_id_of, session_key
from udfs.keyed_state import KeyedStateBundle
from udfs.stages.broadcast_control import BroadcastControl
from udfs.stages.categories import CategoryStage
from udfs.stages.decisions import DecisionStage
from udfs.stages.evaluation import SessionEvaluation
from udfs.stages.isolation_forest import IsolationForestStage
from udfs.stages.pending_windows import PendingWindowsStage
from udfs.stages.session_clock import SessionClockStage
from udfs.stages.session_scores import SessionScoresStage
from udfs.stages.window_refill import WindowRefill
from udfs.stages.z_scores import ZScoreStage


class SessionLane:
    """Evaluates each window of a session once, in order, and the silent windows between and after them."""

    def __init__(
        self,
        window_ms: int,
        slice_ms: int,
        forest: IsolationForestStage,
        control: BroadcastControl,
        scores: SessionScoresStage | None,
        refill: WindowRefill,
    ) -> None:
        self._window_ms = window_ms
        self._silent_values = silent_values(window_ms)
        self._forest = forest
        self._control = control
        self._scores = scores
        self._refill = refill
        self._bundle = KeyedStateBundle("session-v2")
        self._clock = SessionClockStage(window_ms, slice_ms, self._bundle)
        self._pending = PendingWindowsStage()
        self._z_scores = ZScoreStage("z-scores-v1", SESSION_LAYOUT, self._bundle)
        self._categories = CategoryStage(self._bundle)
        self._decisions = DecisionStage("session-decisions-v1", self._bundle)

    def open(self, context: RuntimeContext) -> None:
        for stage in (self._clock, self._pending, self._z_scores, self._categories, self._decisions):
            stage.open(context)

    def on_row(self, numbers: Numbers, texts: Texts, ctx: Any) -> list[AdjustmentCommand]:
        window = SessionWindow.from_crossing(numbers, texts)
        self._refill.on_row(window.end_ms)
        key = session_key(window.session_id)
        if self._pending.has_pending(key) or self._forest.is_pending(window.main_type, window.end_ms):
            # The watermark of the refits decides: once it has passed the window, none can be under way.
            self._pending.buffer(key, window.end_ms, numbers, texts)
            ctx.timer_service().register_event_time_timer(window.end_ms)
            return []
        commands = self._on_window(key, window, ctx)
        self._bundle.flush(key)
        return commands

    def on_timer(self, key: str, at_ms: int, ctx: Any) -> list[AdjustmentCommand]:
        commands: list[AdjustmentCommand] = []
        for numbers, texts in self._pending.release(key, at_ms):
            commands += self._on_window(key, SessionWindow.from_crossing(numbers, texts), ctx)
        commands += self._evaluate_silent_windows(key, at_ms, ctx, None)
        self._bundle.flush(key)
        return commands

    def _on_window(self, key: str, window: SessionWindow, ctx: Any) -> list[AdjustmentCommand]:
        if not self._clock.is_new(key, window):
            return []
        commands = self._evaluate_silent_windows(key, window.end_ms - 1, ctx, window.first_ms)
        commands += self._evaluate(SessionEvaluation(window.session_id, window.end_ms, window, Facts()), ctx)
        return commands

    def _evaluate_silent_windows(
        self, key: str, until_ms: int, ctx: Any, resumed_ms: int | None
    ) -> list[AdjustmentCommand]:
        """Evaluates the windows in which nothing happened; clears the session's state where the session is over."""
        commands: list[AdjustmentCommand] = []
        for end_ms in self._clock.silent_window_ends(key, until_ms):
            commands += self._evaluate(SessionEvaluation(session_id_of(key), end_ms, None, Facts()), ctx)
        now_ms = until_ms if resumed_ms is None else resumed_ms
        if self._clock.is_over(key, now_ms):
            for stage in (self._clock, self._z_scores, self._categories, self._decisions):
                stage.clear(key)
        elif resumed_ms is None:
            self._clock.schedule_timer(key, ctx)
        return commands

    def _evaluate(self, evaluation: SessionEvaluation, ctx: Any) -> list[AdjustmentCommand]:
        """Runs one window of a session through all stages."""
        window, facts = evaluation.window, evaluation.facts
        facts.window_start_ms, facts.window_end_ms = evaluation.at_ms - self._window_ms, evaluation.at_ms
        self._clock.on_window(evaluation, ctx)
        if self._z_scores.met_other_features(evaluation.key):
            self._refill.began_empty = True
        if self._refill.lacks_slices(evaluation.at_ms):
            return []
        values = self._silent_values if window is None else window.values
        self._z_scores.on_window(evaluation, values, evaluation.may_learn)
        self._z_scores.on_peers(evaluation)
        self._categories.on_window(evaluation)
        self._forest.on_window(evaluation)
        if window is not None:
            facts.texts["device"] = window.device
            facts.texts["content_type"] = window.main_type
        if self._scores is not None:
            self._scores.on_window(evaluation)
        return self._decisions.decide(evaluation, self._control.rules.lane("session_window"))
