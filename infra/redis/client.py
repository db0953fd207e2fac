"""Creates Redis clients with bounded connections and waiting times."""

from typing import Final

from redis.asyncio import BlockingConnectionPool, Redis

MAX_CONNECTIONS: Final = 64


def create_client(url: str, timeout_s: float) -> Redis:
    """A client whose requests fail after the timeout. It connects on the first request.

    A request that finds all connections in use waits for one instead of failing at once: a burst of requests must not
    open the circuit breaker.
    """
    return Redis.from_pool(
        BlockingConnectionPool.from_url(
            url,
            max_connections=MAX_CONNECTIONS,
            timeout=timeout_s,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
        )
    )
