"""REST endpoints in process, without Redis: who may ask, what is written, and the degraded default."""

import json

import msgspec
import pytest

from infra.gateway.auth import push_tokens
from infra.gateway.clock import now_ms
from infra.gateway.rest.outcomes import _validated
from schemas.events import Event
from schemas.outcomes import Outcome
from tests.support.credentials import OPERATOR, WRITE_KEY
from tests.support.gateway_in_process import InProcessClient, RecordingProducer, in_process

BY_KEY = {"x-write-key": WRITE_KEY}
BY_OPERATOR = {"authorization": f"Bearer {OPERATOR}"}


def by_page(session_id: str) -> dict[str, str]:
    return {"authorization": f"Bearer {push_tokens.sign(session_id, now_ms() + 60_000, ['secret'])}"}


@pytest.fixture
def producer() -> RecordingProducer:
    return RecordingProducer()


@pytest.fixture
def client(producer: RecordingProducer) -> InProcessClient:
    return in_process(producer)


def test_a_push_token_from_a_write_key_reads_its_own_session_and_no_other(client: InProcessClient) -> None:
    token = client.post("/v1/push-token", json={"session_id": "anna"}, headers=BY_KEY).json()["push_token"]
    headers = {"authorization": f"Bearer {token}"}
    own = client.get("/v1/sessions/anna", headers=headers)
    assert (own.status_code, own.json()["degraded"], own.headers["cache-control"]) == (200, True, "no-store")
    assert client.get("/v1/sessions/bertha", headers=headers).status_code == 401
    assert client.get("/v1/sessions/bertha", headers=BY_OPERATOR).status_code == 200


def test_feedback_of_a_page_is_one_event(client: InProcessClient, producer: RecordingProducer) -> None:
    response = client.post("/v1/feedback", json={"session_id": "anna", "rating": 4}, headers=by_page("anna"))
    assert (response.status_code, response.json()["accepted"]) == (202, 1)
    (record,) = producer.sent
    event = msgspec.json.decode(record.value or b"", type=Event)
    assert (event.type, event.value, event.session_id) == ("feedback", 4.0, "anna")


@pytest.mark.parametrize(
    ("body", "session_id", "status", "field"),
    [
        ({"session_id": "anna"}, "anna", 422, "rating"),
        ({"session_id": "anna", "rating": 9}, "anna", 422, "rating"),
        ({"rating": 4}, "anna", 422, "session_id"),
        ({"session_id": "anna", "rating": 4}, "bertha", 401, "token"),
    ],
    ids=["nothing said", "out of range", "no session", "another session's token"],
)
def test_feedback_that_is_rejected_names_the_field(
    client: InProcessClient, body: dict[str, object], session_id: str, status: int, field: str
) -> None:
    response = client.post("/v1/feedback", json=body, headers=by_page(session_id))
    assert (response.status_code, response.json()["field"]) == (status, field)


def test_outcomes_are_validated_one_by_one(client: InProcessClient, producer: RecordingProducer) -> None:
    good = {"command_id": "c", "session_id": "anna", "status": "applied", "occurred_at_ms": now_ms()}
    foreign, empty = {**good, "session_id": "bertha"}, {**good, "status": None}
    response = client.post("/v1/outcomes", json={"outcomes": [good, foreign, empty, {}]}, headers=by_page("anna"))
    assert (response.status_code, response.json()["accepted"]) == (202, 1)
    rejected = [(each["index"], each["field"], each["rule"]) for each in response.json()["rejected"]]
    assert rejected[:2] == [(1, "session_id", "token"), (2, "status", "missing_field")]
    assert (rejected[2][0], rejected[2][2]) == (3, "missing_field")
    assert [each.key for each in producer.sent] == [b"anna"]


def test_a_query_for_what_is_no_session_id_is_refused(client: InProcessClient) -> None:
    for given in ("", "x" * 65, "\ud800", 5, None):
        body = json.dumps({"session_ids": ["anna", given]})
        response = client.post("/v1/sessions/query", content=body, headers=BY_OPERATOR)
        assert (response.status_code, response.json()["field"]) == (422, "session_ids")


def test_a_query_for_too_many_sessions_says_how_many_are_allowed(client: InProcessClient) -> None:
    response = client.post("/v1/sessions/query", json={"session_ids": ["s"] * 101}, headers=BY_OPERATOR)
    assert (response.status_code, response.json()["rule"]) == (422, "out_of_range")
    assert "100" in response.json()["error"]


def test_an_erasure_that_cannot_be_completed_is_503_and_may_be_repeated() -> None:
    response = in_process(redis_url="redis://127.0.0.1:1/0").request("DELETE", "/v1/people/a", headers=BY_OPERATOR)
    assert (response.status_code, response.json()["rule"]) == (503, "unavailable")
    assert response.headers["retry-after"] == "5"


def test_an_escaped_slash_belongs_to_the_id_and_a_plain_one_begins_the_export(client: InProcessClient) -> None:
    """There is no Redis and no Kafka: 503 says that a person would have been erased or exported."""
    asked = [
        (method, path, client.request(method, f"/v1/people/{path}", headers=BY_OPERATOR))
        for method in ("DELETE", "GET")
        for path in ("ina/export", "ina%2Fexport", "ina%2fexport/export", "ina/b", "ina%2Fb", "export", "a/expor%74")
    ]
    found = {(method, path): (answer.status_code, answer.headers.get("allow")) for method, path, answer in asked}
    assert found == {
        ("DELETE", "ina/export"): (405, "GET"),
        ("DELETE", "ina%2Fexport"): (503, None),
        ("DELETE", "ina%2fexport/export"): (405, "GET"),
        ("DELETE", "ina/b"): (503, None),
        ("DELETE", "ina%2Fb"): (503, None),
        ("DELETE", "export"): (503, None),
        ("DELETE", "a/expor%74"): (405, "GET"),
        ("GET", "ina/export"): (503, None),
        ("GET", "ina%2Fexport"): (405, "DELETE"),
        ("GET", "ina%2fexport/export"): (503, None),
        ("GET", "ina/b"): (405, "DELETE"),
        ("GET", "ina%2Fb"): (405, "DELETE"),
        ("GET", "export"): (405, "DELETE"),
        ("GET", "a/expor%74"): (503, None),
    }


