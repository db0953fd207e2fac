"""Writes a tick to every partition of events.v1 each second, so that event time advances without events."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import msgspec

from infra.gateway import metrics
from infra.gateway.clock import now_ms
from infra.gateway.components import Component, GatewayContext
from infra.kafka.producer import OutgoingRecord, ProducerUnavailableError
from schemas.events import Event
from schemas.topics import EVENTS

TICK_MS: Final = 1_000
_PARTITIONS_MS: Final = 5_000
"""Time between two looks for new partitions: the job reads them from their first second on, and its event time stands still until
each gets ticks. The look tells the producer of events as well."""

_MAX_CATCH_UP_MS: Final = 5_000


def component(gateway: GatewayContext) -> Component:
    return Component(lifespan=partial(_lifespan, gateway))


@asynccontextmanager
async def _lifespan(gateway: GatewayContext) -> AsyncIterator[None]:
    """Several gateways may tick side by side: the job only needs the newest tick."""
    if not gateway.settings.ticks:
        yield
        return
    ticking = asyncio.create_task(_tick(gateway))
    gateway.is_alive.append(lambda: "ticks" if ticking.done() else None)
    try:
        yield
    finally:
        ticking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ticking


async def _tick(gateway: GatewayContext) -> None:
    """Writes on the full second, and for seconds that were missed. Ticks that Kafka does not accept are dropped."""
    topic = gateway.settings.topic(EVENTS.name)
    partitions: list[int] = []
    last_ms = now_ms() // TICK_MS * TICK_MS
    while True:
        await asyncio.sleep((TICK_MS - now_ms() % TICK_MS) / 1000)
        at_ms = now_ms() // TICK_MS * TICK_MS
        due = range(max(last_ms + TICK_MS, at_ms - _MAX_CATCH_UP_MS), at_ms + 1, TICK_MS)
        last_ms = at_ms
        metrics.WAITING.set(gateway.producer.unacked_records)
        if not partitions or at_ms % _PARTITIONS_MS == 0:
            partitions = await asyncio.to_thread(gateway.producer.partitions, topic) or partitions
        if gateway.producer.unacked_records > gateway.settings.queued_events // 2:
            continue
        for partition in partitions:
            # Each partition by itself: one without a leader must not hold back the clock of the others.
            with contextlib.suppress(ProducerUnavailableError):
                gateway.producer.send([_tick_record(topic, partition, each) for each in due])
                metrics.TICKS.inc(len(due))


def _tick_record(topic: str, partition: int, at_ms: int) -> OutgoingRecord:
    tick = Event(
        event_id=f"tick-{partition}-{at_ms}",
        type="tick",
        occurred_at_ms=at_ms,
        received_at_ms=at_ms,
        session_id="tick",
    )
    return OutgoingRecord(topic, b"tick", msgspec.json.encode(tick), partition)
