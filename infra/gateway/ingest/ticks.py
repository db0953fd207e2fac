"""A tick each second to every partition of events.v1: event time moves on also while nobody does anything."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import msgspec

from infra.gateway import metrics
from infra.gateway.components import Gateway, Part
from infra.gateway.ingest.guard import now_ms
from infra.gateway.ingest.producer import Line, LogDown
from schemas.events import Event
from schemas.topics import EVENTS

TICK_MS: Final = 1_000
_MOST_BEHIND_MS: Final = 5_000


def part(gateway: Gateway) -> Part:
    return Part(running=partial(_running, gateway))


@asynccontextmanager
async def _running(gateway: Gateway) -> AsyncIterator[None]:
    """Several gateways tick side by side, which harms nothing."""
    if not gateway.settings.ticks:
        yield
        return
    ticking = asyncio.create_task(_tick(gateway))
    try:
        yield
    finally:
        ticking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ticking


async def _tick(gateway: Gateway) -> None:
    """On the full second, and for seconds that were slept through. What Kafka does not take is left out."""
    topic = gateway.settings.topic(EVENTS.name)
    partitions: list[int] = []
    last_ms = now_ms() // TICK_MS * TICK_MS
    while True:
        await asyncio.sleep((TICK_MS - now_ms() % TICK_MS) / 1000)
        at_ms = now_ms() // TICK_MS * TICK_MS
        due = range(max(last_ms + TICK_MS, at_ms - _MOST_BEHIND_MS), at_ms + 1, TICK_MS)
        last_ms = at_ms
        metrics.WAITING.set(gateway.log.waiting_events)
        # New partitions are found within a minute.
        if not partitions or at_ms % (60 * TICK_MS) == 0:
            partitions = await asyncio.to_thread(gateway.log.partitions, topic) or partitions
        if gateway.log.waiting_events > gateway.settings.queued_events // 2:
            continue
        with contextlib.suppress(LogDown):
            gateway.log.begin([_line(topic, partition, each) for each in due for partition in partitions])
            metrics.TICKS.inc(len(due) * len(partitions))


def _line(topic: str, partition: int, at_ms: int) -> Line:
    tick = Event(
        event_id=f"tick-{partition}-{at_ms}",
        type="tick",
        occurred_at_ms=at_ms,
        received_at_ms=at_ms,
        session_id="tick",
    )
    return Line(topic, b"tick", msgspec.json.encode(tick), partition)
