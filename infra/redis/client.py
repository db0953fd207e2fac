"""Connections to Redis: bounded in number and in how long anybody waits."""

from typing import Final

from redis.asyncio import BlockingConnectionPool, Redis

_MOST: Final = 64


def connected(url: str, timeout_s: float) -> Redis:
    """A client whose questions fail after the timeout. Nothing is connected before the first of them.

    Who finds all connections in use waits for one instead of failing at once: a burst of requests is no reason to
    take Redis for broken.
    """
    return Redis.from_pool(
        BlockingConnectionPool.from_url(
            url, max_connections=_MOST, timeout=timeout_s, socket_timeout=timeout_s, socket_connect_timeout=timeout_s
        )
    )
