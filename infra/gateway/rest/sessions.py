"""Reads session state and active commands from Redis, with defaults for when Redis does not answer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct
from redis.asyncio import Redis

from infra.gateway.presence import UNKNOWN, Presence, beginning_of, presence
from infra.gateway.rest.recent_actions import NotedAction
from infra.redis import keys
from infra.redis.circuit_breaker import CircuitBreaker
from schemas.commands import AdjustmentCommand
from schemas.session_state import MAX_RECENT, ActiveAdjustment, RecentAction
from schemas.unreadable import UNREADABLE

_log = logging.getLogger(__name__)

REDIS_TIMEOUT_S: Final = 0.04
"""Lets the default response be sent within 50 ms."""

T = TypeVar("T")


class SessionView(Struct):
    """A session's state as REST returns it.

    `known` is false if the projector has written nothing (or it has expired); the other fields are then the defaults of a
    new session, except `recent`, which the collector fills at once. `degraded` means that Redis did not answer, or holds what
    another version has written: the same defaults, so that a page can go on. `active` holds only adjustments that have not
    expired.
    """

    session_id: str
    known: bool = False
    degraded: bool = False
    updated_at_ms: int | None = None
    user_id: str | None = None
    preferences: dict[str, str] = {}
    recent: list[RecentAction] = []
    segment: str | None = None
    scores: dict[str, float | None] = {}
    active: list[ActiveAdjustment] = []


class CommandsView(Struct):
    """Commands in force, newest first. A command with action `revert` names the one it ends in `reverts`."""

    adjustments: list[AdjustmentCommand] = []
    degraded: bool = False


class _StoredSession(Struct):
    """The hash that the projector writes."""

    updated_at_ms: int
    user_id: str | None
    preferences: dict[str, str]
    recent: list[RecentAction]
    segment: str | None
    scores: dict[str, float | None]
    active: list[ActiveAdjustment]
    person: str | None = None


class _Named(Struct):
    command_id: str
    user_id: str | None


_SHOWN: Final = tuple(name for name in _StoredSession.__struct_fields__ if name != "person")
_noted_decoder = msgspec.json.Decoder(NotedAction)
_named_decoder = msgspec.json.Decoder(_Named)
_command_decoder = msgspec.json.Decoder(AdjustmentCommand)


class SessionStore:
    """Answers within 50 ms; without Redis with defaults marked `degraded`."""

    def __init__(self, redis: Redis, breaker: CircuitBreaker) -> None:
        self._redis, self._breaker = redis, breaker

    async def sessions(self, ids: Sequence[str], now_ms: int) -> list[SessionView]:
        """Returns the views in the order of the ids."""

        async def read() -> list[Any]:
            pipeline: Any = self._redis.pipeline(transaction=False)
            for session_id in ids:
                pipeline.hgetall(keys.session(session_id))
                pipeline.lrange(keys.recent(session_id), 0, MAX_RECENT - 1)
                pipeline.hvals(keys.adjustments(session_id))
            found: list[Any] = await pipeline.execute()
            return found

        found = await self._ask(read)
        if found is None:
            return [SessionView(session_id, degraded=True) for session_id in ids]
        answers = zip(ids, found[0::3], found[1::3], found[2::3], strict=True)
        return [_view_or_default(*each, now_ms) for each in answers]

    async def presence(self, session_id: str) -> Presence:
        """Returns who uses the session now, as far as Redis tells in time."""

        async def read() -> list[Any]:
            pipeline: Any = self._redis.pipeline(transaction=False)
            pipeline.hgetall(keys.session(session_id))
            pipeline.lrange(keys.recent(session_id), 0, MAX_RECENT - 1)
            found: list[Any] = await pipeline.execute()
            return found

        found = await self._ask(read)
        try:
            return UNKNOWN if found is None else _presence(*found)
        except UNREADABLE as error:
            _warn_of(error)
            return UNKNOWN

    async def commands_to(self, session_id: str, now_ms: int) -> CommandsView:
        """Returns the commands in force for who uses the session now: nothing that was meant for somebody before."""
        view, present = await asyncio.gather(
            self.commands(keys.adjustments(session_id), now_ms), self.presence(session_id)
        )
        view.adjustments = [
            each
            for each in view.adjustments
            if each.reverts is not None or present.admits(each.user_id, each.issued_at_ms)
        ]
        return view

    async def commands(self, key: str, now_ms: int) -> CommandsView:
        """Returns the commands in force under one of the projector's keys."""

        async def read() -> list[bytes]:
            values: Any = self._redis.hvals(key)
            found: list[bytes] = await values
            return found

        found = await self._ask(read)
        if found is None:
            return CommandsView(degraded=True)
        try:
            commands = [_command_decoder.decode(each) for each in found]
        except UNREADABLE as error:
            return CommandsView(degraded=_warn_of(error))
        in_force = [each for each in commands if each.expires_at_ms > now_ms]
        return CommandsView(sorted(in_force, key=lambda each: (-each.issued_at_ms, each.command_id)))

    async def _ask(self, question: Callable[[], Awaitable[T]]) -> T | None:
        return await self._breaker.call(lambda: asyncio.wait_for(question(), REDIS_TIMEOUT_S))


