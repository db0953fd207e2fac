"""Events through the whole application, with a producer that records what Kafka would get."""

import json

import msgspec

from schemas.events import Event
from schemas.rejects import RejectedRecord
from tests.support.credentials import WRITE_KEY
from tests.support.event_builders import event
from tests.support.gateway_in_process import RecordingProducer, in_process

HEADERS = {"x-write-key": WRITE_KEY}


def test_a_valid_event_goes_to_events_and_a_rejected_one_to_rejected() -> None:
    producer = RecordingProducer()
    client = in_process(producer, topics_prefix="x-")
    response = client.post("/v1/events", json={"events": [event("good"), event("bad", type=5)]}, headers=HEADERS)
    assert response.status_code == 202
    assert (response.json()["accepted"], response.json()["duplicates"]) == (1, 0)
    (item,) = response.json()["rejected"]
    assert (item["index"], item["field"], item["rule"]) == (1, "type", "wrong_type")
    good, bad = producer.sent
    assert (good.topic, good.key, bad.topic) == ("x-events.v1", b"anna", "x-rejected.v1")
    assert msgspec.json.decode(good.value or b"", type=Event).event_id == "good"
    assert msgspec.json.decode(bad.value or b"", type=RejectedRecord).stage == "gateway:tests"


def test_half_a_surrogate_pair_in_a_user_agent_costs_nothing() -> None:
    producer = RecordingProducer()
    message = {"type": "track", "userId": "ina", "event": "Seen"}
    odd = [
        {**message, "context": {"userAgent": "\ud83d"}},
        {**message, "context": {"userAgent": "\udc00", "ip": "\udc00"}},
    ]
    # Python's own writer puts half a pair as an escape, as a careless page would.
    body = json.dumps({"batch": [*odd, message]})
    response = in_process(producer).post("/v1/batch", content=body, headers=HEADERS)
    assert (response.status_code, response.json()["accepted"], len(producer.sent)) == (200, 3, 3)


def test_a_repeated_event_is_written_once() -> None:
    producer = RecordingProducer()
    client = in_process(producer)
    for _ in range(2):
        response = client.post("/v1/events", json={"events": [event("twice")]}, headers=HEADERS)
    assert (response.json()["accepted"], response.json()["duplicates"]) == (0, 1)
    assert len(producer.sent) == 1


def test_without_kafka_the_answer_is_503_and_says_when_to_retry() -> None:
    producer = RecordingProducer()
    client = in_process(producer)
    producer.is_down = True
    response = client.post("/v1/events", json={"events": [event()]}, headers=HEADERS)
    assert (response.status_code, response.json()["rule"]) == (503, "unavailable")
    assert int(response.headers["retry-after"]) >= 2
    assert producer.sent == []


def test_an_unknown_write_key_is_401_and_the_answer_does_not_repeat_it() -> None:
    response = in_process().post("/v1/events", json={"events": []}, headers={"x-write-key": "mistyped"})
    assert (response.status_code, response.json()["field"]) == (401, "write_key")
    assert "mistyped" not in response.text
