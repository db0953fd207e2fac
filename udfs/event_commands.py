"""Keyed operator: proposes changes on single events, a moment after they happened."""

from collections.abc import Iterable
from typing import Any, Final

from pyflink.common import Row
from pyflink.datastream import RuntimeContext

from models.arbitration.typing_pause import encode_typing
from schemas.events import TYPING_ELEMENT
from schemas.rule_conditions import Lane
from schemas.rules import Rule
from udfs import metrics
from udfs.crossing_rows import EVENT_TEXTS, session_key, unpack
from udfs.lanes.events import EventLane
from udfs.rule_operator import RuleEvaluatingFunction

_TYPE: Final = EVENT_TEXTS.index("type")
_ELEMENT: Final = EVENT_TEXTS.index("`element`")


class EventCommands(RuleEvaluatingFunction):
    """Runs the event lane ("fast lane"): no window has to end before a click is answered.

    Shares the slot of the window commands unless the job's option `fast_lane_slot` gives it one of its own.
    """

    LANES: tuple[Lane, ...] = ("event",)

    def __init__(
        self, rules: tuple[Rule, ...], wait_ms: int, patch_pyflink: bool = True, require_content: bool = False
    ) -> None:
        """`wait_ms` is how much later than another a session's event may come that happened before it."""
        super().__init__(rules, patch_pyflink, require_content)
        self._wait_ms = wait_ms

    def open(self, runtime_context: RuntimeContext) -> None:
        super().open(runtime_context)
        control = self.open_rules(runtime_context, None, None)
        repeated = runtime_context.get_metrics_group().counter(metrics.REPEATED_EVENTS)
        self._events = EventLane(control, repeated, self._wait_ms)
        self._events.open(runtime_context)

    def process_element(self, value: Any, ctx: Any) -> Iterable[Any]:
        self.restore_broadcast_state(ctx)
        if not self.has_acknowledged:
            return [*self.acknowledge_rules(), *self.process_element(value, ctx)]
        _, numbers, texts = unpack(value)
        if numbers[0] > self.reached_ms:
            self.reached_ms = int(numbers[0])
        records = self.with_acknowledgements(self.to_records(self._events.on_row(numbers, texts, ctx)))
        if texts[_ELEMENT] == TYPING_ELEMENT and texts[_TYPE] == "custom":
            # The arbiter keeps what windows propose waiting meanwhile.
            records.append(Row(session_key(texts[0] or ""), Row(encode_typing(int(numbers[0])))))
        return records

    def on_timer(self, timestamp: int, ctx: Any) -> Iterable[Any]:
        self.restore_broadcast_state(ctx)
        return self.to_records(self._events.on_timer(ctx.get_current_key(), timestamp, ctx))