def test_a_session_whose_id_ends_like_the_adjustments_has_a_state_of_its_own(client: InProcessClient) -> None:
    state = client.get("/v1/sessions/ina%2Fadjustments", headers=by_page("ina/adjustments"))
    assert (state.status_code, state.json()["session_id"]) == (200, "ina/adjustments")
    both = client.get("/v1/sessions/ina%2Fadjustments/adjustments", headers=by_page("ina/adjustments"))
    assert (both.status_code, both.json()["adjustments"]) == (200, [])
    assert client.get("/v1/sessions/ina/adjustments", headers=by_page("ina")).json()["adjustments"] == []


def test_a_person_with_a_very_long_id_is_erased_by_it(client: InProcessClient) -> None:
    response = client.request("DELETE", "/v1/people/" + "x" * 300, headers=BY_OPERATOR)
    # There is no Redis: the id itself is not refused.
    assert (response.status_code, response.json()["rule"]) == (503, "unavailable")


@pytest.mark.parametrize(
    ("odd", "kept"),
    [
        ({"occurred_at_ms": 1_800_000_000_000.0}, {"occurred_at_ms": 1_800_000_000_000}),
        ({"occurred_at_ms": "1800000000000"}, {"occurred_at_ms": 1_800_000_000_000}),
        ({"command_id": 77}, {"command_id": "77"}),
        ({"metric": "rating", "value": "4.5"}, {"metric": "rating", "value": 4.5}),
        ({"value": "good"}, {"value": None}),
        ({"value": 1e300}, {"value": None}),
        ({"reason": "x" * 500}, {"reason": "x" * 128}),
        ({"reason": "half \ud83d"}, {"reason": "half \ufffd"}),
        ({"reason": {"code": 5}, "metric": []}, {"reason": '{"code":5}', "metric": "[]"}),
    ],
    # Half a pair cannot stand in a name.
    ids=range(9),
)
def test_an_odd_optional_field_does_not_cost_the_outcome(odd: dict[str, object], kept: dict[str, object]) -> None:
    given = {"command_id": "c", "session_id": "anna", "status": "applied", "occurred_at_ms": 1_800_000_000_000, **odd}
    result = _validated(0, given, 1_800_000_000_000)
    assert isinstance(result, Outcome), result
    assert {name: getattr(result, name) for name in kept} == kept


@pytest.mark.parametrize(
    ("clock_ms", "with_sent_at", "stored_ms"),
    [
        (0, True, -4_000),
        (1_200_000, True, -4_000),
        (-1_200_000, True, -4_000),
        (90_000_000, True, -4_000),
        # Without the time of sending only what cannot be is corrected.
        (1_200_000, False, 0),
        (-1_200_000, False, -1_204_000),
    ],
)
def test_the_clock_of_a_page_is_corrected_for_outcomes_as_for_events(
    client: InProcessClient, producer: RecordingProducer, clock_ms: int, with_sent_at: bool, stored_ms: int
) -> None:
    at_ms = now_ms() + clock_ms
    told = {"command_id": None, "session_id": "anna", "status": None, "occurred_at_ms": at_ms - 4_000}
    body: dict[str, object] = {"outcomes": [told | {"metric": "preferred_content_length", "value": 300}]}
    body |= {"sent_at_ms": at_ms} if with_sent_at else {}
    response = client.post("/v1/outcomes", json=body, headers=by_page("anna"))

    assert response.json() == {"accepted": 1, "rejected": []}
    (record,) = producer.sent
    stored = msgspec.json.decode(record.value or b"", type=Outcome)
    assert stored.occurred_at_ms == pytest.approx(now_ms() + stored_ms, abs=3_000)
    assert stored.occurred_at_ms <= now_ms()


def test_a_time_of_sending_that_is_none_is_refused_with_outcomes_as_with_events(client: InProcessClient) -> None:
    response = client.post("/v1/outcomes", json={"outcomes": [], "sent_at_ms": "now"}, headers=by_page("anna"))
    assert (response.status_code, response.json()["field"]) == (422, "sent_at_ms")


def test_a_number_is_a_session_id_and_a_key_may_stand_in_any_body(
    client: InProcessClient, producer: RecordingProducer
) -> None:
    for name in ("write_key", "writeKey"):
        response = client.post("/v1/feedback", json={"session_id": 4711, "rating": 4, name: WRITE_KEY})
        assert response.status_code == 202, response.text
        token = client.post("/v1/push-token", json={"session_id": f"anna-{name}", name: WRITE_KEY})
        assert token.status_code == 200, token.text
    assert all(b"s_" in (each.key or b"") for each in producer.sent)


def test_addresses_in_what_readers_write_are_cut(client: InProcessClient, producer: RecordingProducer) -> None:
    body = {"session_id": "anna", "text": "broken: https://ina:pw@konto.example/reset?token=s3cret", "rating": 1}
    client.post("/v1/feedback", json=body, headers=BY_KEY)
    assert msgspec.json.decode(producer.sent[0].value or b"", type=Event).text == "broken: https://konto.example/reset"
