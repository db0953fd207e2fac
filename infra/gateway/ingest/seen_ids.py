"""Seen event ids in Redis: a hash table of fixed size, and claims on ids that a gateway is writing."""

import secrets
import time
from collections.abc import Sequence
from enum import IntEnum
from hashlib import blake2b
from itertools import count
from typing import Any, Final

from redis.asyncio import Redis

from infra.gateway import metrics
from infra.redis.circuit_breaker import CircuitBreaker

DAY_S: Final = 86_400
CLAIM_MS: Final = 6_000
"""How long an id stays claimed after its gateway has died; renewed while it lives."""

_NAME_CHARS: Final = 16
"""Of a gateway's random name, with which its claims begin."""

MAX_AT_ONCE: Final = 500
"""Ids in one script: the largest batch must not keep Redis from others for long."""

_BUCKET_SLOTS: Final = 16
"""Ids per bucket; eight bytes each, the newest first."""

_MEAN_LOAD: Final = 10
"""Mean ids per bucket when all `seen_ids` are in use. The rest is room for chance."""

_TIME_UNIT_S: Final = 64
"""Unit of the two-byte timestamps: a day is 1,350 of 65,536."""

_IS_KNOWN: Final = """\
local now = tonumber(ARGV[1])
local function is_known(bucket, mark)
  local held = redis.call('GET', bucket)
  if not held then return false end
  for at = 1, #held, 8 do
    if string.sub(held, at, at + 5) == mark then
      local high, low = string.byte(held, at + 6, at + 7)
      return (now - high * 256 - low) % 65536 <= %(day)d
    end
  end
  return false
end
local ids = #KEYS / 2
"""
"""KEYS holds the buckets and then the claims, ARGV the time, the claim's token and the marks.

A token begins with the name of its gateway, which grants an id to one request at a time by itself.
"""

_LOOK: Final = (
    _IS_KNOWN
    + """\
local states = {}
for i = 1, ids do
  if is_known(KEYS[i], ARGV[i + 2]) then states[i] = 1
  elseif redis.call('EXISTS', KEYS[ids + i]) == 1 then states[i] = 2
  else states[i] = 0 end
end
return states
"""
)
_CLAIM: Final = (
    _IS_KNOWN
    + """\
local states = {}
for i = 1, ids do
  if is_known(KEYS[i], ARGV[i + 2]) then
    states[i] = 1
  else
    local holder = redis.call('GET', KEYS[ids + i])
    if holder and string.sub(holder, 1, %(name)d) ~= string.sub(ARGV[2], 1, %(name)d) then
      states[i] = 2
    else
      redis.call('SET', KEYS[ids + i], ARGV[2], 'PX', %(claim)d)
      states[i] = 0
    end
  end
end
return states
"""
)
_ADD: Final = """\
local now, ids = tonumber(ARGV[1]), #KEYS / 2
local stamp = string.char(math.floor(now / 256), now % 256)
for i = 1, ids do
  local bucket = redis.call('GET', KEYS[i]) or ''
  redis.call('SET', KEYS[i], string.sub(ARGV[i + 2] .. stamp .. bucket, 1, %(bytes)d), 'PX', %(ms)d)
  redis.call('DEL', KEYS[ids + i])
end
"""
_FREE: Final = """\
for i = #KEYS / 2 + 1, #KEYS do
  if redis.call('GET', KEYS[i]) == ARGV[2] then redis.call('DEL', KEYS[i]) end
end
"""
_RENEW: Final = """\
for i = #KEYS / 2 + 1, #KEYS do
  redis.call('SET', KEYS[i], ARGV[2], 'PX', %(claim)d)
end
"""

BucketSlot = tuple[str, bytes]
"""Redis key of an id's bucket, and the six bytes that stand for the id in it."""


class IdState(IntEnum):
    """What Redis knows of an id. `FREE` may be written by who asks, `CLAIMED` is being written by another gateway."""

    FREE = 0
    KNOWN = 1
    CLAIMED = 2


