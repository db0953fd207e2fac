"""Defines a component of the gateway, and the context that all components share."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from redis.asyncio import Redis
from starlette.routing import BaseRoute

from infra.gateway.auth.keys_file import KeysFile
from infra.gateway.auth.token_grants import PushTokens
from infra.gateway.auth.write_keys import WriteKeys
from infra.gateway.erased_sessions import ErasedSessions
from infra.gateway.settings import Settings
from infra.kafka.producer import AckedProducer
from schemas.events import Event
from schemas.rejects import RejectedRecord

OnAccepted = Callable[[Sequence[Event]], Awaitable[None]]
OnRejected = Callable[[Sequence[RejectedRecord]], None]
OnShutdown = Callable[[], Awaitable[None]]
OnDrain = Callable[[float], Awaitable[None]]
IsAlive = Callable[[], str | None]


@dataclass(slots=True)
class GatewayContext:
    """Passed to every component. Components reach each other only through its hooks.

    `on_accepted` is awaited with the events of a request after Kafka has acknowledged them and before the response is
    sent, for read-your-writes; an exception is logged and does not fail the request. `on_rejected` gets the rejected
    records. `on_shutdown` is awaited at the end, while Redis can still be used. `on_drain` is awaited before the process
    stops, with the seconds over which open streams should be ended. `is_alive` names a part that has died, for `/live`.
    """

    settings: Settings
    producer: AckedProducer
    redis: Redis
    """For what a page waits for: fails fast."""
    ingest_redis: Redis
    """For deduplication: waits longer before it gives up."""
    on_accepted: list[OnAccepted] = field(default_factory=list)
    on_rejected: list[OnRejected] = field(default_factory=list)
    on_shutdown: list[OnShutdown] = field(default_factory=list)
    erased: ErasedSessions = field(default_factory=ErasedSessions)
    """What was erased; components that keep readers' data in memory register a hook."""
    on_drain: list[OnDrain] = field(default_factory=list)
    is_alive: list[IsAlive] = field(default_factory=list)
    is_draining: bool = False
    side: AckedProducer | None = None
    write_keys: WriteKeys = field(init=False)
    push_tokens: PushTokens = field(init=False)

    def __post_init__(self) -> None:
        settings = self.settings
        keys_file = KeysFile(settings.keys_file) if settings.keys_file else None
        self.write_keys = WriteKeys(settings.write_keys, settings.server_keys, keys_file)
        self.push_tokens = PushTokens(settings.token_secrets, self.write_keys, self.erased)

    @property
    def side_producer(self) -> AckedProducer:
        """For outcomes and rejected events: with a queue of its own, so that they never stop events, and an end to retries."""
        return self.producer if self.side is None else self.side


@dataclass(frozen=True, slots=True)
class Component:
    """`routes` are matched in the order of the components; `lifespan` is entered at startup and left at shutdown."""

    routes: Sequence[BaseRoute] = ()
    lifespan: Callable[[], AbstractAsyncContextManager[None]] | None = None
