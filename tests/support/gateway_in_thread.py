"""The gateway's server in a thread of the test: real connections, a mock of Kafka to read from, no Redis."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from infra.bench.mock_kafka import mock_kafka
from infra.gateway.app import create_app
from infra.gateway.server import DrainingServer, server_of
from infra.local import processes
from tests.support.credentials import WRITE_KEY
from tests.support.gateway_in_process import RecordingProducer, settings, unreachable_redis
from tests.support.waiting import until


@dataclass
class ServerInThread:
    port: int
    producer: RecordingProducer
    server: DrainingServer
    thread: threading.Thread

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def http(self, **headers: str) -> httpx.Client:
        named = {"x-write-key": WRITE_KEY, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return httpx.Client(base_url=self.url, timeout=30, headers=named)

    def terminate(self) -> None:
        """What SIGTERM does; a thread gets no signals."""
        self.server.handle_exit(signal.SIGTERM, None)


@contextmanager
def server_in_thread(**more: object) -> Iterator[ServerInThread]:
    """Returns once it listens; stops it at once in the end."""
    port = processes.free_port(0)
    with mock_kafka() as kafka:
        given = settings(port=port, bootstrap=kafka.bootstrap, **more)
        producer = RecordingProducer()
        server, listening = server_of(given, create_app(given, producer, unreachable_redis()))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            until(lambda: server.started, 30)
            yield ServerInThread(port, producer, server, thread)
        finally:
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive(), "the server did not end"
