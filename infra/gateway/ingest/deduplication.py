"""Deduplicates events by id. Three places remember ids:

* in this process, the last 50,000 that Kafka has acknowledged;
* in this process, those being written to Kafka: a request that repeats one waits for the same record;
* in Redis, for 24 h and up to `Settings.seen_ids`; all gateways share it, and it survives their restarts.

Of two gateways that get the same event at once, one claims its id in Redis (`SET NX`); the other waits until the event is
stored, or answers 503 where it was not. A claim ends by itself a few seconds after its gateway has died.

Without Redis no event is rejected or lost, and the first two go on. An id is marked after Kafka has acknowledged it, so a
crash between the two lets a repeat through (the adjust job deduplicates by id again) rather than lose an event.
"""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from infra.gateway.ingest.seen_ids import CLAIM_MS, BucketSlot, IdState, RedisSeenIds

__all__ = ["Claim", "Deduplicator", "RedisSeenIds"]

MAX_RECENT_IDS: Final = 50_000

LOOK_EVERY_S: Final = 0.03
"""How often to look whether an event that another gateway is writing has been stored."""

ELSEWHERE_TIMEOUT_S: Final = 10.0
"""Longer than a request waits; then its answer was 503 already."""


@dataclass(slots=True, eq=False)
class Claim:
    """The ids of one request. `fresh` are those it has to write; `done` ends when Kafka has acknowledged them."""

    fresh: list[str]
    slots: list[BucketSlot]
    """Of `fresh`."""
    duplicates: int
    others: set[asyncio.Future[None]]
    """End when the requests that are writing its other ids have succeeded, here or on another gateway."""
    done: asyncio.Future[None]
    token: str = ""
    """Of the claim in Redis."""
    elsewhere: asyncio.Task[None] | None = None


class Deduplicator:
    """Grants each id to one request."""

    def __init__(self, shared: RedisSeenIds) -> None:
        self._shared = shared
        self._recent: dict[str, None] = {}
        self._in_flight: dict[str, asyncio.Future[None]] = {}
        self._marking: set[asyncio.Task[None]] = set()
        self._claimed: dict[Claim, None] = {}
        self._renewing: asyncio.Task[None] | None = None

    async def claim(self, ids: Sequence[str]) -> Claim:
        """Splits ids into fresh and known. The caller must end the claim with `complete_when` or `release`."""
        claim = Claim([], [], 0, set(), asyncio.get_running_loop().create_future(), self._shared.new_token())
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
            states = await self._shared.claim(slots, claim.token) if slots else []
        except (Exception, asyncio.CancelledError):
            # Also if the request is cancelled: its ids would stay claimed for ever.
            self._later(self._shared.free(slots, claim.token))
            self.release(claim, ConnectionError("the request was cancelled"))
            raise
        candidates, claim.fresh = zip(claim.fresh, slots, states, strict=True), []
        elsewhere: list[tuple[str, BucketSlot]] = []
        for each, slot, state in candidates:
            if state is IdState.KNOWN:
                del self._in_flight[each]
                self._remember(each)
            elif state is IdState.CLAIMED:
                elsewhere.append((each, slot))
            else:
                claim.fresh.append(each)
                claim.slots.append(slot)
        claim.duplicates = len(ids) - len(claim.fresh)
        if elsewhere:
            waiting = asyncio.get_running_loop().create_task(self._wait_elsewhere(elsewhere))
            for each, _ in elsewhere:
                self._in_flight[each] = waiting
            claim.elsewhere = waiting
            claim.others.add(waiting)
        if claim.fresh:
            self._keep_claimed(claim)
        return claim

    async def _wait_elsewhere(self, ids: Sequence[tuple[str, BucketSlot]]) -> None:
        """Returns once the events are stored by the other gateway; raises `ConnectionError` if it gave them up."""
        slots = [slot for _, slot in ids]
        end_s = time.monotonic() + ELSEWHERE_TIMEOUT_S
        try:
            while True:
                await asyncio.sleep(LOOK_EVERY_S)
                states = await self._shared.look(slots)
                if all(state is IdState.KNOWN for state in states):
                    break
                if IdState.FREE in states or time.monotonic() > end_s:
                    raise ConnectionError("another gateway did not store the same event")
        finally:
            for each, _ in ids:
                self._in_flight.pop(each, None)
        for each, _ in ids:
            self._remember(each)

    def _keep_claimed(self, claim: "Claim") -> None:
        self._claimed[claim] = None
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.get_running_loop().create_task(self._renew())

    async def _renew(self) -> None:
        """Keeps claims alive while Kafka is away: their events stay queued, so no other gateway may write them."""
        while self._claimed:
            await asyncio.sleep(CLAIM_MS / 3000)
            for claim in list(self._claimed):
                await self._shared.renew(claim.slots, claim.token)

    def complete_when(self, claim: Claim, written: asyncio.Future[None]) -> None:
        """Marks the ids as seen if `written` succeeds, frees them if it fails."""
        written.add_done_callback(lambda _: self._complete(claim, written))

    def release(self, claim: Claim, why: BaseException) -> None:
        """Frees the ids: nothing was written."""
        self._claimed.pop(claim, None)
        for each in claim.fresh:
            self._in_flight.pop(each, None)
        if claim.slots:
            self._later(self._shared.free(claim.slots, claim.token))
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
        self._claimed.pop(claim, None)
        if claim.elsewhere is None:
            claim.done.set_result(None)
        else:
            # A request here may have waited for an id of this claim before it turned out to be claimed elsewhere.
            claim.elsewhere.add_done_callback(partial(_follow, claim.done))
        if claim.fresh:
            self._later(self._shared.add(claim.slots))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        marking = asyncio.get_running_loop().create_task(work)
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


def _follow(done: asyncio.Future[None], elsewhere: asyncio.Future[None]) -> None:
    failed = ConnectionError("cancelled") if elsewhere.cancelled() else elsewhere.exception()
    if done.done():
        return
    if failed is None:
        done.set_result(None)
    else:
        done.set_exception(failed)
        done.exception()
