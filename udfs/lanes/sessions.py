"""The window lane: the last minute of one session, and the silence after it."""

from typing import Any

from pyflink.datastream import RuntimeContext

from models.features import SESSION_LAYOUT, silent_values
from models.rules.compiled import Facts
from schemas.commands import AdjustmentCommand
from udfs.crossing_rows import Numbers, SessionWindow, Texts
from udfs.keyed_state import KeyedStateBundle
from udfs.stages.broadcast_control import ControlStage
from udfs.stages.categories import CategoryStage
from udfs.stages.decisions import DecisionStage
from udfs.stages.evaluation import SessionTurn
from udfs.stages.isolation_forest import ForestStage
from udfs.stages.pending_windows import HeldStage
from udfs.stages.session_clock import AttentionStage
from udfs.stages.session_scores import TellingStage
from udfs.stages.z_scores import ZScoreStage


class SessionLane:
    """Judges each window of a session once, in order, and the windows that stay away."""

    def __init__(
        self, window_ms: int, slice_ms: int, forest: ForestStage, control: ControlStage, told: TellingStage | None
    ) -> None:
        self._window_ms = window_ms
        self._silent_values = silent_values(window_ms)
        self._forest = forest
        self._control = control
        self._told = told
        self._bundle = KeyedStateBundle("session-v2")
        self._attention = AttentionStage(window_ms, slice_ms, self._bundle)
        self._held = HeldStage()
        self._z_scores = ZScoreStage("z-scores-v1", SESSION_LAYOUT, self._bundle)
        self._categories = CategoryStage(self._bundle)
        self._decisions = DecisionStage("session-decisions-v1", self._bundle)

    def open(self, context: RuntimeContext) -> None:
        for stage in (self._attention, self._held, self._z_scores, self._categories, self._decisions):
            stage.open(context)

    def on_row(self, numbers: Numbers, texts: Texts, ctx: Any) -> list[AdjustmentCommand]:
        window = SessionWindow.read(numbers, texts)
        key = "s" + window.session_id
        if self._held.holds(key) or self._forest.is_pending(window.main_type, window.end_ms):
            # The watermark of the refits decides: once it has passed the window, none can be under way.
            self._held.hold(key, window.end_ms, numbers, texts)
            ctx.timer_service().register_event_time_timer(window.end_ms)
            return []
        commands = self._on_window(key, window, ctx)
        self._bundle.flush(key)
        return commands

    def on_timer(self, key: str, at_ms: int, ctx: Any) -> list[AdjustmentCommand]:
        commands: list[AdjustmentCommand] = []
        for numbers, texts in self._held.release(key, at_ms):
            commands += self._on_window(key, SessionWindow.read(numbers, texts), ctx)
        commands += self._look_at_silence(key, at_ms, ctx, None)
        self._bundle.flush(key)
        return commands

    def _on_window(self, key: str, window: SessionWindow, ctx: Any) -> list[AdjustmentCommand]:
        if not self._attention.is_new(key, window):
            return []
        commands = self._look_at_silence(key, window.end_ms - 1, ctx, window.first_ms)
        commands += self._turn(SessionTurn(key, window.end_ms, window, Facts()), ctx)
        return commands

    def _look_at_silence(self, key: str, until_ms: int, ctx: Any, resumed_ms: int | None) -> list[AdjustmentCommand]:
        """Judges the windows in which nothing happened; forgets the session where it is over."""
        commands: list[AdjustmentCommand] = []
        for end_ms in self._attention.silent_until(key, until_ms):
            commands += self._turn(SessionTurn(key, end_ms, None, Facts()), ctx)
        now_ms = until_ms if resumed_ms is None else resumed_ms
        if self._attention.is_over(key, now_ms):
            for stage in (self._attention, self._z_scores, self._categories, self._decisions):
                stage.forget(key)
        elif resumed_ms is None:
            self._attention.arm(key, ctx)
        return commands

    def _turn(self, turn: SessionTurn, ctx: Any) -> list[AdjustmentCommand]:
        """One window of a session through all its stages."""
        window, facts = turn.window, turn.facts
        facts.window_start_ms, facts.window_end_ms = turn.at_ms - self._window_ms, turn.at_ms
        self._attention.on_window(turn, ctx)
        self._z_scores.on_window(turn, self._silent_values if window is None else window.values, turn.is_typical)
        self._z_scores.on_peers(turn)
        self._categories.on_window(turn)
        self._forest.on_window(turn)
        if window is not None:
            facts.texts["device"] = window.device
            facts.texts["content_type"] = window.main_type
        if self._told is not None:
            self._told.on_window(turn)
        return self._decisions.decide(turn, self._control.book.lane("session_window"))