class RedisSeenIds:
    """Hash table of fixed size in Redis: an id's hash selects a bucket of 16 slots and the six bytes stored there.

    One key per id would take 100 bytes each without a bound, and a full Redis evicts what expires soonest, which would be
    sessions. This takes 23 bytes an id: 46 MB at most for two million. A full bucket drops its oldest id. The chance that a
    new id is taken for a known one is 16 / 2^48.
    """

    def __init__(self, redis: Redis, ids: int, prefix: str = "ma:seen") -> None:
        self._prefix = prefix
        self._buckets = max(1, ids // _MEAN_LOAD)
        self._name = secrets.token_hex(_NAME_CHARS // 2)
        self._claims = count()
        values = {
            "day": DAY_S // _TIME_UNIT_S,
            "bytes": _BUCKET_SLOTS * 8,
            "ms": DAY_S * 1000,
            "claim": CLAIM_MS,
            "name": _NAME_CHARS,
        }
        self._look, self._claim, self._add, self._free, self._renew = (
            redis.register_script(_with_constants(script, values)) for script in (_LOOK, _CLAIM, _ADD, _FREE, _RENEW)
        )
        self._breaker = CircuitBreaker(metrics.REDIS_DOWN.inc)

    def slots(self, ids: Sequence[str]) -> list[BucketSlot]:
        """Returns the slot of each id."""
        digests = [blake2b(each.encode(), digest_size=14).digest() for each in ids]
        return [(f"{self._prefix}:{int.from_bytes(each[6:]) % self._buckets:x}", each[:6]) for each in digests]

    def new_token(self) -> str:
        """Returns a token for one claim."""
        return f"{self._name}:{next(self._claims)}"

    async def claim(self, slots: Sequence[BucketSlot], token: str) -> list[IdState]:
        """Claims the ids that are neither known nor claimed, each at most once over all gateways.

        All count as free while Redis does not answer.
        """
        return await self._states(self._claim, slots, token)

    async def look(self, slots: Sequence[BucketSlot]) -> list[IdState]:
        """Returns the state of each id and claims none."""
        return await self._states(self._look, slots)

    async def contains(self, slots: Sequence[BucketSlot]) -> list[bool]:
        """Returns whether each id was seen in the last 24 h; False for all while Redis does not answer."""
        return [state is IdState.KNOWN for state in await self.look(slots)]

    async def add(self, slots: Sequence[BucketSlot]) -> None:
        """Marks the ids as seen, and ends their claims."""
        await self._call(self._add, slots)

    async def free(self, slots: Sequence[BucketSlot], token: str) -> None:
        """Ends the claims without marking the ids."""
        await self._call(self._free, slots, token)

    async def renew(self, slots: Sequence[BucketSlot], token: str) -> None:
        """Makes the claims last from now on."""
        await self._call(self._renew, slots, token)

    async def _states(self, script: Any, slots: Sequence[BucketSlot], token: str = "") -> list[IdState]:
        found = await self._call(script, slots, token)
        return [IdState(each) for each in found] + [IdState.FREE] * (len(slots) - len(found))

    async def _call(self, script: Any, slots: Sequence[BucketSlot], token: str = "") -> list[int]:
        """Runs the script in parts; returns the answers up to the first part that fails."""
        found: list[int] = []
        for begin in range(0, len(slots), MAX_AT_ONCE):
            part = slots[begin : begin + MAX_AT_ONCE]
            answer = await self._breaker.call(lambda part=part: self._run(script, part, token))  # type: ignore[misc]
            if answer is None:
                break
            found += answer
        return found

    async def _run(self, script: Any, slots: Sequence[BucketSlot], token: str) -> list[int]:
        now = int(time.time()) // _TIME_UNIT_S % 65_536
        claims = [f"ma:claim:{bucket.removeprefix('ma:')}:{mark.hex()}" for bucket, mark in slots]
        answer = await script(
            keys=[*(bucket for bucket, _ in slots), *claims], args=[now, token, *(mark for _, mark in slots)]
        )
        return answer or []


def _with_constants(script: str, values: dict[str, int]) -> str:
    for name, value in values.items():
        script = script.replace(f"%({name})d", str(value))
    return script
