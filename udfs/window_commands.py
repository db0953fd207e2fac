"""Keyed operator: proposes changes on session windows and content windows, and on the silence between them."""

from collections.abc import Iterable
from time import monotonic
from typing import Any, Final

from pyflink.common import Row
from pyflink.datastream import RuntimeContext

from models.announced.registry import ModelRegistry
from models.isolation_forest.registry import ForestRegistry, ForestVersion
from models.isolation_forest.schedule import RefitSchedule
from models.isolation_forest.scorer import ForestScorer
from models.judgement.card_registry import CardRegistry
from models.judgement.site_scores import NO_SITE_SCORES, SiteScores
from schemas.model_cards import ModelCard
from schemas.rule_conditions import Lane
from schemas.rules import Rule
from udfs import metrics
from udfs.audit_records import to_audit_record
from udfs.crossing_rows import CONTENT, CONTENT_PREFIX, FEATURE_PREFIX, LATE, SECTION, SESSION, unpack
from udfs.lanes.contents import ContentLane
from udfs.lanes.sections import SectionLane
from udfs.lanes.sessions import SessionLane
from udfs.rule_operator import RuleEvaluatingFunction
from udfs.runtime.compilation import log_compilation
from udfs.runtime.python_threads import import_in_python_thread
from udfs.side_outputs import FEATURES
from udfs.stages.window_refill import WindowRefill

LOAD_EVERY_S: Final = 0.1
"""Pause between two forests that are loaded, each in about ten milliseconds: all content types are refitted at one time, and
windows are judged in the same thread."""


class WindowCommands(RuleEvaluatingFunction):
    """Rejected, late and tally records go to side outputs.

    `udfs/lanes` says which stages each lane runs, in which order; the state and timers of a stage stand in its own file.
    """

    LANES: tuple[Lane, ...] = ("session_window", "content_window", "content_section")
    ANSWERS_UNKNOWN = True

    def __init__(
        self,
        rules: tuple[Rule, ...],
        default_model: bytes,
        default_card: ModelCard,
        schedule: RefitSchedule,
        card_schedule: RefitSchedule,
        window_ms: int,
        slice_ms: int,
        emit_scores: bool,
        patch_pyflink: bool = True,
        require_content: bool = False,
        log_features: bool = False,
        site_schedule: RefitSchedule = NO_SITE_SCORES,
    ) -> None:
        """`emit_scores` sends the scores of session windows to a side output, for session-state.v1; `log_features` likewise what
        models read, for features.v1. `site_schedule` says which score of the site a window knows."""
        super().__init__(rules, patch_pyflink, require_content)
        self._emit_scores = emit_scores
        self._log_features = log_features
        self._default_forest = (default_model, default_card)
        self._schedule = schedule
        self._card_schedule = card_schedule
        self._site_schedule = site_schedule
        self._window_ms = window_ms
        self._slice_ms = slice_ms

    def open(self, runtime_context: RuntimeContext) -> None:
        super().open(runtime_context)
        # Checks of announced models read their graphs with it. Imported in a thread of the JVM it would end the process.
        import_in_python_thread("onnx")
        model, card = self._default_forest
        scorer = ForestScorer(model)
        assert card.threshold is not None, "load_forest refuses such a card"
        default = ForestVersion(lambda: scorer, card.threshold, f"{card.id}@{card.version}")
        forests = self._forests = ForestRegistry(self._schedule, default)
        self._next_load_s = 0.0
        self._late = runtime_context.get_metrics_group().counter(metrics.LATE_EVENTS)
        cards = CardRegistry(self._card_schedule)
        models = ModelRegistry(forests)
        site_scores = SiteScores(self._site_schedule) if self._site_schedule.enabled else None
        control = self.open_rules(runtime_context, forests, cards, models, site_scores)
        refill = WindowRefill(self._window_ms, self._slice_ms)
        self._contents = ContentLane(self._window_ms, control, refill)
        self._sessions = SessionLane(
            self._window_ms, self._slice_ms, forests, cards, control, self._emit_scores, refill, self._log_features
        )
        self._sections_of_items = SectionLane(control)
        for lane in (self._sessions, self._contents, self._sections_of_items):
            lane.open(runtime_context)
        log_compilation()

    def process_element(self, value: Any, ctx: Any) -> Iterable[Any]:
        self.restore_broadcast_state(ctx)
        if not self.has_acknowledged:
            return [*self.acknowledge_rules(), *self.process_element(value, ctx)]
        if self._forests.has_unloaded:
            self._load_a_forest()
        kind, numbers, texts = unpack(value)
        if kind in (SESSION, CONTENT) and numbers[0] > self.reached_ms:
            self.reached_ms = int(numbers[0])
        if kind == SESSION:
            records = self.with_acknowledgements(self.to_records(self._sessions.on_row(numbers, texts, ctx)))
            if self._emit_scores:
                records += self._sessions.drain_session_updates()
            if self._log_features:
                records += [(FEATURES, Row(*row)) for row in self._sessions.drain_feature_rows()]
            return records
        if kind == CONTENT:
            return self.with_acknowledgements(self.to_records(self._contents.on_row(numbers, texts, ctx)))
        if kind == SECTION:
            self._sections_of_items.on_row(numbers, texts, ctx)
            return []
        if kind == LATE:
            self._late.inc()
        return [to_audit_record(kind, numbers, texts)]

    def _load_a_forest(self) -> None:
        """Loads forests one after another during their lead. By the wall clock, since what is loaded changes no score."""
        now_s = monotonic()
        if now_s >= self._next_load_s:
            self._next_load_s = now_s + LOAD_EVERY_S
            self._forests.load_next()

    def on_timer(self, timestamp: int, ctx: Any) -> Iterable[Any]:
        """Emits proposals only: in thread mode PyFlink 2.3 has no side outputs here. The scores of a window that was
        pending are dropped; those of the next minute follow. Rows of the feature log, of which none may be lacking, go the way of
        proposals to the arbiter, which has a side output."""
        self.restore_broadcast_state(ctx)
        self.passed_ms = timestamp
        key = ctx.get_current_key()
        if key.startswith(CONTENT_PREFIX):
            return self.to_records(self._sections_of_items.on_timer(key, timestamp))
        records = self.to_records(self._sessions.on_timer(key, timestamp, ctx))
        self._sessions.drain_session_updates()
        records += [
            Row(FEATURE_PREFIX + session_id, Row(row)) for session_id, row in self._sessions.drain_feature_rows()
        ]
        return records
