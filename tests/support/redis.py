"""One Redis server for all tests: it can be killed, comes back empty, and is emptied for who needs it so."""

from typing import Any

import psutil
from redis import Redis

from infra.gateway.ingest.deduplication import RedisSeenIds
from infra.gateway.settings import Settings
from infra.local import processes, redis
from infra.local.home import Home
from infra.redis.client import create_client
from tests.support.credentials import SOURCE
from tests.support.services import kill, process_of, register


class RedisServer:
    """A Redis process; after `kill` it starts again at the same port, and is empty."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._service = register(home, "redis", redis.start(home, 0))

    @property
    def port(self) -> int:
        return self._service.ports["redis"]

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def process(self) -> psutil.Process:
        return process_of(self._service)

    def client(self) -> Any:
        return Redis.from_url(self.url)

    def kill(self) -> None:
        kill(self._service)

    def start(self) -> None:
        self._service = register(self._home, "redis", redis.start(self._home, self.port))

    def reset(self) -> None:
        """Brings it back where a test that failed left it dead or paused, and empties it."""
        if processes.find(self._service) is None:
            self.start()
        with self.client() as client:
            client.client_unpause()
            client.flushall()

    def knows(self, event_id: str, session_id: str = "anna") -> bool:
        """Whether a gateway that has just started would take the session's event for a duplicate."""
        seen = RedisSeenIds(create_client(self.url, 1.0), Settings().seen_ids)
        ((bucket, mark),) = seen.slots([f"{SOURCE}\n{session_id}\n{event_id}"])
        with self.client() as client:
            return bool(client.exists(bucket)) and mark in client.get(bucket)
