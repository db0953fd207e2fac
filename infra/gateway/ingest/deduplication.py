"""Deduplicates events by id. Three places remember ids:

* in this process, the last 50,000 that Kafka has acknowledged;
* in this process, those being written to Kafka: a request that repeats one waits for the same record;
* in Redis, for 24 h and up to `Settings.seen_ids`; all gateways share it, and it survives their restarts.

Without Redis no event is rejected or lost, and the first two go on. An id is marked after Kafka has acknowledged it, so a
crash between the two lets a repeat through (the adjust job deduplicates by id again) rather than lose an event.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

from redis.asyncio import Redis

from infra.gateway import metrics
from infra.redis.circuit_breaker import CircuitBreaker

MAX_RECENT_IDS: Final = 50_000
DAY_S: Final = 86_400

_BUCKET_SLOTS: Final = 16
"""Ids per bucket; eight bytes each, the newest first."""

_MEAN_LOAD: Final = 10
"""Mean ids per bucket when all `seen_ids` are in use. The rest is room for chance."""

_TIME_UNIT_S: Final = 64
"""Unit of the two-byte timestamps: a day is 1,350 of 65,536."""

_FIND: Final = """\
local found = {}
local now = tonumber(ARGV[1])
for i, key in ipairs(KEYS) do
  local bucket, mark, hit = redis.call('GET', key), ARGV[i + 1], 0
  if bucket then
    for at = 1, #bucket, 8 do
      if string.sub(bucket, at, at + 5) == mark then
        local high, low = string.byte(bucket, at + 6, at + 7)
        if (now - high * 256 - low) % 65536 <= %(day)d then hit = 1 end
        break
      end
    end
  end
  found[i] = hit
end
return found
"""
_ADD: Final = """\
local now = tonumber(ARGV[1])
local stamp = string.char(math.floor(now / 256), now % 256)
for i, key in ipairs(KEYS) do
  local bucket = redis.call('GET', key) or ''
  redis.call('SET', key, string.sub(ARGV[i + 1] .. stamp .. bucket, 1, %(bytes)d), 'PX', %(ms)d)
end
"""


BucketSlot = tuple[str, bytes]
"""Redis key of an id's bucket, and the six bytes that stand for the id in it."""


class RedisSeenIds:
    """Hash table of fixed size in Redis: an id's hash selects a bucket of 16 slots and the six bytes stored there.

    One key per id would take 100 bytes each without a bound, and a full Redis evicts what expires soonest, which would be
    sessions. This takes 23 bytes an id: 46 MB at most for two million. A full bucket drops its oldest id. The chance that a
    new id is taken for a known one is 16 / 2^48.
    """

    def __init__(self, redis: Redis, ids: int, prefix: str = "ma:seen") -> None:
        self._prefix = prefix
        self._buckets = max(1, ids // _MEAN_LOAD)
        values = {"day": DAY_S // _TIME_UNIT_S, "bytes": _BUCKET_SLOTS * 8, "ms": DAY_S * 1000}
        self._find = redis.register_script(_with_constants(_FIND, values))
        self._add = redis.register_script(_with_constants(_ADD, values))
        self._breaker = CircuitBreaker(metrics.REDIS_DOWN.inc)

    def slots(self, ids: Sequence[str]) -> list[BucketSlot]:
        """Returns the slot of each id."""
        digests = [blake2b(each.encode(), digest_size=14).digest() for each in ids]
        return [(f"{self._prefix}:{int.from_bytes(each[6:]) % self._buckets:x}", each[:6]) for each in digests]

    async def contains(self, slots: Sequence[BucketSlot]) -> list[bool]:
        """Returns whether each id was seen in the last 24 h; False for all while Redis does not answer."""
        found = await self._breaker.call(lambda: self._run(self._find, slots))
        return [bool(hit) for hit in found] if found else [False] * len(slots)

    async def add(self, slots: Sequence[BucketSlot]) -> None:
        await self._breaker.call(lambda: self._run(self._add, slots))

    async def _run(self, script: Any, slots: Sequence[BucketSlot]) -> Any:
        now = int(time.time()) // _TIME_UNIT_S % 65_536
        return await script(keys=[bucket for bucket, _ in slots], args=[now, *(mark for _, mark in slots)])


def _with_constants(script: str, values: dict[str, int]) -> str:
    for name, value in values.items():
        script = script.replace(f"%({name})d", str(value))
    return script


@dataclass(slots=True)
class Claim:
    """The ids of one request. `fresh` are those it has to write; `done` ends when Kafka has acknowledged them."""

    fresh: list[str]
    slots: list[BucketSlot]
    """Of `fresh`."""
    duplicates: int
    others: set[asyncio.Future[None]]
    """`done` of the requests that are writing its other ids."""
    done: asyncio.Future[None]


class Deduplicator:
    """Grants each id to one request."""

    def __init__(self, shared: RedisSeenIds) -> None:
        self._shared = shared
        self._recent: dict[str, None] = {}
        self._in_flight: dict[str, asyncio.Future[None]] = {}
        self._marking: set[asyncio.Task[None]] = set()

    async def claim(self, ids: Sequence[str]) -> Claim:
        """Splits ids into fresh and known. The caller must end the claim with `complete_when` or `release`."""
        claim = Claim([], [], 0, set(), asyncio.get_running_loop().create_future())
        for each in ids:
            other = self._in_flight.get(each)
            if other is None and each not in self._recent:
                # Before the first await, so that two concurrent requests cannot both get it.
                self._in_flight[each] = claim.done
                claim.fresh.append(each)
            elif other is not None and other is not claim.done:
                claim.others.add(other)
        slots = self._shared.slots(claim.fresh)
        try:
            known = await self._shared.contains(slots) if slots else []
        except (Exception, asyncio.CancelledError):
            # Also if the request is cancelled: its ids would stay claimed for ever.
            self.release(claim, ConnectionError("the request was cancelled"))
            raise
        candidates, claim.fresh = zip(claim.fresh, slots, known, strict=True), []
        for each, slot, is_known in candidates:
            if is_known:
                del self._in_flight[each]
                self._remember(each)
            else:
                claim.fresh.append(each)
                claim.slots.append(slot)
        claim.duplicates = len(ids) - len(claim.fresh)
        return claim

    def complete_when(self, claim: Claim, written: asyncio.Future[None]) -> None:
        """Marks the ids as seen if `written` succeeds, frees them if it fails."""
        written.add_done_callback(lambda _: self._complete(claim, written))

    def release(self, claim: Claim, why: BaseException) -> None:
        """Frees the ids: nothing was written."""
        for each in claim.fresh:
            self._in_flight.pop(each, None)
        if not claim.done.done():
            claim.done.set_exception(why)
            claim.done.exception()

    def _complete(self, claim: Claim, written: asyncio.Future[None]) -> None:
        if written.cancelled() or (failed := written.exception()) is not None:
            self.release(claim, ConnectionError("cancelled") if written.cancelled() else failed)  # type: ignore[arg-type]
            return
        for each in claim.fresh:
            del self._in_flight[each]
            self._remember(each)
        claim.done.set_result(None)
        if claim.fresh:
            marking = asyncio.get_running_loop().create_task(self._shared.add(claim.slots))
            self._marking.add(marking)
            marking.add_done_callback(self._marking.discard)

    def _remember(self, each: str) -> None:
        self._recent[each] = None
        if len(self._recent) > MAX_RECENT_IDS:
            del self._recent[next(iter(self._recent))]

    async def drain(self) -> None:
        """Waits until Redis has what was acknowledged so far; called at shutdown."""
        if self._marking:
            await asyncio.wait(set(self._marking), timeout=2.0)
