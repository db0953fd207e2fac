"""Content items over HTTP, in process: who may describe them, what is written, and what is said of each fault."""

import json

import pytest

from schemas.topics import CONTENT
from tests.support.credentials import WRITE_KEY
from tests.support.gateway_in_process import InProcessClient, RecordingProducer, in_process

SERVER = {"x-write-key": "secret-of-the-cms"}
ITEM = {"title": "Tides", "language": "en", "words": 640, "variants": [{"variant": "simple", "words": 300}]}


@pytest.fixture
def producer() -> RecordingProducer:
    return RecordingProducer()


@pytest.fixture
def client(producer: RecordingProducer) -> InProcessClient:
    return in_process(producer, server_keys={"secret-of-the-cms": "cms"})


def test_an_item_is_written_under_its_id_with_what_the_contract_does_not_know(
    client: InProcessClient, producer: RecordingProducer
) -> None:
    response = client.request("PUT", "/v1/content/a%2F1", json={**ITEM, "author": "Ann", "words": None}, headers=SERVER)
    assert (response.status_code, response.json()) == (202, {"content_id": "a/1"})
    (record,) = producer.sent
    assert (record.topic, record.key) == (CONTENT.name, b"a/1")
    written = json.loads(record.value or b"")
    assert written == {
        "content_id": "a/1",
        "title": "Tides",
        "language": "en",
        "variants": [{"variant": "simple", "words": 300}],
        "author": "Ann",
    }


def test_every_fault_of_an_item_is_told_with_its_field(client: InProcessClient, producer: RecordingProducer) -> None:
    body = {
        "language": "not a tag",
        "words": -3,
        "variants": [{"language": "fr"}, {"variant": "simple", "words": "ten"}],
    }
    response = client.request("PUT", "/v1/content/a1", json=body, headers=SERVER)
    assert response.status_code == 422
    answer = response.json()
    assert answer["field"] == "language"
    assert {(each["field"], each["rule"]) for each in answer["problems"]} == {
        ("language", "out_of_range"),
        ("words", "out_of_range"),
        ("variants[0].variant", "missing_field"),
        ("variants[1].words", "wrong_type"),
    }
    assert all(each["detail"].startswith(each["field"]) for each in answer["problems"])
    assert producer.sent == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [({}, 401), ({"x-write-key": WRITE_KEY}, 403), ({"x-write-key": "nobody's"}, 401), (SERVER, 202)],
    ids=["without a key", "a public key", "an unknown key", "a server key"],
)
def test_only_a_server_key_writes(client: InProcessClient, headers: dict[str, str], status: int) -> None:
    assert client.request("PUT", "/v1/content/a1", json=ITEM, headers=headers).status_code == status
    assert client.request("DELETE", "/v1/content/a1", headers=headers).status_code == status
    assert client.post("/v1/content", json=[], headers=headers).status_code == status


def test_a_deletion_is_a_record_without_a_value(client: InProcessClient, producer: RecordingProducer) -> None:
    assert client.request("DELETE", "/v1/content/a1", headers=SERVER).json() == {"content_id": "a1", "deleted": True}
    assert [(each.key, each.value) for each in producer.sent] == [(b"a1", None)]


def test_another_id_in_the_body_than_in_the_address_is_refused(client: InProcessClient) -> None:
    response = client.request("PUT", "/v1/content/a1", json={"content_id": "a2"}, headers=SERVER)
    assert (response.status_code, response.json()["field"]) == (422, "content_id")


@pytest.mark.parametrize("lines", [False, True], ids=["array", "lines"])
def test_many_items_are_validated_each_alone(client: InProcessClient, producer: RecordingProducer, lines: bool) -> None:
    items = [{"content_id": "a"}, {"words": 3, "topics": [1]}, {"content_id": "b", "words": 5}]
    body = "\n".join(json.dumps(each) for each in items) + "\n" if lines else json.dumps(items)
    response = client.post("/v1/content", content=body.encode(), headers=SERVER)
    assert response.status_code == 202
    answer = response.json()
    assert answer["accepted"] == 2
    assert [(each["index"], each["field"]) for each in answer["rejected"]] == [(1, "content_id"), (1, "topics[0]")]
    assert [each.key for each in producer.sent] == [b"a", b"b"]


def test_a_broken_line_spoils_no_other(client: InProcessClient, producer: RecordingProducer) -> None:
    response = client.post(
        "/v1/content", content=b'{"content_id": "a"}\n{"content_id": \n\n{"content_id": "c"}', headers=SERVER
    )
    assert [each["index"] for each in response.json()["rejected"]] == [1]
    assert [each.key for each in producer.sent] == [b"a", b"c"]


def test_too_many_items_are_refused_as_a_whole(client: InProcessClient, producer: RecordingProducer) -> None:
    body = [{"content_id": str(number)} for number in range(501)]
    assert client.post("/v1/content", json=body, headers=SERVER).status_code == 413
    assert producer.sent == []


@pytest.mark.parametrize("body", [b"", b"[1", b"nothing"], ids=["empty", "no end", "no JSON"])
def test_a_body_that_holds_no_item_is_no_error_of_the_gateway(client: InProcessClient, body: bytes) -> None:
    assert client.post("/v1/content", content=body, headers=SERVER).status_code in (202, 400)


def test_without_kafka_nothing_is_promised(client: InProcessClient, producer: RecordingProducer) -> None:
    producer.is_down = True
    response = client.request("PUT", "/v1/content/a1", json=ITEM, headers=SERVER)
    assert (response.status_code, "retry-after" in response.headers) == (503, True)
