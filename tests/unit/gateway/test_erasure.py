"""Erasures of persons run one after the other."""

import asyncio
from contextlib import suppress

from redis.asyncio import Redis

from infra.gateway.components import GatewayContext
from infra.gateway.rest.erasure import Erased, Eraser
from infra.gateway.rest.erasure_follower import following
from infra.gateway.settings import Settings
from infra.kafka.producer import AckedProducer


class SlowEraser(Eraser):
    """Counts how many erasures are under way at a time."""

    def __init__(self) -> None:
        settings = Settings()
        super().__init__(GatewayContext(settings, AckedProducer(settings.bootstrap), Redis(), Redis()))
        self.now = self.most = 0

    async def _erased(self, user_id: str) -> Erased:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        self.now -= 1
        return Erased(user_id, 0, 0, 0, [])


def test_erasures_wait_for_each_other() -> None:
    async def story() -> int:
        eraser = SlowEraser()
        found = await asyncio.gather(*(eraser.erase(f"u{n}") for n in range(5)))
        assert [each.user_id for each in found] == [f"u{n}" for n in range(5)]
        return eraser.most

    assert asyncio.run(story()) == 1


def test_a_follower_of_erasures_that_has_died_is_told() -> None:
    class Broken:
        """A Redis whose log of erasures cannot be read from the second time on."""

        times = 0

        async def zrangebyscore(self, *_: object, **__: object) -> list[object]:
            self.times += 1
            if self.times > 1:
                raise ValueError("no UTF-8")
            return []

    async def story() -> list[str | None]:
        settings = Settings()
        gateway = GatewayContext(settings, AckedProducer(settings.bootstrap), Redis(), Broken())  # type: ignore[arg-type]
        told = []
        with suppress(ValueError):
            async with following(gateway, every_s=0.0):
                told += [each() for each in gateway.is_alive]
                for _ in range(10):
                    await asyncio.sleep(0)
                told += [each() for each in gateway.is_alive]
        return told

    assert asyncio.run(story()) == [None, "erasure follower"]
