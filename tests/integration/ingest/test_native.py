"""Batches of the native endpoint, from HTTP to what stands on the topics."""

import base64
import gzip
import json
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from infra.gateway.auth import push_tokens
from infra.kafka.reading import TopicReader
from schemas.event_validation import validate_record
from schemas.events import Event
from schemas.topics import EVENTS, REJECTED
from tests.integration.ingest.conftest import Start
from tests.support.credentials import WRITE_KEY
from tests.support.event_builders import event, now_ms
from tests.support.gateway import Gateway
from tests.support.redis import RedisServer
from tests.support.waiting import until

pytestmark = pytest.mark.kafka


def test_an_accepted_event_stands_on_kafka_as_the_contract_says(gateway: Gateway) -> None:
    answer = gateway.post([event("first", content_id="article-1", x=0.5, unknown=[1])], sent_at_ms=now_ms())
    assert answer.status_code == 202
    assert answer.json() | {"push_token": "", "push_token_expires_at_ms": 0} == {
        "accepted": 1,
        "duplicates": 0,
        "rejected": [],
        "push_token": "",
        "push_token_expires_at_ms": 0,
    }
    (record,) = [each for each in gateway.topics.records() if each["event_id"] == "first"]
    assert isinstance(validate_record(json.dumps(record).encode(), now_ms()), Event)
    assert record["content_id"] == "article-1"
    assert abs(record["received_at_ms"] - now_ms()) < 10_000


def test_each_event_fails_alone_with_field_and_rule_and_its_own_bytes(gateway: Gateway) -> None:
    bad = [
        {"event_id": "no-type", "session_id": "anna", "occurred_at_ms": now_ms()},
        event("tick", type="tick"),
        5,
        event("person", session_id=[]),
    ]
    began_ms = now_ms()
    answer = gateway.post([event("good-1"), *bad, event("good-2")])
    assert answer.status_code == 202
    told = answer.json()
    assert told["accepted"] == 2
    assert [(each["index"], each["field"], each["rule"]) for each in told["rejected"]] == [
        (1, "type", "missing_field"),
        (2, "type", "unknown_type"),
        (3, "", "malformed"),
        (4, "session_id", "wrong_type"),
    ]
    recorded = [each for each in gateway.topics.records(REJECTED) if each["seen_at_ms"] >= began_ms]
    originals = [json.loads(base64.b64decode(each["original"])) for each in recorded]
    assert bad == originals
    assert [each["detail"] for each in recorded] == [each["detail"] for each in told["rejected"]]
    found = {each["event_id"] for each in gateway.topics.records()}
    assert {"good-1", "good-2"} <= found
    assert not {"no-type", "tick", "person"} & found


def test_a_refused_event_is_kept_without_keys_tokens_and_whole_addresses(gateway: Gateway) -> None:
    secrets = {"writeKey": WRITE_KEY, "write_key": WRITE_KEY, "token": "push-token"}
    reader = {"ip": "203.0.113.77", "locale": "de"}
    gateway.post([{"event_id": "scrubbed", **secrets, "context": reader}], **secrets)
    gateway.client.post("/v1/track", json={"userId": "scrubbed", "context": reader, **secrets})
    gateway.client.post("/v1/feedback", json={"session_id": "scrubbed", "rating": 9, **secrets})
    found = [base64.b64decode(each["original"]).decode() for each in gateway.topics.records(REJECTED)]
    found = [each for each in found if "scrubbed" in each]
    assert len(found) == 3
    assert [json.loads(each).get("context") for each in found].count({"ip": "203.0.113.0/24", "locale": "de"}) == 2
    assert not [each for each in found if WRITE_KEY in each or "push-token" in each or "203.0.113.77" in each]


@pytest.mark.parametrize("how", ["header", "basic", "body", "segment's name"])
def test_the_key_may_come_in_each_form(gateway: Gateway, how: str) -> None:
    basic = base64.b64encode(f"{WRITE_KEY}:".encode()).decode()
    headers = {"header": {"x-write-key": WRITE_KEY}, "basic": {"authorization": f"Basic {basic}"}}.get(
        how, {"x-write-key": ""}
    )
    body = {"body": {"write_key": WRITE_KEY}, "segment's name": {"writeKey": WRITE_KEY}}.get(how, {})
    if how != "header":
        del gateway.client.headers["x-write-key"]
    try:
        headers = {name: value for name, value in headers.items() if value}
        answer = gateway.client.post("/v1/events", json={"events": [event()], **body}, headers=headers)
    finally:
        gateway.client.headers["x-write-key"] = WRITE_KEY
    assert answer.status_code == 202


