"""The projector, in a process of its own or in a thread of the test."""

import os
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from infra.local import processes
from infra.local.home import PROJECT, Home
from infra.projector.projector import Projector
from infra.projector.settings import Settings
from schemas.topics import ADJUSTMENTS, SESSION_STATE
from tests.support.broker import PrefixedTopics
from tests.support.redis import RedisServer
from tests.support.services import kill


class ProjectorProcess:
    """`microadjust projector` as users start it."""

    def __init__(
        self,
        topics: PrefixedTopics,
        redis_server: RedisServer | None,
        home: Home,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Without a `redis_server`, `settings` say where Redis is."""
        self._topics, self._home, self._settings = topics, home, dict(settings or {})
        if redis_server is not None:
            self._settings["MICROADJUST_GATEWAY_REDIS_URL"] = redis_server.url
        self._log = home.log(f"projector-{topics.prefix}")

    def start(self) -> None:
        settings = {
            "MICROADJUST_HOME": str(self._home.path),
            "MICROADJUST_BOOTSTRAP": self._topics.bootstrap,
            "MICROADJUST_GATEWAY_TOPICS_PREFIX": self._topics.prefix,
            "PYTHONPATH": str(PROJECT),
            **self._settings,
        }
        argv = [sys.executable, "-m", "infra.cli", "projector"]
        self._service = processes.start(argv, self._log, {**os.environ, **settings}, {})

    def kill(self) -> None:
        kill(self._service)

    def stop(self) -> str:
        """Asks it to end and returns its log."""
        processes.stop(self._service)
        return self._log.read_text()


def projector_settings(topics: PrefixedTopics, redis_server: RedisServer, group: str = "projector") -> Settings:
    return Settings(
        topics.bootstrap,
        redis_server.url,
        topics.name(SESSION_STATE),
        topics.name(ADJUSTMENTS),
        topics.prefix + group,
    )


@contextmanager
def projecting(topics: PrefixedTopics, redis_server: RedisServer, group: str = "projector") -> Iterator[Projector]:
    """Runs a projector in a thread; what ends it early fails the test."""
    stop = threading.Event()
    failure: list[BaseException] = []

    def run() -> None:
        try:
            projector.run(stop)
        except BaseException as error:  # handed to the test
            failure.append(error)

    projector = Projector(projector_settings(topics, redis_server, group))
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield projector
    finally:
        stop.set()
        thread.join(30)
        if failure:
            raise failure[0]
