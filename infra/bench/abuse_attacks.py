"""Attacks on a gateway, each from an address of its own on this machine, as context managers that run until they are left."""

import base64
import gzip
import http.client
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

ATTACKER: Final = "127.0.0.2"
"""Another address than that of the honest sender, which is all that limits by address can see."""

BODY_BYTES: Final = 508_000


def connect(port: int, source: str = ATTACKER) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(source, 0))


@contextmanager
def repeated(action: Callable[[threading.Event], None], threads: int = 1) -> Iterator[None]:
    """Runs the action again and again in so many threads; what the gateway does to its connections is no failure."""
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            with suppress(OSError, http.client.HTTPException):
                action(stop)
            stop.wait(0.01)

    running = [threading.Thread(target=run, daemon=True) for _ in range(threads)]
    for each in running:
        each.start()
    try:
        yield
    finally:
        stop.set()
        for each in running:
            each.join(15)


@contextmanager
def slow_uploads(port: int, count: int = 34) -> Iterator[None]:
    """Uploads that never send their last byte, without a key."""
    head = f"POST /v1/events HTTP/1.1\r\nhost: a\r\ncontent-length: {BODY_BYTES}\r\n\r\n".encode()

    def upload(stop: threading.Event) -> None:
        with connect(port) as attacker:
            attacker.sendall(head + b" " * (BODY_BYTES - 1))
            attacker.settimeout(0.5)
            while not stop.is_set():
                with suppress(TimeoutError):
                    if not attacker.recv(65_536):
                        return

    with repeated(upload, count):
        yield


@contextmanager
def idle_connections(port: int, count: int = 300) -> Iterator[None]:
    """Connections that ask once and then send an empty line now and then; what is closed is opened again."""
    opened: list[socket.socket] = []

    def hold(stop: threading.Event) -> None:
        while len(opened) < count and not stop.is_set():
            attacker = connect(port)
            attacker.sendall(b"GET /live HTTP/1.1\r\nhost: a\r\n\r\n")
            opened.append(attacker)
        for each in list(opened):
            try:
                each.sendall(b"\r\n")
            except OSError:
                opened.remove(each)
                each.close()
        stop.wait(1.0)

    with repeated(hold):
        yield
    for each in opened:
        each.close()


@contextmanager
def ping_flood(port: int, path: str) -> Iterator[None]:
    """A push client that sends pings as fast as it can and reads nothing."""
    key = base64.b64encode(os.urandom(16)).decode()
    head = (
        f"GET {path} HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n"
        f"sec-websocket-version: 13\r\nsec-websocket-key: {key}\r\n\r\n"
    )
    payload = b"p" * 125
    # Masked by zeros, which changes nothing.
    pings = (bytes([0x89, 0x80 | len(payload)]) + struct.pack("!I", 0) + payload) * 500

    def flood(stop: threading.Event) -> None:
        with connect(port) as attacker:
            attacker.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            attacker.sendall(head.encode())
            attacker.recv(1024)
            while not stop.is_set():
                attacker.sendall(pings)
                time.sleep(0.005)

    with repeated(flood):
        yield


@contextmanager
def bombs(port: int, write_key: str, per_s: float = 20.0) -> Iterator[None]:
    """Batches of 2,500 events that are none, in 85 bytes."""
    body = gzip.compress(f'{{"write_key":"{write_key}","events":[{",".join("0" * 2500)}]}}'.encode())
    headers = {"content-encoding": "gzip"}

    def throw(stop: threading.Event) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10, source_address=(ATTACKER, 0))
        try:
            while not stop.is_set():
                connection.request("POST", "/v1/events", body, headers)
                connection.getresponse().read()
                stop.wait(1 / per_s)
        finally:
            connection.close()

    with repeated(throw):
        yield


@contextmanager
def outcomes(port: int, write_key: str, per_s: float = 10.0) -> Iterator[None]:
    """Pages that report outcomes of commands; they are honest, their topic is missing."""

    def report(stop: threading.Event) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10, source_address=(ATTACKER, 0))
        try:
            while not stop.is_set():
                at_ms = time.time_ns() // 1_000_000
                outcome = f'{{"command_id":"c","session_id":"s","status":"applied","occurred_at_ms":{at_ms}}}'
                body = f'{{"write_key":"{write_key}","outcomes":[{outcome}]}}'
                connection.request("POST", "/v1/outcomes", body)
                connection.getresponse().read()
                stop.wait(1 / per_s)
        finally:
            connection.close()

    with repeated(report, 3):
        yield
