"""Which events have come before: in this process, on their way to Kafka, or within 24 h by Redis.

What is remembered where, and for how long:

* in this process, the last 50,000 ids that Kafka has acknowledged;
* in this process, every id on its way to Kafka: who sends one again meanwhile waits for the same record;
* in Redis, 24 h, up to `Settings.seen_ids`; all gateways share it, and it survives their restarts.

Without Redis no event is refused or lost, and the first two go on. An id is marked after Kafka has acknowledged it, so a crash
between the two lets a repeat through (the adjust job drops it by its id again) rather than lose an event.
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

RECENT_IDS: Final = 50_000
DAY_S: Final = 86_400

_PLACES: Final = 16
"""Ids that a bucket holds; eight bytes each, the newest first."""

_FILL: Final = 10
"""Ids that a bucket gets on average when all `seen_ids` are in use. The rest is room for chance."""

_UNIT_S: Final = 64
"""Times are two bytes in this unit: a day is 1,350 of 65,536."""

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


Place = tuple[str, bytes]
"""Of an id: the key of its bucket, and the mark it leaves there."""


class SeenInRedis:
    """A table of fixed size: an id's hash gives a bucket of 16 places and six bytes to put there.

    A key per id would take 100 bytes each without any bound, and Redis, once full, throws out what expires soonest, which
    would be sessions. This takes 23 bytes an id: two million ids, 46 MB at most. A bucket that is full forgets its oldest.
    That a new id is taken for an old one has a chance of 16 / 2^48 each time.
    """

    def __init__(self, redis: Redis, ids: int, prefix: str = "ma:seen") -> None:
        self._prefix = prefix
        self._buckets = max(1, ids // _FILL)
        values = {"day": DAY_S // _UNIT_S, "bytes": _PLACES * 8, "ms": DAY_S * 1000}
        self._find = redis.register_script(_filled(_FIND, values))
        self._add = redis.register_script(_filled(_ADD, values))
        self._breaker = CircuitBreaker(metrics.REDIS_DOWN.inc)

    def places(self, ids: Sequence[str]) -> list[Place]:
        """Where each of the ids belongs."""
        digests = [blake2b(each.encode(), digest_size=14).digest() for each in ids]
        return [(f"{self._prefix}:{int.from_bytes(each[6:]) % self._buckets:x}", each[:6]) for each in digests]

    async def among(self, places: Sequence[Place]) -> list[bool]:
        """Whether each was seen; none while Redis does not answer."""
        found = await self._breaker.call(lambda: self._run(self._find, places))
        return [bool(hit) for hit in found] if found else [False] * len(places)

    async def add(self, places: Sequence[Place]) -> None:
        await self._breaker.call(lambda: self._run(self._add, places))

    async def _run(self, script: Any, places: Sequence[Place]) -> Any:
        now = int(time.time()) // _UNIT_S % 65_536
        return await script(keys=[bucket for bucket, _ in places], args=[now, *(mark for _, mark in places)])


def _filled(script: str, values: dict[str, int]) -> str:
    for name, value in values.items():
        script = script.replace(f"%({name})d", str(value))
    return script


@dataclass(slots=True)
class Claim:
    """Ids that one request has brought. `fresh` are its own to write; `done` ends when Kafka has them."""

    fresh: list[str]
    places: list[Place]
    """Of the fresh ones."""
    duplicates: int
    others: set[asyncio.Future[None]]
    done: asyncio.Future[None]


class Seen:
    """Lets each id pass once."""

    def __init__(self, shared: SeenInRedis) -> None:
        self._shared = shared
        self._recent: dict[str, None] = {}
        self._under_way: dict[str, asyncio.Future[None]] = {}
        self._marking: set[asyncio.Task[None]] = set()

    async def claim(self, ids: Sequence[str]) -> Claim:
        """Whoever claims must end it with `settle` or `release`."""
        claim = Claim([], [], 0, set(), asyncio.get_running_loop().create_future())
        for each in ids:
            other = self._under_way.get(each)
            if other is None and each not in self._recent:
                # Taken before anybody else gets a turn, so two requests at once cannot both have it.
                self._under_way[each] = claim.done
                claim.fresh.append(each)
            elif other is not None and other is not claim.done:
                claim.others.add(other)
        places = self._shared.places(claim.fresh)
        try:
            known = await self._shared.among(places) if places else []
        except (Exception, asyncio.CancelledError):
            # Also where the request is cancelled: its ids would stay taken for ever.
            self.release(claim, ConnectionError("the request was broken off"))
            raise
        asked, claim.fresh = zip(claim.fresh, places, known, strict=True), []
        for each, place, is_known in asked:
            if is_known:
                del self._under_way[each]
                self._note(each)
            else:
                claim.fresh.append(each)
                claim.places.append(place)
        claim.duplicates = len(ids) - len(claim.fresh)
        return claim

    def settle(self, claim: Claim, written: asyncio.Future[None]) -> None:
        """When `written` ends well the ids are seen, otherwise free again."""
        written.add_done_callback(lambda _: self._ended(claim, written))

    def release(self, claim: Claim, why: BaseException) -> None:
        """Nothing was written."""
        for each in claim.fresh:
            self._under_way.pop(each, None)
        if not claim.done.done():
            claim.done.set_exception(why)
            claim.done.exception()

    def _ended(self, claim: Claim, written: asyncio.Future[None]) -> None:
        if written.cancelled() or (failed := written.exception()) is not None:
            self.release(claim, ConnectionError("cancelled") if written.cancelled() else failed)  # type: ignore[arg-type]
            return
        for each in claim.fresh:
            del self._under_way[each]
            self._note(each)
        claim.done.set_result(None)
        if claim.fresh:
            marking = asyncio.get_running_loop().create_task(self._shared.add(claim.places))
            self._marking.add(marking)
            marking.add_done_callback(self._marking.discard)

    def _note(self, each: str) -> None:
        self._recent[each] = None
        if len(self._recent) > RECENT_IDS:
            del self._recent[next(iter(self._recent))]

    async def marked(self) -> None:
        """Returns once Redis has what was acknowledged so far; for leaving."""
        if self._marking:
            await asyncio.wait(set(self._marking), timeout=2.0)
