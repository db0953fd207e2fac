"""What is kept of a rejected event holds no secret, whatever shape the body has, and costs little to find out."""

import json
import time

import pytest

from infra.gateway.ingest.redaction import redact

SESSION = "4k2jz8q0w1e5r7t9y3u6i8o0p"
BATCH = json.dumps(
    {
        "write_key": "key-1",
        "writeKey": "key-2",
        "token": "v1.payload.signature",
        "session_id": SESSION,
        "context": {"sessionId": SESSION, "ip": "203.0.113.77"},
        "url": "/reset?reset=s3cret",
        "search": "?q=s3cret",
        "text": "see https://ina:pass@konto.example/reset?reset=s3cret",
    }
).encode()
SECRETS = (b"key-1", b"key-2", b"v1.payload", SESSION.encode()[:-1], b"113.77", b"s3cret", b"ina:pass")


@pytest.mark.parametrize(
    "sent",
    [
        BATCH,
        BATCH[:-1],
        BATCH + b"}",
        BATCH[:-1] + b',"x":"\xed\xa0\x80"}',
        BATCH[:-1] + b',"x":"' + b"x" * 70_000 + b'"}',
    ],
    ids=["JSON", "cut off", "too much", "not UTF-8", "too long to keep"],
)
def test_no_secret_is_kept_of_a_rejected_body(sent: bytes) -> None:
    kept = redact(sent)
    assert [each for each in SECRETS if each in kept] == []
    assert b"konto.example/reset" in kept
    assert b"203.0.113.0/24" in kept


def test_no_part_of_a_secret_is_kept_where_the_body_is_cut_off() -> None:
    for length in range(len(BATCH)):
        kept = redact(BATCH[:length])
        assert [each for each in (b"key-", b"v1.", SESSION.encode()[:8], b"s3") if each in kept] == [], length


def test_half_a_megabyte_of_brackets_is_not_searched() -> None:
    sent = b'{"events":[' + b",".join([b'{"a":' + b"[" * 30 + b"]" * 30 + b"}"] * 6_000) + b"]}"
    began_s = time.process_time()
    assert len(redact(sent)) == 65_536
    assert time.process_time() - began_s < 0.1
