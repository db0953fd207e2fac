"""Keyed operator: commands from single events, a moment after they happened."""

from collections.abc import Iterable
from typing import Any

from pyflink.datastream import RuntimeContext

from udfs.crossing_rows import fields
from udfs.lanes.events import GestureLane
from udfs.rule_operator import Informed


class FastLane(Informed):
    """Runs in a slot of its own: windows end all at once, and a click must not stand in line behind five hundred of them."""

    def open(self, runtime_context: RuntimeContext) -> None:
        control = self.inform(runtime_context, None)
        self._gestures = GestureLane(control, runtime_context.get_metrics_group().counter("repeatedGestures"))
        self._gestures.open(runtime_context)

    def process_element(self, value: Any, ctx: Any) -> Iterable[Any]:
        self.restore(ctx)
        _, numbers, texts = fields(value)
        return self.records(self._gestures.on_row(numbers, texts, ctx))

    def on_timer(self, timestamp: int, ctx: Any) -> Iterable[Any]:
        self._gestures.on_timer(ctx.get_current_key(), timestamp, ctx)
        return ()
