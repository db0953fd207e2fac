"""Keyed operator: emits session-state.v1, one whole record per session and change."""

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec
from pyflink.common import Row
from pyflink.datastream import KeyedProcessFunction, RuntimeContext

from models.session_state import ActionSeen, WindowScores, with_action, with_command, with_scores
from schemas.commands import AdjustmentCommand
from schemas.session_state import SessionState
from udfs.crossing_rows import SessionUpdateKind
from udfs.keyed_state import StateField
from udfs.runtime import prepare_interpreter

_encoder: Final = msgspec.json.Encoder()
_decode: Final = msgspec.json.Decoder(SessionState).decode
_action: Final = msgspec.json.Decoder(ActionSeen).decode
_scores: Final = msgspec.json.Decoder(WindowScores).decode
_command: Final = msgspec.json.Decoder(AdjustmentCommand).decode

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
    what comes; its state expires by time to live, without a timer.
    """

    def __init__(self, patch_pyflink: bool = True) -> None:
        self._patch_pyflink = patch_pyflink

    def open(self, runtime_context: RuntimeContext) -> None:
        prepare_interpreter(runtime_context, self._patch_pyflink)
        self._field: StateField[SessionState] = StateField("session-state-v1", self._encode, _decode, ttl_h=1)
        self._field.open(runtime_context)

    def process_element(self, value: Any, ctx: Any) -> Iterable[Any]:
        kind, body = value
        key = ctx.get_current_key()
        known = self._field.get(key)
        state = _CHANGES[kind](known, body)
        if state is known:
            return []
        self._field.set(key, state)
        return [Row(key.encode(), self._record)]

    def _encode(self, state: SessionState) -> str:
        # State and topic hold the same text, made once.
        self._record = _encoder.encode(state)
        return self._record.decode()
