"""Keyed operator: emits session-state.v1, one whole record per session and change."""

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
from pyflink.common import Row
from pyflink.datastream import KeyedProcessFunction, RuntimeContext

from models.session_clock import SESSION_END_MS
from models.session_state import ActionSeen, WindowScores, with_action, with_command, with_scores
from schemas.commands import AdjustmentCommand
from schemas.session_state import SessionState
from udfs.crossing_rows import SessionUpdateKind
from udfs.keyed_state import TTL_H, StateField
from udfs.runtime import prepare_interpreter

_encoder: Final = msgspec.json.Encoder()
_decode: Final = msgspec.json.Decoder(SessionState).decode
_action: Final = msgspec.json.Decoder(ActionSeen).decode
_scores: Final = msgspec.json.Decoder(WindowScores).decode
_command: Final = msgspec.json.Decoder(AdjustmentCommand).decode

KEPT_MS: Final = 4 * SESSION_END_MS
"""A state is dropped if other sessions are so much further in event time. More than the end of a session, since partitions
are not read at one pace."""

CHECK_MS: Final = SESSION_END_MS

Change = Callable[[SessionState | None, str], SessionState]

_CHANGES: Final[dict[str, Change]] = {
    SessionUpdateKind.ACTION.value: lambda state, body: with_action(state, _action(body)),
    SessionUpdateKind.SCORES.value: lambda state, body: with_scores(state, _scores(body)),
    SessionUpdateKind.COMMAND.value: lambda state, body: with_command(state, _command(body)),
}


class SessionStates(KeyedProcessFunction):
    """Takes updates (kind, JSON) from both lanes and from the events themselves, keyed by session; emits (session id, JSON).

    One operator for all of it, because a record of a compacted topic replaces the one before: what only half of the
    job knew would be lost with the next record of the other half. A session that is over begins anew by the times of
    what comes.

    A timer drops the state of a session that was over long ago by event time. It is set in processing time, since commands
    that have been a table bring no watermark, but looks at the times of what has come since the job began: after an outage of
    hours the sessions of the backlog go on where they were.
    """

    def __init__(self, patch_pyflink: bool = True) -> None:
        self._patch_pyflink = patch_pyflink

    def open(self, runtime_context: RuntimeContext) -> None:
        prepare_interpreter(runtime_context, self._patch_pyflink)
        self._field: StateField[SessionState] = StateField("session-state-v1", self._encode, _decode, ttl_h=TTL_H)
        self._field.open(runtime_context)
        self._newest_ms = 0

    def process_element(self, value: Any, ctx: Any) -> Iterable[Any]:
        kind, body = value
        key = ctx.get_current_key()
        known = self._field.get(key)
        state = _CHANGES[kind](known, body)
        if state is known:
            return []
        self._newest_ms = max(self._newest_ms, state.updated_at_ms)
        if known is None:
            self._check_later(ctx)
        self._field.set(key, state)
        return [Row(key.encode(), self._record)]

    def on_timer(self, timestamp: int, ctx: Any) -> Iterable[Any]:
        key = ctx.get_current_key()
        state = self._field.get(key)
        if state is not None and self._newest_ms - state.updated_at_ms >= KEPT_MS:
            self._field.clear(key)
        elif state is not None:
            self._check_later(ctx)
        return ()

    def _check_later(self, ctx: Any) -> None:
        timers = ctx.timer_service()
        timers.register_processing_time_timer(timers.current_processing_time() + CHECK_MS)

    def _encode(self, state: SessionState) -> str:
        # State and topic hold the same text, made once.
        self._record = _encoder.encode(state)
        return self._record.decode()
