"""One record of a topic as one write to Redis. The same record written twice changes nothing."""

from typing import Any, Final

import msgspec
from redis.client import Pipeline
from redis.commands.core import Script

from infra.redis import keys
from schemas.commands import AdjustmentCommand
from schemas.session_state import SessionState

MOST_COMMANDS: Final = 64
"""Commands kept for one target. Cooldowns keep real ones below; beyond that those that expire first are dropped."""

_PUT_STATE: Final = """
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
local held = redis.call('HGET', KEYS[1], 'updated_at_ms')
if held and tonumber(held) > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
redis.call('PEXPIREAT', KEYS[1], ARGV[2])
return 1
"""
"""Never back in time: a projector that starts again repeats records that Redis has seen the successors of."""

_LINK: Final = """
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
redis.call('SADD', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
"""

_PUT_COMMAND: Final = """
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
if ARGV[4] ~= '' then redis.call('HDEL', KEYS[1], ARGV[4]) end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
local excess = redis.call('HLEN', KEYS[1]) - tonumber(ARGV[5])
if excess > 0 then
  local held = {}
  local all = redis.call('HGETALL', KEYS[1])
  for i = 1, #all, 2 do
    held[#held + 1] = {all[i], cjson.decode(all[i + 1])['expires_at_ms']}
  end
  table.sort(held, function(a, b) return a[2] < b[2] end)
  for i = 1, excess do redis.call('HDEL', KEYS[1], held[i][1]) end
end
local left = redis.call('PTTL', KEYS[1])
if left < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return 1
"""


class Unreadable(Exception):
    """The record is not what its topic promises."""


_encode = msgspec.json.encode
_state_decoder = msgspec.json.Decoder(SessionState)
_command_decoder = msgspec.json.Decoder(AdjustmentCommand)


def state_fields(state: SessionState) -> dict[str, bytes]:
    """All of them every time: a newer record replaces an older one, field by field."""
    return {name: _encode(value) for name, value in msgspec.structs.asdict(state).items() if name != "session_id"}


class Writes:
    """Puts records on a pipeline; what is on it takes effect when the pipeline is executed."""

    def __init__(self, put_state: Script, put_command: Script, link: Script) -> None:
        self._put_state = put_state
        self._put_command = put_command
        self._link = link

    @classmethod
    def on(cls, redis: Any) -> "Writes":
        return cls(*map(redis.register_script, (_PUT_STATE, _PUT_COMMAND, _LINK)))

    def state(self, pipeline: "Pipeline", session_id: str, state: SessionState | None, appended_at_ms: int) -> None:
        """None deletes, and only what this topic has written: between topics there is no order, so that a rebuild
        that deleted commands could end otherwise than what it rebuilds. Those expire."""
        if state is None:
            pipeline.delete(keys.session(session_id))
            return
        expires_at_ms = appended_at_ms + keys.SESSION_LIFE_MS
        fields = [part for pair in state_fields(state).items() for part in pair]
        self._put_state(
            [keys.session(state.session_id), keys.erased(state.session_id)],
            [state.updated_at_ms, expires_at_ms, *fields],
            client=pipeline,
        )

    def link(self, pipeline: "Pipeline", user_id: str, session_id: str) -> None:
        """Every person that a session has ever named, so that an erasure finds it."""
        self._link([keys.user(user_id), keys.erased(session_id)], [session_id, keys.USER_LIFE_MS], client=pipeline)

    def command(self, pipeline: "Pipeline", command: AdjustmentCommand, raw: bytes, now_ms: int) -> None:
        """A command that has expired is not written; one that reverts another takes it away."""
        left_ms = min(command.expires_at_ms - now_ms, keys.SESSION_LIFE_MS)
        session_id = command.session_id if command.session_id is not None else ""
        place = keys.adjustments(session_id) if session_id else keys.target(command.target.kind, command.target.id)
        if left_ms <= 0:
            if command.reverts is not None:
                pipeline.hdel(place, command.reverts)
            return
        self._put_command(
            [place, keys.erased(session_id)],
            [command.command_id, raw, left_ms, command.reverts or "", MOST_COMMANDS],
            client=pipeline,
        )


def read_state(key: bytes | None, value: bytes | None) -> tuple[str, SessionState | None]:
    """Session and state, None for a deletion. Raises `Unreadable`."""
    if value is not None:
        state: SessionState = _decoded(_state_decoder, value)
        return state.session_id, state
    if key is None:
        raise Unreadable("neither key nor value")
    return key.decode("utf-8", "replace"), None


def read_command(value: bytes | None) -> AdjustmentCommand:
    """Raises `Unreadable`."""
    if value is None:
        raise Unreadable("a command without value")
    command: AdjustmentCommand = _decoded(_command_decoder, value)
    return command


def _decoded(decoder: msgspec.json.Decoder[Any], value: bytes) -> Any:
    try:
        return decoder.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(str(error)) from None
