"""What is too much is refused early, cheaply and with a status that says so."""

import gzip
import json
import socket
import time
import zlib

import pytest

from tests.integration.ingest.conftest import Start
from tests.support.credentials import WRITE_KEY
from tests.support.event_builders import event
from tests.support.gateway import Gateway

pytestmark = pytest.mark.kafka

CAP = 512_000


def raw(gateway: Gateway, head: str, *body: bytes) -> bytes:
    """The answer to bytes sent as they are; what comes after the answer's end is not waited for."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode())
        for part in body:
            connection.sendall(part)
        return connection.recv(65_536)


HEAD = f"POST /v1/events HTTP/1.1\nhost: localhost\nx-write-key: {WRITE_KEY}\n"


def test_a_length_beyond_the_cap_is_refused_before_the_body_comes(gateway: Gateway) -> None:
    began = time.monotonic()
    answer = raw(gateway, HEAD + f"content-length: {CAP + 1}\n\n")
    assert answer.startswith(b"HTTP/1.1 413")
    assert time.monotonic() - began < 1


def test_a_body_without_length_is_read_up_to_the_cap(gateway: Gateway) -> None:
    chunk = b"%x\r\n%s\r\n" % (65_536, b"x" * 65_536)
    assert raw(gateway, HEAD + "transfer-encoding: chunked\n\n", *[chunk] * 8).startswith(b"HTTP/1.1 413")


def test_a_gzip_bomb_is_stopped_and_takes_no_memory(gateway: Gateway) -> None:
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join(packer.compress(b" " * 2**20) for _ in range(400)) + packer.flush()
    assert len(bomb) < CAP
    before = gateway.process.memory_info().rss
    answers = [
        gateway.client.post("/v1/events", content=bomb, headers={"content-encoding": "gzip"}).status_code
        for _ in range(10)
    ]
    assert answers == [413] * 10
    assert gateway.process.memory_info().rss - before < 20 * 2**20


def test_an_endless_head_and_an_endless_wait_are_hung_up_on(gateway: Gateway) -> None:
    before = gateway.process.memory_info().rss
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as endless:
        endless.sendall(b"POST /v1/events HTTP/1.1\r\nx-padding: ")
        # More than the buffers of both sides hold.
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            endless.sendall(b"x" * 2**26)
    assert gateway.process.memory_info().rss - before < 10 * 2**20
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=15) as idle:
        began = time.monotonic()
        assert idle.recv(1) == b""
        assert 8 < time.monotonic() - began < 14


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (b"no gzip", "gzip", 400),
        (gzip.compress(b'{"events":[]}')[:-5], "gzip", 400),
        (gzip.compress(b'{"events":[]}') + b"x", "gzip", 400),
        (b"{}", "br", 415),
        (gzip.compress(b'{"events":[]}'), "gzip", 202),
    ],
    ids=["no gzip", "cut", "more than one stream", "unknown", "sound"],
)
def test_encodings(gateway: Gateway, body: bytes, encoding: str, status: int) -> None:
    assert gateway.client.post("/v1/events", content=body, headers={"content-encoding": encoding}).status_code == status


def test_a_batch_of_too_many_is_413_and_an_event_too_long_fails_alone(gateway: Gateway) -> None:
    assert gateway.post([{}] * 2_501).status_code == 413
    long = event("long", text="x" * 9_000, properties={str(number): "y" * 1_000 for number in range(60)})
    told = gateway.post([event("short"), long]).json()
    assert (told["accepted"], told["rejected"][0]["rule"]) == (1, "oversize")


def test_an_address_that_asks_too_often_is_told_when_to_come_back(start: Start) -> None:
    gateway = start(ip_requests_per_s="0.5", ip_burst="10")
    began = time.monotonic()
    answers = [gateway.post([event()]) for _ in range(20)]
    refused = [each for each in answers if each.status_code == 429]
    assert 9 - 0.5 * (time.monotonic() - began) <= len(refused) <= 10
    assert {each.headers["retry-after"] for each in refused} <= {"1", "2"}
    time.sleep(int(refused[-1].headers["retry-after"]))
    assert gateway.post([event()]).status_code == 202


def test_a_key_that_sends_too_much_is_told_when_to_come_back(start: Start) -> None:
    gateway = start(key_events_per_s="10", key_burst="100", MICROADJUST_WRITE_KEYS=f"a:{WRITE_KEY},b:other")
    began = time.monotonic()
    assert gateway.post([event() for _ in range(100)]).status_code == 202
    refused = gateway.post([event() for _ in range(50)])
    assert refused.status_code == 429
    assert 4 - (time.monotonic() - began) <= int(refused.headers["retry-after"]) <= 6
    assert (
        gateway.client.post("/v1/events", json={"events": [event()]}, headers={"x-write-key": "other"}).status_code
        == 202
    )


def test_a_proxys_word_counts_only_where_it_is_trusted(start: Start) -> None:
    limits = {"ip_requests_per_s": "0.01", "ip_burst": "1"}
    alone, behind = start(**limits), start(**limits, trusted_proxies="127.0.0.1")

    def statuses(gateway: Gateway) -> list[int]:
        body = json.dumps({"events": []}).encode()
        return [
            gateway.client.post(
                "/v1/events", content=body, headers={"x-forwarded-for": f"198.51.100.{number}"}
            ).status_code
            for number in range(4)
        ]

    assert statuses(alone) == [202, 429, 429, 429]
    assert statuses(behind) == [202] * 4


def test_pages_of_other_origins_are_refused_where_there_is_a_list(start: Start, gateway: Gateway) -> None:
    listed = start(allowed_origins="https://site.example")

    def post(to: Gateway, origin: str) -> tuple[int, str | None]:
        answer = to.client.post("/v1/events", json={"events": []}, headers={"origin": origin})
        return answer.status_code, answer.headers.get("access-control-allow-origin")

    assert post(listed, "https://site.example") == (202, "https://site.example")
    assert post(listed, "https://evil.example") == (403, None)
    assert post(gateway, "https://any.example") == (202, "*")
    preflight = listed.client.options(
        "/v1/events", headers={"origin": "https://site.example", "access-control-request-method": "POST"}
    )
    assert preflight.status_code == 200
    assert "x-write-key" in preflight.headers["access-control-allow-headers"]