def _view_or_default(
    session_id: str, held: dict[bytes, bytes], noted: Sequence[bytes], commands: Sequence[bytes], now_ms: int
) -> SessionView:
    """Returns the view; the default of a session whose state another version of this software has written."""
    try:
        return _view(session_id, held, noted, commands, now_ms)
    except UNREADABLE as error:
        return SessionView(session_id, degraded=_warn_of(error))


def _warn_of(error: Exception) -> bool:
    _log.warning("Redis holds what this version cannot read: %s", type(error).__name__)
    return True


def _presence(held: dict[bytes, bytes], noted: Sequence[bytes]) -> Presence:
    state = _stored(held) if held else None
    known = None if state is None else (state.updated_at_ms, state.user_id, state.person)
    return presence([_noted_decoder.decode(each) for each in noted], known)


def _view(
    session_id: str, held: dict[bytes, bytes], noted: Sequence[bytes], commands: Sequence[bytes], now_ms: int
) -> SessionView:
    """Merges the job's state with the actions noted since; of two people at one machine only the later one is shown."""
    actions = [_noted_decoder.decode(each) for each in noted]
    state = _stored(held) if held else None
    signed_in = max((each for each in actions if each.person is not None), key=lambda each: each.at_ms, default=None)
    person = None if state is None else state.person
    if signed_in is not None and (state is None or person is None or signed_in.at_ms > state.updated_at_ms):
        person = signed_in.person
    since_ms = beginning_of(person, actions)
    shown: dict[str, RecentAction] = {each.event_id: each for each in actions if each.at_ms >= since_ms}
    view = SessionView(session_id, known=state is not None)
    if state is not None and state.person in (None, person):
        view = SessionView(session_id, True, False, **{name: getattr(state, name) for name in _SHOWN})
        shown |= {each.event_id: each for each in state.recent}
        present = presence(actions, (state.updated_at_ms, state.user_id, state.person))
        named = {each.command_id: each.user_id for each in map(_named_decoder.decode, commands)}
        view.active = [
            each
            for each in state.active
            if each.expires_at_ms > now_ms and present.admits(named.get(each.command_id), each.issued_at_ms)
        ]
    recent = [RecentAction(each.event_id, each.type, each.content_id, each.at_ms) for each in shown.values()]
    view.recent = sorted(recent, key=lambda each: (-each.at_ms, each.event_id))[:MAX_RECENT]
    return view


def _stored(held: dict[bytes, bytes]) -> _StoredSession:
    whole = b"{" + b",".join(b'"' + name + b'":' + value for name, value in held.items()) + b"}"
    return msgspec.json.decode(whole, type=_StoredSession)
