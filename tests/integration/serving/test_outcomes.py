"""Outcomes that pages and CMSs report."""

import json

import httpx
import msgspec
import pytest

from schemas.outcomes import Outcome
from schemas.topics import OUTCOMES
from tests.integration.serving.conftest import Serve
from tests.support.broker import PrefixedTopics
from tests.support.credentials import WRITE_KEY, token
from tests.support.event_builders import event, now_ms
from tests.support.gateway import Gateway
from tests.support.state_builders import outcome

pytestmark = pytest.mark.kafka


def test_outcomes_are_judged_one_by_one_and_stand_on_kafka(topics: PrefixedTopics, tracker: httpx.Client) -> None:
    good = [outcome(), outcome(command_id=None, status=None, metric="rating", value=4.5), outcome(extra="ignored")]
    bad = [
        (outcome(status="done"), "status", "out_of_range"),
        (outcome(session_id=[7]), "session_id", "wrong_type"),
        (outcome(session_id=7), "session_id", "token"),
        (outcome(session_id=""), "session_id", "out_of_range"),
        (outcome(occurred_at_ms=now_ms() - 90_000_000), "occurred_at_ms", "impossible_time"),
        (outcome(status=None), "status", "missing_field"),
        ({"session_id": "anna"}, "command_id", "missing_field"),
        (outcome(command_id="\ud800"), "", "malformed"),
        ("applied", "", "wrong_type"),
        (None, "", "wrong_type"),
    ]
    # Python's own writer puts half a surrogate pair as an escape, as a careless page would.
    raw = json.dumps({"outcomes": [*good, *(each for each, _, _ in bad)]})
    answer = tracker.post("/v1/outcomes", content=raw, headers={"content-type": "text/plain"})
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert told["accepted"] == 3
    assert [(each["field"], each["rule"]) for each in told["rejected"]] == [(field, rule) for _, field, rule in bad]
    stored = [msgspec.convert(each, Outcome) for each in topics.records(OUTCOMES)]
    assert sorted(stored, key=str) == sorted((msgspec.convert(each, Outcome) for each in good), key=str)


def test_a_page_reports_outcomes_of_its_own_session_only(topics: PrefixedTopics, gateway: Gateway) -> None:
    with gateway.http() as page:
        body = {"outcomes": [outcome(), outcome(session_id="bertha")], "token": token("anna")}
        told = page.post("/v1/outcomes", json=body).json()
        assert page.post("/v1/outcomes", json={"outcomes": [outcome()]}).status_code == 401
    assert told["accepted"] == 1
    assert [(each["index"], each["rule"]) for each in told["rejected"]] == [(1, "token")]
    assert [each["session_id"] for each in topics.records(OUTCOMES)] == ["anna"]


def test_outcomes_and_events_share_the_limits_of_address_and_key(topics: PrefixedTopics, serve: Serve) -> None:
    with (
        serve(key_events_per_s="0.1", key_burst="4") as gateway,
        gateway.http(x_write_key=WRITE_KEY) as tracker,
    ):
        assert tracker.post("/v1/outcomes", json={"outcomes": [outcome(), outcome(), outcome()]}).status_code == 202
        assert tracker.post("/v1/events", json={"events": [event(), event()]}).status_code == 429
        assert tracker.post("/v1/outcomes", json={"outcomes": [outcome(), outcome()]}).status_code == 429
    with (
        serve(ip_requests_per_s="0.1", ip_burst="2") as gateway,
        gateway.http(x_write_key=WRITE_KEY) as tracker,
    ):
        assert tracker.post("/v1/outcomes", json={"outcomes": []}).status_code == 202
        assert tracker.post("/v1/events", json={"events": []}).status_code == 202
        assert tracker.post("/v1/outcomes", json={"outcomes": []}).status_code == 429
