"""The gateway: one Starlette application, put together from its parts."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware

from infra.gateway.auth.origins import Cors
from infra.gateway.components import Gateway, Part
from infra.gateway.console import endpoints as console
from infra.gateway.debug import endpoints as debug
from infra.gateway.ingest import ticks
from infra.gateway.ingest.native import endpoints as collector
from infra.gateway.ingest.producer import Log
from infra.gateway.push import endpoints as push
from infra.gateway.rest import health
from infra.gateway.settings import Settings
from infra.gateway.static import demo
from infra.redis.client import create_client

PARTS: Final[tuple[Callable[[Gateway], Part], ...]] = (
    collector.part,
    ticks.part,
    debug.part,
    push.part,
    health.part,
    console.part,
    demo.part,
)

REDIS_TIMEOUT_S: Final = 0.05
"""A page waits for its answer, so what Redis cannot say soon goes unsaid."""


def build(settings: Settings) -> Starlette:
    """The application; it connects to Kafka and Redis when it starts, and neither has to be there."""
    redis = create_client(settings.redis_url, REDIS_TIMEOUT_S)
    gateway = Gateway(settings, Log(settings), redis)
    parts = [part(gateway) for part in PARTS]

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
                    await stack.enter_async_context(part.running())
            yield

    app = Starlette(
        routes=[route for part in parts for route in part.routes],
        middleware=[Middleware(Cors, origins=settings.allowed_origins)],
        lifespan=lifespan,
    )
    app.state.gateway = gateway
    return app
