"""The session lane: the last minute of one session, and the silence after it."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from pyflink.common import Row
from pyflink.datastream import RuntimeContext

from models.arbitration.proposed_change import ProposedChange
from models.features import silent_values
from models.isolation_forest.registry import MIN_ACTIVE_SLICES, ForestRegistry
from models.judgement.card_registry import CardRegistry
from udfs.crossing_rows import Numbers, SessionWindow, Texts, session_id_of, session_key
from udfs.keyed_state import KeyedStateBundle
from udfs.stages.anomaly import AnomalyStage
from udfs.stages.base import Detector, LaneSetup, Stage
from udfs.stages.broadcast_control import BroadcastControl
from udfs.stages.decisions import SessionDecisionStage
from udfs.stages.evaluation import SessionEvaluation
from udfs.stages.feature_log import FeatureLogStage
from udfs.stages.habits import HabitStage
from udfs.stages.isolation_forest import IsolationForestStage
from udfs.stages.pending_windows import PendingWindowsStage
from udfs.stages.predictions import PredictionStage
from udfs.stages.reading import ReadingStage
from udfs.stages.segments import SegmentStage
from udfs.stages.session_clock import SessionClockStage
from udfs.stages.session_context import SessionContextStage
from udfs.stages.session_scores import SessionScoresStage
from udfs.stages.shadow_models import ShadowStage
from udfs.stages.site_scores import SiteScoreStage
from udfs.stages.window_refill import WindowRefill

STAGES: Final[tuple[Callable[[LaneSetup], Stage], ...]] = (
    SessionClockStage,
    SessionContextStage,
    SegmentStage,
    HabitStage,
    SiteScoreStage,
    ReadingStage,
    IsolationForestStage,
    AnomalyStage,
    PredictionStage,
    ShadowStage,
    SessionScoresStage,
    FeatureLogStage,
    SessionDecisionStage,
)
"""The stages of a session window, in the order in which they run. The clock comes first, since it says whether detectors may
learn; the scores and the decisions come last, since they read what the others found."""

DETECTORS: Final = tuple(stage.name for stage in STAGES if isinstance(stage, type) and issubclass(stage, Detector))
"""Names of the detectors that rules can refer to."""

S = TypeVar("S", bound=Stage)


class SessionLane:
    """Evaluates each window of a session once, in order, and the silent windows between and after them."""

    def __init__(
        self,
        window_ms: int,
        slice_ms: int,
        forests: ForestRegistry,
        cards: CardRegistry,
        control: BroadcastControl,
        emit_scores: bool,
        refill: WindowRefill,
        log_features: bool = False,
    ) -> None:
        self._window_ms = window_ms
        self._silent_values = silent_values(window_ms)
        self._forests = forests
        self._cards = cards
        self._refill = refill
        self._bundle = KeyedStateBundle("session-v2")
        self._pending = PendingWindowsStage()
        models = None if control.models is None else control.models.models
        setup = LaneSetup(
            window_ms,
            slice_ms,
            self._bundle,
            control,
            forests,
            cards,
            emit_scores,
            models,
            log_features,
            control.segments,
            control.site_scores,
        )
        self._site_scores = control.site_scores
        self._stages = [stage(setup) for stage in STAGES]
        self._clock = _of_type(self._stages, SessionClockStage)
        self._habits = _of_type(self._stages, HabitStage)
        self._scores = _of_type(self._stages, SessionScoresStage)
        self._feature_log = _of_type(self._stages, FeatureLogStage)

    def open(self, context: RuntimeContext) -> None:
        self._pending.open(context)
        for stage in self._stages:
            stage.open(context)

    def on_row(self, numbers: Numbers, texts: Texts, ctx: Any) -> list[ProposedChange]:
        window = SessionWindow.from_crossing(numbers, texts)
        self._refill.on_row(window.end_ms)
        key = session_key(window.session_id)
        changes: list[ProposedChange] = []
        if self._pending.has_pending(key):
            changes = self._release(key, lambda waiting: not self._is_pending(waiting), ctx)
        if self._pending.has_pending(key) or self._is_pending(window):
            # If no other comes, the watermark of refits and cards decides: once it has passed the window, none can be under way.
            self._pending.buffer(key, window.end_ms, numbers, texts)
            ctx.timer_service().register_event_time_timer(window.end_ms)
        else:
            changes += self._on_window(key, window, ctx)
        self._bundle.flush(key)
        return changes

    def _release(self, key: str, is_due: Callable[[SessionWindow], bool], ctx: Any) -> list[ProposedChange]:
        """Evaluates the windows that were pending, in order, up to the first that is not due."""
        changes: list[ProposedChange] = []
        due = self._pending.release(key, lambda *row: is_due(SessionWindow.from_crossing(*row)))
        for numbers, texts in due:
            changes += self._on_window(key, SessionWindow.from_crossing(numbers, texts), ctx)
        return changes

    def _is_pending(self, window: SessionWindow) -> bool:
        """Whether a card, a forest or a score of the site that the window needs may be under way."""
        end_ms, scores = window.end_ms, self._site_scores
        if self._cards.is_pending(end_ms) or (scores is not None and scores.is_pending(end_ms)):
            return True
        # A forest scores no partial window, nor is any fitted to readers who have none but those.
        return window.active_slices >= MIN_ACTIVE_SLICES and self._forests.is_pending(window.main_type or "", end_ms)

    def on_timer(self, key: str, at_ms: int, ctx: Any) -> list[ProposedChange]:
        changes = self._release(key, lambda window: window.end_ms <= at_ms, ctx)
        changes += self._evaluate_silent_windows(key, at_ms, ctx, None)
        self._bundle.flush(key)
        return changes

    def drain_session_updates(self) -> list[tuple[Any, Row]]:
        """Returns the rows for session-state.v1 that were added since the last call."""
        return self._scores.drain()

    def drain_feature_rows(self) -> list[tuple[str, str]]:
        """Returns the rows (session id, JSON) of the feature log that were added since the last call."""
        return self._feature_log.drain()

    def _on_window(self, key: str, window: SessionWindow, ctx: Any) -> list[ProposedChange]:
        if not self._clock.is_new(key, window):
            return []
        changes = self._evaluate_silent_windows(key, window.end_ms - 1, ctx, window.first_ms)
        changes += self._evaluate(window.session_id, window.end_ms, window, window.values, ctx)
        return changes

    def _evaluate_silent_windows(
        self, key: str, until_ms: int, ctx: Any, resumed_ms: int | None
    ) -> list[ProposedChange]:
        """Evaluates the windows in which nothing happened; clears the session's state where the session is over."""
        changes: list[ProposedChange] = []
        for end_ms in self._clock.silent_window_ends(key, until_ms):
            changes += self._evaluate(session_id_of(key), end_ms, None, self._silent_values, ctx)
        now_ms = until_ms if resumed_ms is None else resumed_ms
        if self._clock.is_over(key, now_ms):
            if (span := self._clock.span(key)) is not None:
                self._feature_log.on_session_end(key, *span)
            for stage in self._stages:
                stage.clear(key)
        elif resumed_ms is None:
            self._clock.schedule_timer(key, ctx)
        return changes

    def _evaluate(
        self, session_id: str, end_ms: int, window: SessionWindow | None, values: Numbers, ctx: Any
    ) -> list[ProposedChange]:
        """Runs one window of a session through all stages."""
        evaluation = SessionEvaluation(session_id, end_ms, window, values, self._window_ms)
        if self._habits.met_other_features(evaluation.key):
            self._refill.began_empty = True
        if self._refill.lacks_slices(end_ms):
            self._clock.on_window(evaluation, ctx)
            return []
        for stage in self._stages:
            stage.on_window(evaluation, ctx)
        return evaluation.changes


def _of_type(stages: list[Stage], kind: type[S]) -> S:
    return next(stage for stage in stages if isinstance(stage, kind))
