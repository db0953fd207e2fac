"""Watches the topics that the gateway needs: which are missing, and which partitions have no leader."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from infra.gateway import metrics
from infra.gateway.components import GatewayContext
from schemas.topics import ADJUSTMENTS, EVENTS, OUTCOMES, REJECTED, SESSION_STATE

_log = logging.getLogger(__name__)

REQUIRED: Final = (EVENTS, ADJUSTMENTS, REJECTED, OUTCOMES, SESSION_STATE)
WATCH_S: Final = 10.0
RETRY_S: Final = 0.5
"""Until Kafka has answered once."""


class TopicWatch:
    """`missing` and `leaderless` are as of the last answer; None before the first."""

    def __init__(self, gateway: GatewayContext) -> None:
        self._gateway = gateway
        self._names = [gateway.settings.topic(each.name) for each in REQUIRED]
        self.missing: list[str] | None = None
        self.leaderless: dict[str, list[int]] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        watching = asyncio.create_task(self._watch())
        self._gateway.is_alive.append(lambda: "topic watch" if watching.done() else None)
        try:
            yield
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching

    async def _watch(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(RETRY_S if self.missing is None else WATCH_S)

    async def look(self) -> None:
        """Asks Kafka once. What is known stays known while it does not answer."""
        found = await asyncio.to_thread(self._gateway.producer.find_leaders, self._names)
        # The second producer has to know the partitions as well.
        if found and self._gateway.side is not None:
            await asyncio.to_thread(self._gateway.side.find_leaders, self._names)
        blocked = [*self._gateway.producer.blocked(), *self._gateway.side_producer.blocked()]
        for topic in self._names:
            metrics.KAFKA_BLOCKED.labels(topic).set(sum(name == topic for name, _ in blocked))
        if not found and not self._gateway.producer.was_reached:
            return
        if found or self.missing is None:
            self._note([each for each in self._names if not found.get(each)])
            self.leaderless = {
                topic: [number for number, has_leader in partitions.items() if not has_leader]
                for topic, partitions in found.items()
                if not all(partitions.values())
            }

    def _note(self, missing: list[str]) -> None:
        if missing and missing != self.missing:
            _log.error(
                "Kafka at %s lacks topics: %s; create them with `microadjust topics create`",
                self._gateway.settings.kafka,
                ", ".join(missing),
            )
        self.missing = missing
