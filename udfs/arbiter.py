"""Keyed operator: decides the proposals about each target, and emits commands and what became of each proposal."""

from collections.abc import Iterable
from typing import Any, Final

from pyflink.common import Row
from pyflink.datastream import KeyedProcessFunction, RuntimeContext

from models.arbitration.arbiter import Arbiter, Decisions, kept_until_ms
from models.arbitration.budget import Budgets
from models.arbitration.proposed_change import decode_change
from models.arbitration.target_state import TargetState, empty_state
from models.arbitration.typing_pause import decode_typing
from schemas.commands import encode
from schemas.proposals import encode_proposal
from udfs import metrics, side_outputs
from udfs.crossing_rows import FEATURE_PREFIX
from udfs.keyed_state import StateField
from udfs.runtime import prepare_interpreter

TTL_H: Final = 48
"""Longer than a ledger is kept by event time, so that it is event time that decides, also in a replay or after a restart."""


class ArbiterFunction(KeyedProcessFunction):
    """Takes proposals (JSON) by target; emits commands as (target id, JSON) and, to a side output, proposals likewise.

    A proposal of lane event is decided at once; one of a window when a timer at its end says that all events up to then have
    come. So a command of a single event needs a timer too, by which windows come to know of it. Another timer clears the state
    when nothing of it matters any longer (`models/arbitration/ledgers.py`).

    A notice that the reader typed comes in the place of a proposal; what windows propose then waits, by another timer.

    Rows of the feature log that arose on a timer pass through to a side output.
    """

    def __init__(self, budgets: Budgets, emit_proposals: bool = True, patch_pyflink: bool = True) -> None:
        self._budgets = budgets
        self._emit_proposals = emit_proposals
        self._patch_pyflink = patch_pyflink

    def open(self, runtime_context: RuntimeContext) -> None:
        prepare_interpreter(runtime_context, self._patch_pyflink)
        self._commands = runtime_context.get_metrics_group().counter(metrics.COMMANDS)
        self._field: StateField[TargetState] = StateField.json("arbiter-v1", TargetState, ttl_h=TTL_H)
        self._field.open(runtime_context)
        self._arbiter = Arbiter(self._budgets)

    def process_element(self, value: Any, ctx: Any) -> Iterable[Any]:
        key, timers = ctx.get_current_key(), ctx.timer_service()
        if key.startswith(FEATURE_PREFIX):
            return [(side_outputs.FEATURES, Row(key[len(FEATURE_PREFIX) :], value[0]))]
        state = self._field.get(key) or empty_state()
        typed_ms = decode_typing(value[0])
        if typed_ms is not None:
            timers.register_event_time_timer(self._arbiter.on_typing(state, typed_ms))
            if not state.clean_at_ms:
                self._clean_later(state, timers)
            self._field.set(key, state)
            return []
        change = decode_change(value[0])
        if change.lane == "event":
            decisions = self._arbiter.on_event(state, change)
            if decisions.commands:
                timers.register_event_time_timer(state.unsettled[-1].at_ms)
        else:
            decisions = Decisions([], [])
            timers.register_event_time_timer(self._arbiter.on_window(state, change))
        if not state.clean_at_ms:
            self._clean_later(state, timers)
        self._field.set(key, state)
        return self._records(decisions)

    def on_timer(self, timestamp: int, ctx: Any) -> Iterable[Any]:
        key = ctx.get_current_key()
        state = self._field.get(key)
        if state is None:
            return []
        decisions = self._arbiter.on_time(state, timestamp)
        for change in state.waiting:
            if change.held_since_ms is not None:
                ctx.timer_service().register_event_time_timer(change.command.issued_at_ms)
        if timestamp < state.clean_at_ms:
            self._field.set(key, state)
        elif timestamp >= kept_until_ms(state):
            self._field.clear(key)
        else:
            self._clean_later(state, ctx.timer_service())
            self._field.set(key, state)
        return self._records(decisions)

    def _clean_later(self, state: TargetState, timers: Any) -> None:
        state.clean_at_ms = kept_until_ms(state)
        timers.register_event_time_timer(state.clean_at_ms)

    def _records(self, decisions: Decisions) -> list[Any]:
        self._commands.inc(len(decisions.commands))
        records: list[Any] = [Row(each.target.id.encode(), encode(each)) for each in decisions.commands]
        if self._emit_proposals:
            records += [
                (side_outputs.PROPOSALS, Row(each.target.id.encode(), encode_proposal(each)))
                for each in decisions.proposals
            ]
        return records
