"""What the gateway's parts have in common: settings, the log, Redis, and the hooks by which they meet."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from redis.asyncio import Redis
from starlette.routing import BaseRoute

from infra.gateway.ingest.producer import Log
from infra.gateway.settings import Settings
from schemas.events import Event
from schemas.rejects import Rejected

OnAccepted = Callable[[Sequence[Event]], Awaitable[None]]
OnRejected = Callable[[Sequence[Rejected]], None]
OnLeaving = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Gateway:
    """Handed to every part. Parts talk to each other by these hooks alone.

    `on_accepted` is awaited with the events of a request after Kafka has them and before the answer goes out, for
    read-your-writes; what it raises is logged, never shown. `on_rejected` hears of refused events. `on_leaving` is awaited
    at the end, while Redis can still be asked.
    """

    settings: Settings
    log: Log
    redis: Redis
    on_accepted: list[OnAccepted] = field(default_factory=list)
    on_rejected: list[OnRejected] = field(default_factory=list)
    on_leaving: list[OnLeaving] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Part:
    """`routes` are tried in the order of the parts; `running` is entered at the start and left at the end."""

    routes: Sequence[BaseRoute] = ()
    running: Callable[[], AbstractAsyncContextManager[None]] | None = None
