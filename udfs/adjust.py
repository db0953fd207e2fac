"""Keyed operator: runs the stages over session windows, content windows and fast-lane events, and emits commands."""

from collections.abc import Iterator
from typing import Any, Final

from pyflink.common import Row
from pyflink.datastream import RuntimeContext
from pyflink.datastream.functions import KeyedBroadcastProcessFunction

from models.decisions import Subject
from models.epochs import RefitSchedule
from models.features import CONTENT_NAMES, SESSION_NAMES
from models.forest import ForestScorer
from models.forests import Forest, Forests
from models.ranking import ranked
from models.rules import Facts
from schemas.commands import AdjustmentCommand, Target, encode
from schemas.models import ModelCard
from schemas.rules import Rule
from udfs.audit import AuditStage
from udfs.cells import Drawer
from udfs.rows import CONTENT, EVENT, SESSION, ContentWindow, Gesture, Numbers, SessionWindow, Texts, fields
from udfs.stages.attention import AttentionStage
from udfs.stages.categories import CategoryStage
from udfs.stages.control import CONTROL, ControlStage
from udfs.stages.decisions import DecisionStage
from udfs.stages.forest import ForestStage
from udfs.stages.gestures import GestureStage
from udfs.stages.held import HeldStage
from udfs.stages.turn import ContentTurn, GestureTurn, SessionTurn
from udfs.stages.z_scores import ZScoreStage

_NAN: Final = float("nan")


def _silent_values(window_ms: int) -> Numbers:
    """The features of a window in which nothing happened."""
    known = {"scroll_depth": _NAN, "scroll_speed": _NAN, "idle_ms": float(window_ms)}
    return tuple(known.get(name, 0.0) for name in SESSION_NAMES)


