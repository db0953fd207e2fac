"""Connections that never end: what the protocol closes, and when, on a loop whose clock the test turns."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from infra.gateway.connections import ConnectionLimits
from infra.gateway.http_protocol import (
    HEAD_TIMEOUT_S,
    IDLE_TIMEOUT_S,
    MAX_HEADERS,
    MAX_UNREAD_BYTES,
    UNREAD_BODY_TIMEOUT_S,
    LimitedHttpProtocol,
)

CHUNKED = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"


class Timer:
    def __init__(self, at_s: float, call: Callable[[], None]) -> None:
        self.at_s, self.call, self.is_cancelled = at_s, call, False

    def cancel(self) -> None:
        self.is_cancelled = True


class Clock:
    """The loop's timers, and tasks that run when the test says so, as a loop does between two reads."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._tasks: list[Any] = []
        self._timers: list[Timer] = []

    def call_later(self, seconds: float, call: Callable[..., None], *_: Any) -> Timer:
        self._timers.append(Timer(self.now_s + seconds, call))
        return self._timers[-1]

    def create_task(self, coroutine: Any) -> Any:
        self._tasks.append(coroutine)
        return type("Task", (), {"add_done_callback": lambda *_: None})()

    def run_tasks(self) -> None:
        while self._tasks:
            asyncio.run(self._tasks.pop(0))

    def pass_time(self, seconds: float) -> None:
        end_s = self.now_s + seconds
        for timer in sorted(self._timers, key=lambda each: each.at_s):
            if timer.at_s <= end_s and not timer.is_cancelled:
                self.now_s = timer.at_s
                timer.cancel()
                timer.call()
        self.now_s = end_s


