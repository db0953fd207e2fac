"""Who listens, and what each of them still has to be sent."""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import Final

from infra.gateway import metrics
from infra.gateway.clock import now_ms
from infra.gateway.push.replay_buffer import History, Pushed

MOST_WAITING: Final = 256
"""Commands that wait for one client, beyond those it missed while it was away; then it is cut and may come again."""

MOST_CLIENTS: Final = 10_000
MOST_PER_SESSION: Final = 16
MOST_PER_ADDRESS: Final = 100


class Full(Exception):
    """No more clients, here, for this session or from this address."""


class Client:
    """One listener. `session_id` is None for a CMS that hears everything.

    `seen` are the ids it has seen, by partition; None for one who comes for the first time. Then a page gets what is in
    force for its session, and a CMS only what comes from now on.
    """

    def __init__(self, session_id: str | None, seen: Mapping[int, int] | None, address: str = "") -> None:
        self.session_id, self.address = session_id, address
        self._seen = dict(seen or {})
        self._is_new = seen is None
        self._queue: deque[Pushed] = deque()
        self._most = MOST_WAITING
        self._came = asyncio.Event()
        self.was_cut = asyncio.Event()

    def catch_up(self, history: History, at_ms: int) -> None:
        """Takes what it has missed; raises the bound by so much."""
        if not (self._is_new and self.session_id is None):
            self._queue.extend(each for each in history.of(self.session_id) if self._wants(each, at_ms))
        self._most += len(self._queue)
        if self._queue:
            self._came.set()

    def offer(self, each: Pushed, at_ms: int) -> bool:
        """False where too much waits already."""
        if not self._wants(each, at_ms):
            return True
        if len(self._queue) >= self._most:
            return False
        self._queue.append(each)
        self._came.set()
        return True

    def _wants(self, each: Pushed, at_ms: int) -> bool:
        if self._is_new:
            return each.expires_at_ms > at_ms or self.session_id is None
        return each.offset > self._seen.get(each.partition, -1)

    async def next(self) -> Pushed:
        while not self._queue:
            self._came.clear()
            await self._came.wait()
        return self._queue.popleft()


class Hub:
    """Spreads commands. Lives in the event loop; nothing here waits for a client."""

    def __init__(self, most_per_address: int = MOST_PER_ADDRESS) -> None:
        self._history = History()
        self._most_per_address = most_per_address
        self._by_address: Counter[str] = Counter()
        self._everything: set[Client] = set()
        self._by_session: defaultdict[str, set[Client]] = defaultdict(set)
        self._clients = 0
        self.loaded = asyncio.Event()

    def join(self, session_id: str | None, seen: Mapping[int, int] | None, address: str = "") -> Client:
        """Raises `Full`. What the client missed already waits for it, and nothing can come between.

        `address` is whom the client is counted as; empty for one who may have as many as there is room for.
        """
        if self._clients >= MOST_CLIENTS:
            raise Full("too many listen already")
        if session_id is not None and len(self._by_session.get(session_id, ())) >= MOST_PER_SESSION:
            raise Full("too many listen to this session already")
        if address and self._by_address[address] >= self._most_per_address:
            raise Full("too many listen from this address already")
        client = Client(session_id, seen, address)
        client.catch_up(self._history, now_ms())
        (self._everything if session_id is None else self._by_session[session_id]).add(client)
        self._clients += 1
        if address:
            self._by_address[address] += 1
        metrics.PUSH_CLIENTS.set(self._clients)
        return client

    def leave(self, client: Client) -> None:
        if client.session_id is None:
            self._everything.discard(client)
        else:
            listening = self._by_session[client.session_id]
            listening.discard(client)
            if not listening:
                del self._by_session[client.session_id]
        self._clients -= 1
        if client.address:
            self._by_address[client.address] -= 1
            if not self._by_address[client.address]:
                del self._by_address[client.address]
        metrics.PUSH_CLIENTS.set(self._clients)

    async def publish(self, batch: Sequence[Pushed]) -> None:
        """A coroutine so that the reading thread can wait for it: it reads no faster than is spread."""
        at_ms = now_ms()
        for each in batch:
            if not self._history.add(each):
                metrics.PUSH_REPEATS.inc()
                continue
            listening = self._by_session.get(each.session_id, ()) if each.session_id is not None else ()
            for client in (*listening, *self._everything):
                if not client.offer(each, at_ms) and not client.was_cut.is_set():
                    client.was_cut.set()
                    metrics.PUSH_CUT.inc()

    def cut_all(self) -> None:
        """At the end of the process."""
        for client in (*self._everything, *(each for group in self._by_session.values() for each in group)):
            client.was_cut.set()
