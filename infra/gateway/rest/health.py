"""GET /health and /metrics, for those who keep the gateway running."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infra.gateway.components import Gateway, Part
from infra.gateway.responses import answer


def part(gateway: Gateway) -> Part:
    async def health(_: Request) -> Response:
        """Kafka decides: without Redis events are taken all the same."""
        kafka, redis = gateway.log.was_reached and gateway.log.is_up, await _answers(gateway.redis)
        state = "ok" if kafka and redis else "degraded" if kafka else "down"
        told = {"state": state, "kafka": kafka, "redis": redis, "waiting_events": gateway.log.waiting_events}
        return answer(200 if kafka else 503, told)

    async def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return Part([Route("/health", health), Route("/metrics", metrics)])


async def _answers(redis: Any) -> bool:
    asked: Awaitable[Any] = redis.ping()
    try:
        return bool(await asyncio.wait_for(asked, 0.05))
    except (RedisError, OSError, TimeoutError):
        return False
