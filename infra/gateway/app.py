"""The gateway: one Starlette application, put together from its parts."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware

from infra.gateway import collector, console, debug, demo_site, push, rest, rest_health, ticks
from infra.gateway.cors import Cors
from infra.gateway.log import Log
from infra.gateway.part import Gateway, Part
from infra.gateway.settings import Settings
from infra.gateway.store import connected

PARTS: Final[tuple[Part, ...]] = (
    Part(collector.routes),
    Part(ticks.routes, ticks.running),
    Part(debug.routes),
    push.PART,
    rest.PART,
    rest_health.PART,
    console.PART,
    demo_site.PART,
)

REDIS_TIMEOUT_S: Final = 0.05
"""A page waits for its answer, so what Redis cannot say soon goes unsaid."""


def build(settings: Settings, parts: tuple[Part, ...] = PARTS) -> Starlette:
    """The application; it connects to Kafka and Redis when it starts, and neither has to be there."""
    redis = connected(settings.redis_url, REDIS_TIMEOUT_S)
    gateway = Gateway(settings, Log(settings), redis)

    async def leave() -> None:
        for each in gateway.on_leaving:
            await each()

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(redis.aclose)
            stack.push_async_callback(leave)
            await stack.enter_async_context(gateway.log.running())
            for part in parts:
                if part.running is not None:
                    await stack.enter_async_context(part.running(gateway))
            yield

    app = Starlette(
        routes=[route for part in parts for route in part.routes(gateway)],
        middleware=[Middleware(Cors, origins=settings.allowed_origins)],
        lifespan=lifespan,
    )
    app.state.gateway = gateway
    return app