class Adjust(KeyedBroadcastProcessFunction):
    """Emits commands as (target id, JSON), both as bytes; rejected, late and tally records go to side outputs.

    The broadcast input brings rows (kind, key, body): a rule as JSON or None to delete it, or a refit as JSON. The operator
    only runs the stages in order; what each does, and which state and timers it has, stands in its own file.
    """

    def __init__(
        self,
        rules: tuple[Rule, ...],
        cold_model: bytes,
        cold_card: ModelCard,
        schedule: RefitSchedule,
        window_ms: int,
        slice_ms: int,
    ) -> None:
        self._rules = rules
        self._cold = (cold_model, cold_card)
        self._schedule = schedule
        self._window_ms = window_ms
        self._slice_ms = slice_ms
        self._silent_values = _silent_values(window_ms)

    def open(self, runtime_context: RuntimeContext) -> None:
        model, card = self._cold
        cold = Forest(ForestScorer(model), card.threshold, f"{card.id}@{card.version}")
        self._sessions, self._contents, self._fast = Drawer("session-v1"), Drawer("content-v1"), Drawer("fast-lane-v1")
        self._attention = AttentionStage(self._window_ms, self._slice_ms, self._sessions)
        self._held = HeldStage()
        self._forest = ForestStage(Forests(self._schedule, cold))
        self._z_scores = ZScoreStage("z-scores-v1", len(SESSION_NAMES), self._sessions)
        self._categories = CategoryStage(self._sessions)
        self._session_decisions = DecisionStage("session-decisions-v1", self._sessions)
        self._content_z_scores = ZScoreStage("content-z-scores-v1", len(CONTENT_NAMES), self._contents)
        self._content_decisions = DecisionStage("content-decisions-v1", self._contents)
        self._gestures = GestureStage(self._fast)
        self._event_decisions = DecisionStage("event-decisions-v1", self._fast)
        self._audit = AuditStage()
        for stage in (
            self._attention,
            self._held,
            self._z_scores,
            self._categories,
            self._session_decisions,
            self._content_z_scores,
            self._content_decisions,
            self._gestures,
            self._event_decisions,
        ):
            stage.open(runtime_context)
        metrics = runtime_context.get_metrics_group()
        self._commands = metrics.counter("commands")
        self._repeated = metrics.counter("repeatedGestures")
        self._control = ControlStage(self._rules, self._forest, metrics.counter("refusedRules"))
        self._restored = False
        self._broadcast: Any = None

    def process_element(self, value: Any, ctx: Any) -> Iterator[Any]:
        if not self._restored:
            self._restore(ctx)
        kind, numbers, texts = fields(value)
        if kind == SESSION:
            yield from self._on_session_row(numbers, texts, ctx)
        elif kind == EVENT:
            yield from self._on_gesture(Gesture.read(numbers, texts))
        elif kind == CONTENT:
            yield from self._on_content(ContentWindow.read(numbers, texts))
        else:
            yield from self._audit.on_row(kind, numbers, texts)
            return
        self._flush(("c" if kind == CONTENT else "s") + (texts[0] or ""))

    def process_broadcast_element(self, value: Any, ctx: Any) -> Iterator[Any]:
        if self._broadcast is None:
            # Asked for once: each time PyFlink would make the descriptor anew in the JVM, for milliseconds.
            self._broadcast = ctx.get_broadcast_state(CONTROL)
        self._control.on_row(value, self._broadcast)
        yield from ()

    def on_timer(self, timestamp: int, ctx: Any) -> Iterator[Any]:
        if not self._restored:
            self._restore(ctx)
        key: str = ctx.get_current_key()
        for numbers, texts in self._held.release(key, timestamp):
            yield from self._on_session_window(key, SessionWindow.read(numbers, texts), ctx)
        yield from self._look_at_silence(key, timestamp, ctx)
        self._flush(key)

    def _on_session_row(self, numbers: Numbers, texts: Texts, ctx: Any) -> Iterator[Any]:
        window = SessionWindow.read(numbers, texts)
        key = "s" + window.session_id
        if self._held.holds(key) or self._forest.is_pending(window.main_type, window.end_ms):
            # The watermark of the refits decides: once it has passed the window, none can be under way.
            self._held.hold(key, window.end_ms, numbers, texts)
            ctx.timer_service().register_event_time_timer(window.end_ms)
            return
        yield from self._on_session_window(key, window, ctx)

    def _on_session_window(self, key: str, window: SessionWindow, ctx: Any) -> Iterator[Any]:
        if not self._attention.is_new(key, window):
            return
        yield from self._look_at_silence(key, window.end_ms - 1, ctx, window.first_ms)
        yield from self._turn(SessionTurn(key, window.end_ms, window, Facts()), ctx)

    def _look_at_silence(self, key: str, until_ms: int, ctx: Any, resumed_ms: int | None = None) -> Iterator[Any]:
        """Judges the windows in which nothing happened; forgets the session where it is over."""
        for end_ms in self._attention.silent_until(key, until_ms):
            yield from self._turn(SessionTurn(key, end_ms, None, Facts()), ctx)
        now_ms = until_ms if resumed_ms is None else resumed_ms
        if self._attention.is_over(key, now_ms):
            for stage in (self._attention, self._z_scores, self._categories, self._session_decisions):
                stage.forget(key)
            self._forget_old_gestures(key, now_ms)
        elif resumed_ms is None:
            self._attention.arm(key, ctx.timer_service().register_event_time_timer)

    def _forget_old_gestures(self, key: str, now_ms: int) -> None:
        """By the gestures' own times: in a replay a new session's first click can overtake the end of the old one."""
        if self._gestures.is_over(key, now_ms):
            self._gestures.forget(key)
            self._event_decisions.forget(key)

    def _turn(self, turn: SessionTurn, ctx: Any) -> Iterator[Any]:
        """One window of a session through all its stages."""
        window, facts = turn.window, turn.facts
        facts.window_start_ms, facts.window_end_ms = turn.end_ms - self._window_ms, turn.end_ms
        self._attention.on_window(turn, ctx.timer_service().register_event_time_timer)
        self._z_scores.on_window(turn, self._silent_values if window is None else window.values, learn=turn.is_typical)
        self._z_scores.on_peers(turn)
        self._categories.on_window(turn)
        self._forest.on_window(turn)
        session_id = turn.key[1:]
        if window is not None:
            facts.texts["device"] = window.device
            facts.texts["content_type"] = window.main_type
        yield from self._emit(
            self._session_decisions.decide(
                turn.key,
                self._control.book.lane("session_window"),
                facts,
                lambda: Subject(
                    Target("session", session_id),
                    session_id,
                    window.user_id if window else None,
                    window.content_id if window else None,
                ),
                turn.end_ms,
                f"window:{turn.end_ms}",
                {
                    "$category": turn.rise.category if turn.rise else None,
                    "$content_id": window.content_id if window else None,
                }.get,
            )
        )

    def _on_content(self, window: ContentWindow) -> Iterator[Any]:
        key = "c" + window.content_id
        turn = ContentTurn(key, window, Facts())
        turn.facts.window_start_ms = window.end_ms - self._window_ms
        turn.facts.window_end_ms = window.end_ms
        self._content_z_scores.on_window(turn, window.values)
        turn.facts.texts["content_type"] = window.content_type
        yield from self._emit(
            self._content_decisions.decide(
                key,
                self._control.book.lane("content_window"),
                turn.facts,
                lambda: Subject(Target("content", window.content_id), None, None, window.content_id),
                window.end_ms,
                f"window:{window.end_ms}",
                {"$content_id": window.content_id}.get,
            )
        )

    def _on_gesture(self, gesture: Gesture) -> Iterator[Any]:
        key = "s" + gesture.session_id
        turn = GestureTurn(key, gesture, Facts())
        self._forget_old_gestures(key, gesture.at_ms)
        if not self._gestures.on_event(turn):
            self._repeated.inc()
            return

        def fill(name: str) -> Any:
            if name == "$content_id":
                return gesture.content_id
            return ranked(turn.clicks, gesture.at_ms, "content_id" if name == "$recent_contents" else "content_type")

        yield from self._emit(
            self._event_decisions.decide(
                key,
                self._control.book.lane("event"),
                turn.facts,
                lambda: Subject(
                    Target("session", gesture.session_id),
                    gesture.session_id,
                    gesture.user_id,
                    gesture.content_id,
                ),
                gesture.at_ms,
                f"event:{gesture.event_id}",
                fill,
            )
        )

    def _emit(self, commands: list[AdjustmentCommand]) -> Iterator[Row]:
        for command in commands:
            self._commands.inc()
            yield Row(command.target.id.encode(), encode(command))

    def _flush(self, key: str) -> None:
        for drawer in (self._sessions, self._contents, self._fast):
            drawer.flush(key)

    def _restore(self, ctx: Any) -> None:
        # Broadcast state cannot be read in `open`.
        self._restored = True
        self._control.restore(ctx.get_broadcast_state(CONTROL))
