"""Remembers which source began a session whose id its sender made up: in Redis, and in this process."""

import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio import Redis

from infra.gateway import metrics
from infra.gateway.auth.key_permissions import Level, WriteKey
from infra.redis import keys
from infra.redis.circuit_breaker import CircuitBreaker

MAX_KNOWN: Final = 50_000
"""Owners kept in this process; beyond that the least recently used is asked for again."""

MIN_UNBOUND_CHARS: Final = 16
"""A shorter id may be guessed, or be begun by a stranger beforehand. With a public key it is good from one address only."""

TRUSTED_S: Final = 600.0
"""How long an owner is known without asking Redis, which also keeps it there: its own time is two days."""

_CLAIM: Final = """
local found = {}
for i, key in ipairs(KEYS) do
  local held = redis.call('GET', key)
  if not held and ARGV[i + 1] then redis.call('SET', key, ARGV[i + 1], 'PX', ARGV[1]) end
  if held then redis.call('PEXPIRE', key, ARGV[1]) end
  found[i] = held or ''
end
return found
"""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who began a session. `address`, a digest, is empty unless the id is so short that others might come upon it."""

    source: str
    level: Level
    address: str = ""

    @classmethod
    def of(cls, key: WriteKey, session_id: str, address: str) -> "Owner":
        is_bound = key.level == "public" and len(session_id) < MIN_UNBOUND_CHARS
        return cls(key.source, key.level, address if is_bound else "")

    def admits(self, key: WriteKey, address: str) -> bool:
        """Whether the key may add to the session: servers to those of their source's pages, but pages not to its servers'.

        A session that is bound to an address admits no server: a stranger may have begun it beforehand.
        """
        if self.source != key.source or (key.level == "public" and self.level == "server"):
            return False
        return self.address in ("", address) if key.level == "public" else self.address == ""


class UnknownOwnerError(Exception):
    """Redis does not answer, and this process does not know the session."""


class SessionOwners:
    """The first to name a session owns it.

    Until Redis has answered once, this process alone remembers: nothing else can, without Redis. Later, what Redis does
    not answer is not guessed.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._claim = redis.register_script(_CLAIM)
        self._breaker = CircuitBreaker(metrics.REDIS_DOWN.inc)
        self._known: OrderedDict[str, tuple[Owner, float]] = OrderedDict()
        self._was_reached = False

    async def claim(self, claims: Mapping[str, Owner]) -> dict[str, Owner | None]:
        """Returns the owner that each session had before, None for those that are owned as claimed from now on.

        Leaves out those that cannot be known.
        """
        return await self._ask(list(claims), claims)

    async def find(self, session_id: str) -> Owner | None:
        """Returns the owner, None if nobody has begun the session; raises `UnknownOwnerError`."""
        found = await self._ask([session_id], {})
        if session_id not in found:
            raise UnknownOwnerError
        return found[session_id]

    async def release(self, session_ids: Sequence[str]) -> None:
        """Forgets sessions that were claimed for events that could not be stored."""
        for each in session_ids:
            self._known.pop(each, None)
        if session_ids:
            await self._breaker.call(lambda: self._redis.delete(*map(keys.owner, session_ids)))

    async def _ask(self, session_ids: Sequence[str], claims: Mapping[str, Owner]) -> dict[str, Owner | None]:
        now_s = time.monotonic()
        found: dict[str, Owner | None] = {}
        unknown: list[str] = []
        for each in session_ids:
            known = self._known.get(each)
            if known is not None and now_s - known[1] < TRUSTED_S:
                self._known.move_to_end(each)
                found[each] = known[0]
            else:
                unknown.append(each)
        if not unknown:
            return found
        held = await self._breaker.call(lambda: self._run(unknown, claims))
        self._was_reached = self._was_reached or held is not None
        if held is None:
            if self._was_reached:
                # An entry that is due to be asked again is better than none.
                return found | {each: self._known[each][0] for each in unknown if each in self._known}
            held = [b""] * len(unknown)
        for each, text in zip(unknown, held, strict=True):
            owner = _decoded(text) if text else None
            if owner is None and each in self._known:
                owner = self._known[each][0]
            found[each] = owner
            if (owner_now := owner or claims.get(each)) is not None:
                self._remember(each, owner_now, now_s)
        return found

    async def _run(self, session_ids: Sequence[str], claims: Mapping[str, Owner]) -> Any:
        claimed = [f"{by.level}\n{by.address}\n{by.source}" for each in session_ids if (by := claims.get(each))]
        return await self._claim(keys=[keys.owner(each) for each in session_ids], args=[keys.OWNER_LIFE_MS, *claimed])

    def _remember(self, session_id: str, owner: Owner, now_s: float) -> None:
        self._known[session_id] = owner, now_s
        self._known.move_to_end(session_id)
        if len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)


def _decoded(text: bytes) -> Owner:
    level, address, source = text.decode().split("\n", 2)
    return Owner(source, "server" if level == "server" else "public", address)
