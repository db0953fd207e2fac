"""Distributes commands to the connected push clients, through one bounded queue each."""

import asyncio
import random
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from infra.gateway import metrics
from infra.gateway.auth.push_tokens import TokenClaims
from infra.gateway.clock import now_ms
from infra.gateway.erased_sessions import ErasedSessions, Erasure
from infra.gateway.presence import UNKNOWN, Presence
from infra.gateway.push.replay_buffer import PushMessage, ReplayBuffer, without_wait

MAX_QUEUED: Final = 256
"""Commands queued for one client, beyond those it missed while disconnected; then it is cut and may reconnect."""

MAX_CLIENTS: Final = 10_000
MAX_PER_SESSION: Final = 16
MAX_PER_ADDRESS: Final = 100


class CapacityError(Exception):
    """Too many clients in all, for this session or from this address."""


class Client:
    """One connection. `session_id` is None for a CMS, which gets the commands of all sessions.

    `seen` is the last offset it has seen of each partition; None on a first connection. Then a page gets the commands in
    force for its session, and need not wait with them; a CMS gets only what comes from now on.
    """

    def __init__(
        self,
        session_id: str | None,
        seen: Mapping[int, int] | None,
        address: str = "",
        claims: TokenClaims | None = None,
    ) -> None:
        self.session_id, self.address, self.claims = session_id, address, claims
        self._seen = dict(seen or {})
        self._is_new = seen is None
        self._queue: deque[PushMessage] = deque()
        self._max_queued = MAX_QUEUED
        self._available = asyncio.Event()
        self.was_cut = asyncio.Event()
        self.was_left = False

    def catch_up(self, history: ReplayBuffer, at_ms: int, present: Presence = UNKNOWN) -> None:
        """Queues what it has missed; raises the bound by as many.

        Not what was meant for somebody who has left the machine to who is `present`, unless it takes back something.
        """
        if not (self._is_new and self.session_id is None):
            self._queue.extend(
                without_wait(each) if self._is_new else each
                for each in history.of(self.session_id)
                if self._accepts(each, at_ms)
                and (each.reverts is not None or present.admits(each.user_id, each.issued_at_ms))
            )
        self._max_queued += len(self._queue)
        if self._queue:
            self._available.set()

    def offer(self, each: PushMessage, at_ms: int) -> bool:
        """Queues a message if it concerns this client. False where the queue is full."""
        if not self._accepts(each, at_ms):
            return True
        if len(self._queue) >= self._max_queued:
            return False
        self._queue.append(each)
        self._available.set()
        return True

    def _accepts(self, each: PushMessage, at_ms: int) -> bool:
        if self._is_new:
            return each.expires_at_ms > at_ms or self.session_id is None
        return each.offset > self._seen.get(each.partition, -1)

    async def next(self) -> PushMessage:
        while not self._queue:
            self._available.clear()
            await self._available.wait()
        return self._queue.popleft()


class Hub:
    """The connected clients. Runs in the event loop; nothing here waits for a client."""

    def __init__(self, max_per_address: int = MAX_PER_ADDRESS, erased: ErasedSessions | None = None) -> None:
        self.replay = ReplayBuffer()
        self._erased = erased if erased is not None else ErasedSessions()
        self._erased.hooks["push"] = self.forget
        self._erased.exports["push"] = self.replay.exported
        self._max_per_address = max_per_address
        self._by_address: Counter[str] = Counter()
        self._all_sessions: set[Client] = set()
        self._by_session: defaultdict[str, set[Client]] = defaultdict(set)
        self._clients = 0
        self.loaded = asyncio.Event()

    def join(
        self,
        session_id: str | None,
        seen: Mapping[int, int] | None,
        address: str = "",
        claims: TokenClaims | None = None,
        present: Presence = UNKNOWN,
    ) -> Client:
        """Adds a client, with what it missed queued already. Raises `CapacityError`.

        `address` is the key its connections are counted by; empty for a client without a limit of its own.
        """
        if self._clients >= MAX_CLIENTS:
            raise CapacityError("too many connections")
        if session_id is not None and len(self._by_session.get(session_id, ())) >= MAX_PER_SESSION:
            raise CapacityError("too many connections for this session")
        if address and self._by_address[address] >= self._max_per_address:
            raise CapacityError("too many connections from this address")
        client = Client(session_id, seen, address, claims)
        client.catch_up(self.replay, now_ms(), present)
        (self._all_sessions if session_id is None else self._by_session[session_id]).add(client)
        self._clients += 1
        if address:
            self._by_address[address] += 1
        metrics.PUSH_CLIENTS.set(self._clients)
        return client

    def leave(self, client: Client) -> None:
        client.was_left = True
        if client.session_id is None:
            self._all_sessions.discard(client)
        else:
            clients = self._by_session[client.session_id]
            clients.discard(client)
            if not clients:
                del self._by_session[client.session_id]
        self._clients -= 1
        if client.address:
            self._by_address[client.address] -= 1
            if not self._by_address[client.address]:
                del self._by_address[client.address]
        metrics.PUSH_CLIENTS.set(self._clients)

    async def publish(self, batch: Sequence[PushMessage]) -> None:
        """Queues a batch for the clients it concerns. A coroutine, so that the consuming thread can wait for it."""
        at_ms = now_ms()
        for each in batch:
            if each.appended_at_ms > at_ms:
                # A time ahead would drop everything before it, and stay until it has come.
                each = replace(each, appended_at_ms=at_ms)
            # A page that goes on with its erased session is sent what comes, but nothing of it is kept.
            if not self.replay.add(each, each.session_id not in self._erased):
                metrics.PUSH_REPEATS.inc()
                continue
            clients = self._by_session.get(each.session_id, ()) if each.session_id is not None else ()
            for client in (*clients, *self._all_sessions):
                # Nothing more once it is cut: until the connection has ended there may be room again, behind a gap.
                if not client.was_cut.is_set() and not client.offer(each, at_ms):
                    client.was_cut.set()
                    metrics.PUSH_CUT.inc()

    async def cut_over(self, seconds: float) -> None:
        """Disconnects the clients in random order, evenly over the time, so that they do not all return at once."""
        clients = self._all_clients()
        random.shuffle(clients)
        began_s = time.monotonic()
        for number, client in enumerate(clients):
            if (wait_s := began_s + seconds * number / len(clients) - time.monotonic()) > 0:
                await asyncio.sleep(wait_s)
            client.was_cut.set()
        while self._clients and not all(client.was_left for client in clients):
            await asyncio.sleep(0.02)

    def forget(self, erasure: Erasure) -> int:
        """Forgets the commands to erased sessions, and disconnects their pages: their tokens are not valid any more."""
        for session_id in erasure.sessions:
            for client in self._by_session.get(session_id, ()):
                client.was_cut.set()
        return self.replay.forget(erasure)

    def cut_unless(self, is_valid: Callable[[TokenClaims], bool]) -> None:
        """Disconnects the pages whose token is not valid any more."""
        for client in self._all_clients():
            if client.claims is not None and not is_valid(client.claims):
                client.was_cut.set()

    def cut_all(self) -> None:
        """Disconnects every client, at the end of the process."""
        for client in self._all_clients():
            client.was_cut.set()

    def _all_clients(self) -> list[Client]:
        return [*self._all_sessions, *(each for group in self._by_session.values() for each in group)]
