"""Writes records of the topics to Redis. Writes are idempotent: the same record written twice changes nothing."""

from typing import Any, Final

import msgspec
from redis.client import Pipeline
from redis.commands.core import Script

from infra.redis import keys
from schemas.commands import AdjustmentCommand
from schemas.session_state import SessionState
from schemas.unreadable import UNREADABLE

MAX_COMMANDS: Final = 64
"""Commands kept for one target; beyond that those that expire first are dropped. Cooldowns keep real targets below it."""

_PUT_STATE: Final = """
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
local held = redis.call('HGET', KEYS[1], 'updated_at_ms')
if held and tonumber(held) > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
redis.call('PEXPIREAT', KEYS[1], ARGV[2])
return 1
"""
"""Keeps the newer state: a projector that starts again repeats records whose successors Redis already has."""

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


class MalformedRecordError(Exception):
    """The record does not follow its topic's contract."""


_encode = msgspec.json.encode
_state_decoder = msgspec.json.Decoder(SessionState)
_command_decoder = msgspec.json.Decoder(AdjustmentCommand)


def state_fields(state: SessionState) -> dict[str, bytes]:
    """Encodes every field every time: a newer record replaces an older one, field by field."""
    return {name: _encode(value) for name, value in msgspec.structs.asdict(state).items() if name != "session_id"}


class RedisWriter:
    """Adds writes to a pipeline; they take effect when the pipeline is executed."""

    def __init__(self, put_state: Script, put_command: Script, link: Script) -> None:
        self._put_state = put_state
        self._put_command = put_command
        self._link = link

    @classmethod
    def on(cls, redis: Any) -> "RedisWriter":
        return cls(*map(redis.register_script, (_PUT_STATE, _PUT_COMMAND, _LINK)))

    def state(self, pipeline: "Pipeline", session_id: str, state: SessionState | None, appended_at_ms: int) -> None:
        """Writes a session's state; None deletes it.

        Commands are not deleted with it but expire: there is no order between topics, so a rebuild that deleted them
        could end in another state than the one it rebuilds.
        """
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
        """Links a person to a session that has named them, so that an erasure finds it."""
        self._link([keys.user(user_id), keys.erased(session_id)], [session_id, keys.USER_LIFE_MS], client=pipeline)

    def command(self, pipeline: "Pipeline", command: AdjustmentCommand, raw: bytes, now_ms: int) -> None:
        """Writes a command unless it has expired; one that reverts another removes it."""
        left_ms = min(command.expires_at_ms - now_ms, keys.SESSION_LIFE_MS)
        session_id = command.session_id if command.session_id is not None else ""
        place = keys.adjustments(session_id) if session_id else keys.target(command.target.kind, command.target.id)
        if left_ms <= 0:
            if command.reverts is not None:
                pipeline.hdel(place, command.reverts)
            return
        self._put_command(
            [place, keys.erased(session_id)],
            [command.command_id, raw, left_ms, command.reverts or "", MAX_COMMANDS],
            client=pipeline,
        )


def read_state(key: bytes | None, value: bytes | None) -> tuple[str, SessionState | None]:
    """Returns session and state, None for a deletion. Raises `MalformedRecordError`."""
    if value is not None:
        state: SessionState = _decoded(_state_decoder, value)
        return state.session_id, state
    if key is None:
        raise MalformedRecordError("neither key nor value")
    return key.decode("utf-8", "replace"), None


def read_command(value: bytes | None) -> tuple[AdjustmentCommand, bytes]:
    """Returns the command and its JSON. Raises `MalformedRecordError`."""
    if value is None:
        raise MalformedRecordError("a command without value")
    command: AdjustmentCommand = _decoded(_command_decoder, value)
    return command, value


def _decoded(decoder: msgspec.json.Decoder[Any], value: bytes) -> Any:
    try:
        return decoder.decode(value)
    except UNREADABLE as error:
        raise MalformedRecordError(str(error)) from None