@pytest.mark.parametrize(
    "headers",
    [
        {"x-write-key": "wrong"},
        {"authorization": "Basic !!!"},
        {"authorization": "Basic d3Jvbmc6"},
        {"authorization": "Bearer x"},
    ],
    ids=str,
)
def test_no_key_or_a_wrong_one_is_401(gateway: Gateway, headers: dict[str, str]) -> None:
    del gateway.client.headers["x-write-key"]
    try:
        answer = gateway.client.post("/v1/events", json={"events": [event("stolen")]}, headers=headers)
    finally:
        gateway.client.headers["x-write-key"] = WRITE_KEY
    assert answer.status_code == 401
    assert answer.json()["field"] in ("write_key", "authorization")


def test_text_plain_and_gzip_are_read(gateway: Gateway) -> None:
    body = json.dumps({"events": [event("plain")]}).encode()
    plain = gateway.client.post("/v1/events", content=body, headers={"content-type": "text/plain;charset=UTF-8"})
    packed = gateway.client.post(
        "/v1/events", content=gzip.compress(body.replace(b"plain", b"packed")), headers={"content-encoding": "gzip"}
    )
    assert (plain.status_code, packed.status_code) == (202, 202)
    assert {"plain", "packed"} <= {each["event_id"] for each in gateway.topics.records()}


def test_the_same_id_counts_once_in_a_batch_and_afterwards(gateway: Gateway) -> None:
    first = gateway.post([event("twice"), event("twice"), event("once")]).json()
    second = gateway.post([event("twice"), event("once"), event("new")]).json()
    assert (first["accepted"], first["duplicates"]) == (2, 1)
    assert (second["accepted"], second["duplicates"]) == (1, 2)
    found = [each["event_id"] for each in gateway.topics.records()]
    assert [found.count(each) for each in ("twice", "once", "new")] == [1, 1, 1]


def test_an_id_is_remembered_by_redis_across_a_restart(start: Start, redis_server: RedisServer) -> None:
    gateway = start()
    assert gateway.post([event("kept")]).json()["accepted"] == 1
    until(lambda: redis_server.knows("kept"))
    gateway.kill()
    gateway.start()
    assert gateway.post([event("kept")]).json()["duplicates"] == 1


def test_a_skewed_clock_is_corrected_by_how_long_ago_it_was(gateway: Gateway) -> None:
    wrong_ms = now_ms() - 7 * 86_400_000
    gateway.post([event("skewed", occurred_at_ms=wrong_ms - 4_000)], sent_at_ms=wrong_ms)
    gateway.post([event("ahead", occurred_at_ms=now_ms() + 60_000)], sent_at_ms=now_ms())
    records = {each["event_id"]: each for each in gateway.topics.records()}
    assert records["skewed"]["received_at_ms"] - records["skewed"]["occurred_at_ms"] == 4_000
    assert records["ahead"]["occurred_at_ms"] == records["ahead"]["received_at_ms"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/v1/events", lambda: {"events": [event("slow-1")]}),
        ("/v1/track", lambda: {"userId": "u", "event": "Seen", "messageId": "slow-2"}),
        ("/v1/feedback", lambda: {"session_id": "anna", "rating": 5, "event_id": "slow-3"}),
    ],
    ids=["native", "segment", "feedback"],
)
def test_an_event_was_received_when_all_of_it_had_come(
    gateway: Gateway, path: str, message: Callable[[], dict[str, Any]]
) -> None:
    body = json.dumps(message()).encode()
    last_ms = 0

    def slowly() -> Iterator[bytes]:
        nonlocal last_ms
        yield body[:-1]
        time.sleep(0.5)
        last_ms = now_ms()
        yield body[-1:]

    assert gateway.client.post(path, content=slowly()).status_code in (200, 202)
    (record,) = [each for each in gateway.topics.records() if each["event_id"] in body.decode()]
    assert record["received_at_ms"] >= last_ms


def test_one_session_gets_a_token_for_itself_and_two_get_none(start: Start) -> None:
    gateway = start(MICROADJUST_PUSH_SECRETS="new,old")
    told = gateway.post([event(session_id="ben"), event(session_id="ben")]).json()
    assert push_tokens.verify(told["push_token"], ["new"], now_ms()).session_id == "ben"
    assert told["push_token_expires_at_ms"] == pytest.approx(now_ms() + push_tokens.TTL_MS, abs=10_000)
    assert "push_token" not in gateway.post([event(session_id="ben"), event(session_id="cleo")]).json()


def test_the_batch_may_name_the_session_for_its_events(gateway: Gateway) -> None:
    unnamed = event("unnamed")
    del unnamed["session_id"]
    assert gateway.post([unnamed], session_id="dora").json()["accepted"] == 1
    (record,) = [each for each in gateway.topics.records() if each["event_id"] == "unnamed"]
    assert record["session_id"] == "dora"