class Transport:
    """Keeps what is written; `is_closed` after any way of closing."""

    def __init__(self, host: str = "203.0.113.1") -> None:
        self._host = host
        self.written = b""
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.is_closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.is_closed

    def get_extra_info(self, name: str) -> Any:
        return (self._host, 1) if name in ("peername", "sockname") else None

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """Answers at once, without reading the body, as a refusal does."""
    await send({"type": "http.response.start", "status": 401, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


class Connection:
    """One connection to the protocol."""

    def __init__(self, limits: ConnectionLimits | None = None, host: str = "203.0.113.1") -> None:
        config = uvicorn.Config(answer, log_config=None, lifespan="off", timeout_keep_alive=int(IDLE_TIMEOUT_S))
        config.load()
        self.clock, self.transport = Clock(), Transport(host)
        self.protocol = LimitedHttpProtocol(
            config, ServerState(), {}, self.clock, limits=limits or ConnectionLimits(100, 100)
        )
        self.protocol.connection_made(self.transport)  # type: ignore[arg-type]

    def send(self, data: bytes) -> None:
        self.protocol.data_received(data)
        self.clock.run_tasks()

    def is_open_after(self, seconds: float) -> bool:
        self.clock.pass_time(seconds)
        return not self.transport.is_closed


def test_who_says_nothing_is_closed_after_the_time_for_a_head() -> None:
    connection = Connection()
    assert connection.is_open_after(HEAD_TIMEOUT_S - 1)
    assert not connection.is_open_after(1)


def test_a_head_that_dribbles_is_closed_on_time() -> None:
    connection = Connection()
    for byte in GET[:9]:
        connection.send(bytes([byte]))
        assert connection.is_open_after(1)
    assert not connection.is_open_after(1)


def test_empty_lines_do_not_keep_an_idle_connection() -> None:
    connection = Connection()
    connection.send(GET)
    for _ in range(5):
        assert connection.is_open_after(IDLE_TIMEOUT_S / 6)
        connection.send(b"\r\n")
    assert not connection.is_open_after(IDLE_TIMEOUT_S / 6 + 0.1)


def test_each_request_gives_a_connection_new_time() -> None:
    connection = Connection()
    for _ in range(5):
        connection.send(GET)
        assert connection.is_open_after(IDLE_TIMEOUT_S - 1)
    assert connection.transport.written.count(b"HTTP/1.1 401") == 5


@pytest.mark.parametrize(
    "head", [b"POST / HTTP/1.1\r\ntransfer-encoding: chunked", b"GET / HTTP/1.1\r\ncontent-length: 99"]
)
def test_a_body_that_goes_on_after_its_answer_has_an_end(head: bytes) -> None:
    connection = Connection()
    connection.send(head + b"\r\nhost: a\r\n\r\n")
    for _ in range(4):
        assert connection.is_open_after(UNREAD_BODY_TIMEOUT_S / 5)
        connection.send(b"1\r\nx\r\n" if b"chunked" in head else b"x")
    assert not connection.is_open_after(UNREAD_BODY_TIMEOUT_S / 5 + 0.1)


def test_a_body_without_end_is_cut_by_its_size() -> None:
    connection = Connection()
    connection.send(b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n")
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    sent = 0
    while not connection.transport.is_closed:
        connection.send(chunk)
        sent += len(chunk)
        assert sent < 2 * MAX_UNREAD_BYTES


def test_a_body_that_ends_after_its_answer_costs_nothing() -> None:
    connection = Connection()
    connection.send(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nab")
    assert connection.is_open_after(1)
    connection.send(b"cd")
    assert connection.is_open_after(UNREAD_BODY_TIMEOUT_S + 1)
    connection.send(GET)
    assert connection.transport.written.count(b"HTTP/1.1 401") == 2


def test_an_address_has_only_so_many_connections_and_gets_places_back() -> None:
    limits = ConnectionLimits(40, 3)
    one = [Connection(limits, "203.0.113.1") for _ in range(4)]
    assert [each.transport.is_closed for each in one] == [False] * 3 + [True]
    assert not Connection(limits, "203.0.113.2").transport.is_closed
    one[0].protocol.connection_lost(None)
    assert not Connection(limits, "203.0.113.1").transport.is_closed


def test_no_address_has_more_than_a_quarter_of_all_places() -> None:
    limits = ConnectionLimits(8, 100)
    assert [Connection(limits, "203.0.113.1").transport.is_closed for _ in range(3)] == [False, False, True]


def test_a_trusted_proxy_is_bounded_by_the_total_only() -> None:
    limits = ConnectionLimits(8, 1, trusted=("10.0.0.0/8",))
    assert [Connection(limits, "10.1.2.3").transport.is_closed for _ in range(9)] == [False] * 8 + [True]
    assert Connection(limits, "203.0.113.1").transport.is_closed


def test_mapped_addresses_count_as_ipv4_and_ipv6_by_network() -> None:
    limits = ConnectionLimits(40, 1)
    hosts = ("::ffff:203.0.113.1", "203.0.113.1", "::ffff:203.0.113.2", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1")
    assert [Connection(limits, host).transport.is_closed for host in hosts] == [False, True, False, False, True, False]


def test_while_draining_each_answer_closes_its_connection() -> None:
    limits = ConnectionLimits(10, 10)
    connection = Connection(limits)
    connection.send(GET)
    limits.is_draining = True
    connection.send(GET)
    first, second = connection.transport.written.split(b"HTTP/1.1 401")[1:]
    assert b"connection: close" not in first
    assert b"connection: close" in second
    assert connection.transport.is_closed


@pytest.mark.parametrize("unit", [b"a: b\r\n" * 1_000, b"a" * 6_000], ids=["many trailers", "a long one"])
def test_trailers_have_an_end(unit: bytes) -> None:
    connection = Connection()
    # The endpoint has not run yet: it waits for the rest of the body.
    connection.protocol.data_received(CHUNKED + b"1\r\nx\r\n0\r\na: ")
    sent = 0
    while not connection.transport.is_closed:
        connection.protocol.data_received(unit)
        sent += len(unit)
        assert sent < 200_000
    assert len(connection.protocol.headers) <= MAX_HEADERS


def test_a_head_has_only_so_many_headers() -> None:
    connection = Connection()
    connection.send(b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * MAX_HEADERS + b"\r\n")
    assert connection.transport.written.startswith(b"HTTP/1.1 401")
    connection.protocol.data_received(b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * (MAX_HEADERS + 2))
    assert connection.transport.is_closed
    assert len(connection.protocol.headers) == MAX_HEADERS


@pytest.mark.parametrize("size", [6, 100, 60_000])
def test_a_body_in_chunks_may_be_as_large_as_any(size: int) -> None:
    connection = Connection()
    connection.protocol.data_received(CHUNKED)
    chunk = f"{size:x}\r\n".encode() + b"x" * size + b"\r\n"
    for _ in range(0, 512_000, size):
        connection.protocol.data_received(chunk)
    connection.protocol.data_received(b"0\r\ntrailer: a\r\n\r\n")
    connection.clock.run_tasks()
    assert not connection.transport.is_closed
    assert connection.transport.written.startswith(b"HTTP/1.1 401")
