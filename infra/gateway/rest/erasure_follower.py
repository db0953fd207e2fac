"""Follows the log of erasures in Redis, so that every gateway forgets what one of them erases."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from redis.exceptions import RedisError

from infra.gateway.clock import now_ms
from infra.gateway.components import GatewayContext
from infra.gateway.rest.erasure_journal import ErasureJournal, erasure_of_log
from infra.kafka.producer import OutgoingRecord, ProducerUnavailableError
from infra.redis import keys
from schemas.topics import SESSION_STATE

EVERY_S: Final = 1.0
OVERLAP_MS: Final = 60_000
"""Read again each time: the clocks of gateways differ, and a gateway may be slow to write."""


class ErasureFollower:
    """Reads what is new in the log. An entry counts again if its time changes: the person was erased once more."""

    def __init__(self, gateway: GatewayContext) -> None:
        self._erased = gateway.erased
        self._journal = ErasureJournal(gateway.ingest_redis)
        self._producer = gateway.producer
        self._topic = gateway.settings.topic(SESSION_STATE.name)
        self._since_ms = now_ms() - keys.ERASED_LIFE_MS
        self._seen: dict[str, float] = {}

    async def run(self, every_s: float = EVERY_S) -> None:
        while True:
            await asyncio.sleep(every_s)
            await self.step()
            await self.write_due_tombstones()

    async def step(self) -> None:
        """Forgets what others have erased. While Redis does not answer, nothing is read, and later all of it."""
        at_ms = now_ms()
        try:
            entries = await self._journal.log_since(self._since_ms)
        except (RedisError, OSError):
            return
        new: defaultdict[int, list[str]] = defaultdict(list)
        for entry, score in entries.items():
            if self._seen.get(entry) != score:
                new[int(score)].append(entry)
        for erased_at_ms in sorted(new):
            self._erased.forget(erasure_of_log(new[erased_at_ms]), erased_at_ms)
        self._seen, self._since_ms = entries, at_ms - OVERLAP_MS

    async def write_due_tombstones(self) -> None:
        """Deletes states of erased sessions that the adjust job has written since. Several gateways may do so at once."""
        try:
            due = await self._journal.due_tombstones(now_ms())
            if due:
                tombstones = [OutgoingRecord(self._topic, each.encode(), None) for each in due]
                await self._producer.wait_acked(self._producer.send(tombstones))
                await self._journal.remove_due(due)
        except (RedisError, OSError, ProducerUnavailableError):
            return  # they stay due


@asynccontextmanager
async def following(gateway: GatewayContext, every_s: float = EVERY_S) -> AsyncIterator[None]:
    """Runs the follower. What was erased before is known when it has begun, if Redis answers."""
    follower = ErasureFollower(gateway)
    await follower.step()
    task = asyncio.create_task(follower.run(every_s))
    gateway.is_alive.append(lambda: "erasure follower" if task.done() else None)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