def test_what_is_json_but_no_batch_is_422_and_what_is_none_400(gateway: Gateway) -> None:
    def status(body: bytes) -> int:
        return gateway.client.post("/v1/events", content=body).status_code

    assert [
        status(body) for body in (b"[]", b'"text"', b"{}", b'{"events":{}}', b'{"events":[],"sent_at_ms":"now"}')
    ] == [422] * 5
    assert [status(body) for body in (b"", b"{", b'{"events":[NaN]}', b"\xff", b"[" * 100_000)] == [400] * 5
    assert status(b'{"events":[]}') == 202


def test_every_second_each_partition_gets_a_tick(gateway: Gateway) -> None:
    times: dict[int, list[int]] = {partition: [] for partition in range(EVENTS.partitions)}

    def three_each() -> bool:
        for record in reader.poll(0.1):
            read = msgspec.json.decode(record.value or b"")
            if read["type"] == "tick":
                times[record.partition].append(read["received_at_ms"])
                assert isinstance(validate_record(record.value, now_ms()), Event)
        return all(len(each) >= 3 for each in times.values())

    with TopicReader(gateway.topics.bootstrap, gateway.topics.name(EVENTS)) as reader:
        until(three_each)
    for each in times.values():
        assert all(at_ms % 1000 == 0 for at_ms in each)
        assert {later - earlier for earlier, later in pairwise(each)} == {1000}


def test_an_odd_optional_field_never_costs_the_event(gateway: Gateway) -> None:
    odd: dict[str, dict[str, Any]] = {
        "odd-user": {"user_id": 90210},
        "odd-type": {"content_type": "Haus & Garten > Küche > Kochgeschirr > Töpfe und Pfannen, Induktion"},
        "odd-url": {"page_url": "https://ina:pw@konto.example/anmelden?token=s3cr3t" + "x" * 2_300},
        "odd-screen": {"context": {"viewport_w": "390", "rtt_ms": 52.5, "downlink_kbps": 1450.0, "viewport_h": -1}},
        "odd-tags": {"properties": {f"p{number}": number for number in range(80)}},
    }
    assert gateway.post([event(name, **fields) for name, fields in odd.items()]).json()["accepted"] == len(odd)
    records = {each["event_id"]: each for each in gateway.topics.records() if each["event_id"] in odd}
    assert records["odd-user"]["user_id"] == "90210"
    assert records["odd-type"]["content_type"] == odd["odd-type"]["content_type"][:64]
    assert records["odd-url"]["page_url"] == "https://konto.example/anmelden"
    context = records["odd-screen"]["context"]
    assert (context["viewport_w"], context["rtt_ms"], context["downlink_kbps"]) == (390, 52, 1450)
    assert "viewport_h" not in context
    assert len(records["odd-tags"]["properties"]) == 64
    assert all(records[name]["notes"] for name in odd)


def test_a_body_of_several_gzip_members_and_x_gzip_are_read(gateway: Gateway) -> None:
    parts = [b'{"events":[', json.dumps(event("member")).encode(), b"]}", b""]
    packed = b"".join(gzip.compress(part) for part in parts)
    for encoding, body in (("gzip", packed), ("x-gzip", gzip.compress(b'{"events":[]}'))):
        assert (
            gateway.client.post("/v1/events", content=body, headers={"content-encoding": encoding}).status_code == 202
        )
    assert "member" in {each["event_id"] for each in gateway.topics.records()}
    bomb = b"".join(gzip.compress(b" " * 300_000) for _ in range(2))
    assert gateway.client.post("/v1/events", content=bomb, headers={"content-encoding": "gzip"}).status_code == 413


def test_what_is_refused_as_a_whole_stands_on_the_topic_too(start: Start) -> None:
    gateway = start()
    sound = json.dumps(event()).encode()
    bodies = [
        b'{"events":{}}',
        b'{"events":[%s],"sent_at_ms":"now"}' % sound,
        b'{"write_key":"%s","events":[%s,{"value":NaN}]}' % (WRITE_KEY.encode(), sound),
    ]
    del gateway.client.headers["x-write-key"]
    headers = [{"x-write-key": WRITE_KEY}] * 2 + [{}]
    answers = [
        gateway.client.post("/v1/events", content=each, headers=key) for each, key in zip(bodies, headers, strict=True)
    ]
    assert [each.status_code for each in answers] == [422, 422, 400]
    assert f"NaN at character {bodies[2].index(b'NaN')}" in answers[2].json()["error"]
    assert gateway.client.post("/v1/events", content=b'{"write_key":"wrong","events":[NaN]}').status_code == 400
    assert len(gateway.topics.records(REJECTED)) == 3
    assert not [
        each for each in gateway.topics.records(REJECTED) if "wrong" in base64.b64decode(each["original"]).decode()
    ]
