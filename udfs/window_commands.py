"""Keyed operator: commands from session windows and content windows, and from the silence between them."""

from collections.abc import Iterable
from typing import Any

from pyflink.datastream import RuntimeContext

from models.isolation_forest.registry import Forest, Forests
from models.isolation_forest.schedule import RefitSchedule
from models.isolation_forest.scorer import ForestScorer
from schemas.model_cards import ModelCard
from schemas.rules import Rule
from udfs.audit_records import AuditStage
from udfs.crossing_rows import CONTENT, SESSION, fields
from udfs.lanes.contents import ContentLane
from udfs.lanes.sessions import SessionLane
from udfs.rule_operator import Informed
from udfs.stages.isolation_forest import ForestStage
from udfs.stages.session_scores import TellingStage


class Adjust(Informed):
    """Rejected, late and tally records go to side outputs.

    What each lane does, in which order, stands in `udfs/lanes`; the state and timers of each stage in its own file.
    """

    def __init__(
        self,
        rules: tuple[Rule, ...],
        cold_model: bytes,
        cold_card: ModelCard,
        schedule: RefitSchedule,
        window_ms: int,
        slice_ms: int,
        telling: bool,
    ) -> None:
        """With `telling`, the scores of session windows go to a side output, for session-state.v1."""
        super().__init__(rules)
        self._told = TellingStage() if telling else None
        self._cold = (cold_model, cold_card)
        self._schedule = schedule
        self._window_ms = window_ms
        self._slice_ms = slice_ms

    def open(self, runtime_context: RuntimeContext) -> None:
        model, card = self._cold
        cold = Forest(ForestScorer(model), card.threshold, f"{card.id}@{card.version}")
        forest = ForestStage(Forests(self._schedule, cold))
        control = self.inform(runtime_context, forest)
        self._contents = ContentLane(self._window_ms, control)
        self._sessions = SessionLane(self._window_ms, self._slice_ms, forest, control, self._told)
        self._audit = AuditStage()
        for lane in (self._sessions, self._contents):
            lane.open(runtime_context)

    def process_element(self, value: Any, ctx: Any) -> Iterable[Any]:
        self.restore(ctx)
        kind, numbers, texts = fields(value)
        if kind == SESSION:
            records = self.records(self._sessions.on_row(numbers, texts, ctx))
            return records if self._told is None else records + self._told.take()
        if kind == CONTENT:
            return self.records(self._contents.on_row(numbers, texts))
        return self._audit.on_row(kind, numbers, texts)

    def on_timer(self, timestamp: int, ctx: Any) -> Iterable[Any]:
        """Commands only: in thread mode PyFlink 2.3 knows no side outputs here. A window that was held is not told of;
        the next minute's is."""
        self.restore(ctx)
        records = self.records(self._sessions.on_timer(ctx.get_current_key(), timestamp, ctx))
        if self._told is not None:
            self._told.take()
        return records
