"""What CMSs and pages ask the gateway over plain HTTP, with the projector beside it."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import msgspec
import pytest
from redis.asyncio import Redis

from infra.gateway.log import Log
from infra.gateway.part import Gateway as EdgeGateway
from infra.gateway.rest_erasure import Erased, Eraser
from infra.gateway.rest_store import SessionView
from infra.gateway.settings import Settings
from infra.local.home import Home
from infra.projector import keys
from infra.streams.reading import Tail
from schemas.events import Event
from schemas.outcomes import Outcome
from schemas.topics import ADJUSTMENTS, EVENTS, OUTCOMES, SESSION_STATE, Topic
from tests.edge_state.builders import command, command_record, now_ms, state, state_record
from tests.edge_state.gateways import WRITE_KEY, Gateway, served, token
from tests.edge_state.places import Places, RedisServer, projecting
from tests.edge_state.waiting import until

pytestmark = pytest.mark.kafka


@pytest.fixture
def cms(gateway: Gateway) -> Iterator[httpx.Client]:
    with gateway.operator() as client:
        yield client


@pytest.fixture
def tracker(gateway: Gateway) -> Iterator[httpx.Client]:
    with gateway.http(x_write_key=WRITE_KEY) as client:
        yield client


def click(session_id: str = "anna", **more: Any) -> dict[str, Any]:
    return {"event_id": uuid4().hex, "type": "click", "occurred_at_ms": now_ms(), "session_id": session_id, **more}


def view_of(client: httpx.Client, session_id: str = "anna") -> SessionView:
    answer = client.get(f"/v1/sessions/{session_id}")
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=SessionView)


def records(places: Places, topic: Topic) -> list[Any]:
    tail = Tail(places.bootstrap, places.topic(topic))
    try:
        found = [msgspec.json.decode(each.value) for each in tail.rest(0.5) if each.value is not None]
    finally:
        tail.close()
    return [each for each in found if each.get("type") != "tick"]


def test_what_was_accepted_is_read_at_once_every_time(tracker: httpx.Client, cms: httpx.Client) -> None:
    for n in range(200):
        event = click(session_id=f"s{n % 7}", content_id=f"article-{n}")
        assert tracker.post("/v1/events", json={"events": [event]}).status_code == 202
        newest = view_of(cms, f"s{n % 7}").recent[0]
        assert (newest.event_id, newest.content_id) == (event["event_id"], f"article-{n}")


def test_recent_actions_are_newest_first_bounded_and_without_signs_of_life(
    tracker: httpx.Client, cms: httpx.Client
) -> None:
    at_ms = now_ms()
    events = [click(event_id=f"e{n}", occurred_at_ms=at_ms - 1000 * n) for n in range(30)]
    events.append(click(event_id="still-here", type="heartbeat", value=1000))
    assert tracker.post("/v1/events", json={"events": events}).json()["accepted"] == 31
    view = view_of(cms)
    assert [each.event_id for each in view.recent] == [f"e{n}" for n in range(20)]
    assert not view.known


def test_a_projected_state_is_served_with_what_is_in_force_and_what_came_since(
    places: Places, tracker: httpx.Client, cms: httpx.Client
) -> None:
    projected = state("anna", user_id="a@example")
    projected.active.append(msgspec.structs.replace(projected.active[0], command_id="old", expires_at_ms=now_ms() - 1))
    with projecting(places.projector_settings()):
        places.put(SESSION_STATE, [state_record(projected)])
        until(lambda: view_of(cms).known)
    event = click()
    tracker.post("/v1/events", json={"events": [event]})
    view = view_of(cms)
    assert (view.segment, view.scores, view.preferences) == (projected.segment, projected.scores, projected.preferences)
    assert [each.command_id for each in view.active] == ["c1"]
    assert [each.event_id for each in view.recent] == [event["event_id"], projected.recent[0].event_id]
    assert view.user_id == "a@example"
    assert not view.degraded


def test_commands_in_force_can_be_polled(places: Places, cms: httpx.Client) -> None:
    given, article = command("anna"), command(None)
    with projecting(places.projector_settings()):
        places.put(ADJUSTMENTS, [command_record(given), command_record(article)])
        until(lambda: bool(cms.get("/v1/sessions/anna/adjustments").json()["adjustments"]))
        until(lambda: bool(cms.get("/v1/targets/content/morning-news/adjustments").json()["adjustments"]))
    assert cms.get("/v1/sessions/anna/adjustments").json() == {
        "adjustments": [msgspec.json.decode(command_record(given)[1])],
        "degraded": False,
    }
    assert cms.get("/v1/sessions/bertha/adjustments").json()["adjustments"] == []


def test_many_sessions_are_asked_for_at_once(places: Places, cms: httpx.Client) -> None:
    with projecting(places.projector_settings()):
        places.put(SESSION_STATE, [state_record(state(f"s{n}", segment=f"segment-{n}")) for n in range(99)])
        until(lambda: view_of(cms, "s98").known and view_of(cms, "s0").known)
        asked = [*(f"s{n}" for n in range(99)), "nobody"]
        found = cms.post("/v1/sessions/query", json={"session_ids": asked}).json()
    assert [each["session_id"] for each in found["sessions"]] == asked
    assert [each["segment"] for each in found["sessions"]] == [*(f"segment-{n}" for n in range(99)), None]
    assert cms.post("/v1/sessions/query", json={"session_ids": ["s"] * 101}).status_code == 422


def test_a_page_reads_its_own_session_and_nobody_reads_with_a_write_key(gateway: Gateway) -> None:
    with gateway.http(x_write_key=WRITE_KEY) as page:
        mine = {"token": token("anna")}
        assert page.get("/v1/sessions/anna", params=mine).status_code == 200
        assert page.get("/v1/sessions/anna/adjustments", params=mine).status_code == 200
        for path in ("/v1/sessions/bertha", "/v1/sessions/bertha/adjustments", "/v1/targets/content/x/adjustments"):
            assert page.get(path, params=mine).status_code == 401
            assert page.get(path).status_code == 401
        assert page.post("/v1/sessions/query", json={"session_ids": ["anna"]}, params=mine).status_code == 401
        assert page.delete("/v1/people/a@example", params=mine).status_code == 401
        assert page.get("/v1/sessions/anna", params={"token": token("anna", -1)}).status_code == 401


def test_a_session_id_may_hold_any_characters(tracker: httpx.Client, cms: httpx.Client) -> None:
    for session_id in ("a/b", "a b", "ä%2F", "..", "?x=1&y", "ma:session:x"):
        event = click(session_id=session_id)
        assert tracker.post("/v1/events", json={"events": [event]}).json()["accepted"] == 1
        encoded = "".join(f"%{byte:02X}" for byte in session_id.encode())
        assert [each.event_id for each in view_of(cms, encoded).recent] == [event["event_id"]]


def test_a_push_token_can_be_had_for_a_write_key(places: Places, gateway: Gateway) -> None:
    with gateway.http() as http:
        answer = http.post("/v1/push-token", json={"write_key": WRITE_KEY, "session_id": "anna"})
        assert http.post("/v1/push-token", json={"write_key": "x", "session_id": "anna"}).status_code == 401
        assert http.post("/v1/push-token", json={"session_id": "anna"}).status_code == 401
        assert http.post("/v1/push-token", json={"write_key": WRITE_KEY, "session_id": ""}).status_code == 422
    gateway.page("anna", given=answer.json()["push_token"]).close()
    assert answer.json()["push_token_expires_at_ms"] > now_ms()


def test_the_token_of_the_collectors_answer_opens_the_push_channel(tracker: httpx.Client, gateway: Gateway) -> None:
    told = tracker.post("/v1/events", json={"events": [click()]}).json()
    gateway.page("anna", given=told["push_token"]).close()


def test_feedback_becomes_an_event(places: Places, gateway: Gateway, tracker: httpx.Client) -> None:
    first = tracker.post("/v1/feedback", json={"session_id": "anna", "rating": 4, "text": "Ça va", "content_id": "c"})
    again = tracker.post("/v1/feedback", json={"session_id": "anna", "rating": 4, "event_id": first.json()["event_id"]})
    with gateway.http() as page:
        body = {"session_id": "anna", "text": "by token", "token": token("anna")}
        assert page.post("/v1/feedback", json=body).status_code == 202
        assert page.post("/v1/feedback", json={**body, "token": token("bertha")}).status_code == 401
        assert page.post("/v1/feedback", json={**body, "token": ""}).status_code == 401
    for wrong, field in (({"rating": 9}, "rating"), ({"rating": "5"}, "rating"), ({}, "rating"), ({"text": 1}, "text")):
        refused = tracker.post("/v1/feedback", json={"session_id": "anna", **wrong})
        assert (refused.status_code, refused.json()["field"]) == (422, field)
    assert (first.status_code, first.json()["accepted"]) == (202, 1)
    assert (again.status_code, again.json()["duplicates"]) == (202, 1)
    found = [msgspec.convert(each, Event) for each in records(places, EVENTS)]
    assert [(each.type, each.value, each.text, each.content_id) for each in found] == [
        ("feedback", 4.0, "Ça va", "c"),
        ("feedback", None, "by token", None),
    ]


def outcome(**more: Any) -> dict[str, Any]:
    return {"command_id": "c1", "session_id": "anna", "status": "applied", "occurred_at_ms": now_ms(), **more}


def test_outcomes_are_judged_one_by_one_and_stand_on_kafka(places: Places, tracker: httpx.Client) -> None:
    good = [outcome(), outcome(command_id=None, status=None, metric="rating", value=4.5), outcome(extra="ignored")]
    bad = [
        (outcome(status="done"), "status", "out_of_range"),
        (outcome(session_id=7), "session_id", "wrong_type"),
        (outcome(session_id=""), "session_id", "out_of_range"),
        (outcome(occurred_at_ms=now_ms() - 90_000_000), "occurred_at_ms", "impossible_time"),
        (outcome(status=None), "status", "missing_field"),
        ({"session_id": "anna"}, "command_id", "missing_field"),
        (outcome(metric="\ud800"), "", "malformed"),
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
    stored = [msgspec.convert(each, Outcome) for each in records(places, OUTCOMES)]
    assert sorted(stored, key=str) == sorted((msgspec.convert(each, Outcome) for each in good), key=str)


def test_a_page_reports_outcomes_of_its_own_session_only(places: Places, gateway: Gateway) -> None:
    with gateway.http() as page:
        body = {"outcomes": [outcome(), outcome(session_id="bertha")], "token": token("anna")}
        told = page.post("/v1/outcomes", json=body).json()
        assert page.post("/v1/outcomes", json={"outcomes": [outcome()]}).status_code == 401
    assert told["accepted"] == 1
    assert [(each["index"], each["rule"]) for each in told["rejected"]] == [(1, "token")]
    assert [each["session_id"] for each in records(places, OUTCOMES)] == ["anna"]


def test_outcomes_and_events_share_the_limits_of_address_and_key(places: Places, tmp_path: Path) -> None:
    with (
        served(places, Home(tmp_path), key_events_per_s="0.1", key_burst="4") as gateway,
        gateway.http(x_write_key=WRITE_KEY) as tracker,
    ):
        assert tracker.post("/v1/outcomes", json={"outcomes": [outcome(), outcome(), outcome()]}).status_code == 202
        assert tracker.post("/v1/events", json={"events": [click(), click()]}).status_code == 429
        assert tracker.post("/v1/outcomes", json={"outcomes": [outcome(), outcome()]}).status_code == 429
    with (
        served(places, Home(tmp_path), ip_requests_per_s="0.1", ip_burst="2") as gateway,
        gateway.http(x_write_key=WRITE_KEY) as tracker,
    ):
        assert tracker.post("/v1/outcomes", json={"outcomes": []}).status_code == 202
        assert tracker.post("/v1/events", json={"events": []}).status_code == 202
        assert tracker.post("/v1/outcomes", json={"outcomes": []}).status_code == 429


def test_a_record_too_deep_names_no_owner_and_stops_no_erasure(
    places: Places, gateway: Gateway, cms: httpx.Client
) -> None:
    name, whole = state_record(state("deep", user_id="a@example"))
    places.put(SESSION_STATE, [(name, whole[:-1] + b',"more":' + b"[" * 100_000 + b"]" * 100_000 + b"}")])
    places.put(SESSION_STATE, [state_record(state("anna", user_id="a@example"))])
    assert cms.delete("/v1/people/a@example").json()["sessions"] == 1


class SlowEraser(Eraser):
    """Counts how many erasures are under way at a time."""

    def __init__(self) -> None:
        settings = Settings()
        super().__init__(EdgeGateway(settings, Log(settings), Redis()))
        self.now = self.most = 0

    async def _erased(self, user_id: str) -> Erased:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        self.now -= 1
        return Erased(user_id, 0, 0, 0, [])


def test_erasures_wait_for_each_other() -> None:
    async def story() -> int:
        eraser = SlowEraser()
        found = await asyncio.gather(*(eraser.erase(f"u{n}") for n in range(5)))
        assert [each.user_id for each in found] == [f"u{n}" for n in range(5)]
        return eraser.most

    assert asyncio.run(story()) == 1


def test_a_person_is_erased_and_does_not_come_back(places: Places, gateway: Gateway, cms: httpx.Client) -> None:
    redis = places.redis()
    mine = [state_record(state(name, user_id="a@example")) for name in ("anna", "anna-phone")]
    with projecting(places.projector_settings()):
        places.put(SESSION_STATE, [*mine, state_record(state("bertha", user_id="b@example"))])
        places.put(ADJUSTMENTS, [command_record(command("anna"))])
        until(lambda: all(view_of(cms, each).known for each in ("anna", "anna-phone", "bertha")))
        until(lambda: bool(redis.exists(keys.adjustments("anna"))))
        # Redis has lost the link of one of them: the topic still knows.
        redis.srem(keys.user("a@example"), "anna-phone")
        told = cms.delete("/v1/people/a%40example").json()
        # The job does not know yet, and writes once more.
        places.put(SESSION_STATE, [*mine, state_record(state("carla"))])
        until(lambda: view_of(cms, "carla").known)
        for session_id in ("anna", "anna-phone"):
            view = view_of(cms, session_id)
            assert (view.known, view.recent, view.user_id) == (False, [], None)
        assert cms.get("/v1/sessions/anna/adjustments").json()["adjustments"] == []
        assert view_of(cms, "bertha").known
    assert (told["sessions"], told["tombstones"], told["redis_keys"]) == (2, 2, 4)
    assert not redis.exists(keys.user("a@example"))
    kept = {each["topic"]: each["until_ms"] for each in told["remaining"]}
    assert kept["events.v1"] >= now_ms() + 6 * 86_400_000
    # Two days, after which Kafka forgets a session, from the last that the job may write of it.
    assert now_ms() + 48 * 3_600_000 < kept["session-state.v1"] <= now_ms() + 49 * 3_600_000
    assert set(kept) == {"events.v1", "late.v1", "adjustments.v1", "outcomes.v1", "rejected.v1", "session-state.v1"}
    tail = Tail(places.bootstrap, places.topic(SESSION_STATE))
    deleted = {each.key.decode() for each in tail.rest(0.5) if each.value is None}
    tail.close()
    assert deleted == {"anna", "anna-phone"}


def test_without_redis_events_are_taken_and_defaults_are_out_within_50_ms(
    places: Places, gateway: Gateway, redis_server: RedisServer, tracker: httpx.Client, cms: httpx.Client
) -> None:
    """Dead, and worse: alive and silent."""
    # How fast this machine is now: what is left of an answer's time is what Redis costs.
    usual_ms = sorted(timed(cms, f"u{n}")[1] for n in range(80))
    redis_server.process().suspend()
    try:
        hanging = degraded(tracker, cms)
    finally:
        redis_server.process().resume()
    until(lambda: not view_of(cms).degraded)
    redis_server.kill()
    dead = degraded(tracker, cms)
    assert cms.delete("/v1/people/a@example").status_code == 503
    assert cms.get("/health").json()["state"] == "degraded"
    redis_server.start()
    until(lambda: not view_of(cms).degraded)
    took_ms = sorted(hanging + dead)
    print(f"degraded default: p50 {took_ms[len(took_ms) // 2]:.1f} ms, slowest {took_ms[-1]:.1f} ms")
    # On a busy machine one answer may wait for the processor.
    assert took_ms[40] < 50 + usual_ms[40]
    assert took_ms[78] < 50 + usual_ms[-1]
    assert len(records(places, EVENTS)) == 2 * 40


def timed(cms: httpx.Client, session_id: str) -> tuple[SessionView, float]:
    began = time.perf_counter()
    view = view_of(cms, session_id)
    return view, (time.perf_counter() - began) * 1000


def degraded(tracker: httpx.Client, cms: httpx.Client) -> list[float]:
    """How long each default took, while the collector goes on."""
    took_ms = []
    for n in range(40):
        view, one_ms = timed(cms, f"s{n}")
        took_ms.append(one_ms)
        assert view == SessionView(f"s{n}", degraded=True)
        assert cms.get(f"/v1/sessions/s{n}/adjustments").json() == {"adjustments": [], "degraded": True}
        assert tracker.post("/v1/events", json={"events": [click()]}).status_code == 202
        time.sleep(0.05)
    return took_ms


def test_without_kafka_sessions_are_read_and_writes_say_when_to_come_back(places: Places, tmp_path: Path) -> None:
    nowhere = Places("127.0.0.1:1", places.redis_port, places.prefix)
    with served(nowhere, Home(tmp_path), ack_timeout_ms="500") as gateway, gateway.operator() as cms:
        health = cms.get("/health")
        assert (health.status_code, health.json()["state"]) == (503, "down")
        body = {"outcomes": [outcome()], "write_key": WRITE_KEY}
        answer = cms.post("/v1/outcomes", json=body)
        assert (answer.status_code, int(answer.headers["retry-after"]) >= 1) == (503, True)
        assert cms.delete("/v1/people/a@example").status_code == 503
        assert not view_of(cms).degraded
