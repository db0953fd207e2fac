"""Keyed operator: hands session windows, content windows and fast-lane events to their lanes, and emits commands."""

from collections.abc import Iterable
from typing import Any

from pyflink.common import Row
from pyflink.datastream import RuntimeContext
from pyflink.datastream.functions import KeyedBroadcastProcessFunction

from models.epochs import RefitSchedule
from models.forest import ForestScorer
from models.forests import Forest, Forests
from schemas.commands import AdjustmentCommand, encode
from schemas.models import ModelCard
from schemas.rules import Rule
from udfs.audit import AuditStage
from udfs.lanes.contents import ContentLane
from udfs.lanes.gestures import GestureLane
from udfs.lanes.sessions import SessionLane
from udfs.rows import CONTENT, EVENT, SESSION, fields
from udfs.stages.control import CONTROL, ControlStage
from udfs.stages.forest import ForestStage


class Adjust(KeyedBroadcastProcessFunction):
    """Emits commands as (target id, JSON), both as bytes; rejected, late and tally records go to side outputs.

    The broadcast input brings rows (kind, key, body): a rule as JSON or None to delete it, or a refit as JSON. What each lane
    does, in which order, stands in `udfs/lanes`; the state and timers of each stage in its own file.
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

    def open(self, runtime_context: RuntimeContext) -> None:
        model, card = self._cold
        cold = Forest(ForestScorer(model), card.threshold, f"{card.id}@{card.version}")
        metrics = runtime_context.get_metrics_group()
        self._commands = metrics.counter("commands")
        forest = ForestStage(Forests(self._schedule, cold))
        self._control = ControlStage(self._rules, forest, metrics.counter("refusedRules"))
        self._gestures = GestureLane(self._control, metrics.counter("repeatedGestures"))
        self._contents = ContentLane(self._window_ms, self._control)
        self._sessions = SessionLane(self._window_ms, self._slice_ms, forest, self._control, self._gestures)
        self._audit = AuditStage()
        for lane in (self._sessions, self._contents, self._gestures):
            lane.open(runtime_context)
        self._restored = False
        self._broadcast: Any = None

    # Lists, not generators: every row goes through here, and each `yield from` on the way costs it a microsecond.

    def process_element(self, value: Any, ctx: Any) -> Iterable[Any]:
        if not self._restored:
            self._restore(ctx)
        kind, numbers, texts = fields(value)
        if kind == SESSION:
            commands = self._sessions.on_row(numbers, texts, ctx)
        elif kind == EVENT:
            commands = self._gestures.on_row(numbers, texts)
        elif kind == CONTENT:
            commands = self._contents.on_row(numbers, texts)
        else:
            return self._audit.on_row(kind, numbers, texts)
        return self._records(commands) if commands else ()

    def process_broadcast_element(self, value: Any, ctx: Any) -> Iterable[Any]:
        if self._broadcast is None:
            # Asked for once: each time PyFlink would make the descriptor anew in the JVM, for milliseconds.
            self._broadcast = ctx.get_broadcast_state(CONTROL)
        self._control.on_row(value, self._broadcast)
        return ()

    def on_timer(self, timestamp: int, ctx: Any) -> Iterable[Any]:
        if not self._restored:
            self._restore(ctx)
        return self._records(self._sessions.on_timer(ctx.get_current_key(), timestamp, ctx))

    def _records(self, commands: list[AdjustmentCommand]) -> list[Row]:
        self._commands.inc(len(commands))
        return [Row(command.target.id.encode(), encode(command)) for command in commands]

    def _restore(self, ctx: Any) -> None:
        # Broadcast state cannot be read in `open`.
        self._restored = True
        self._control.restore(ctx.get_broadcast_state(CONTROL))
