"""A stranger with the public keys neither reads nor steers the session of a reader, of its source or of another."""

import hmac
import json
import random
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import httpx
import pytest

from schemas.topics import ADJUSTMENTS, EVENTS, OUTCOMES
from tests.integration.serving.conftest import Serve
from tests.support.broker import PrefixedTopics
from tests.support.event_builders import event, now_ms
from tests.support.gateway import Gateway
from tests.support.state_builders import command, command_record
from tests.support.stranger import FORGED, PRIVATE, STRANGERS_ADDRESS, Stranger
from tests.support.waiting import until

pytestmark = pytest.mark.kafka

PUBLIC, OTHER, SERVER, SIGNING = "public-of-site", "public-of-other", "server-of-site-is-secret", "signs-webhooks"
CLOCK = 1_795_341_600_123


@pytest.fixture
def site(serve: Serve) -> Iterator[Gateway]:
    """A site with a public and a server key and Pendo's webhooks, beside another site."""
    with serve(
        MICROADJUST_WRITE_KEYS=f"site:{PUBLIC},other:{OTHER}",
        MICROADJUST_SERVER_KEYS=f"site:{SERVER}",
        MICROADJUST_WEBHOOK_SECRETS=f"product=pendo:{SIGNING}",
        MICROADJUST_GATEWAY_KEY_EVENTS_PER_S="1000000",
    ) as gateway:
        yield gateway


def secret_id() -> str:
    return "".join(random.choice("0123456789abcdefghijklmnopqrstuvwxyz") for _ in range(25))


def readers_come(site: Gateway, topics: PrefixedTopics) -> tuple[list[str], set[str], set[str]]:
    """Readers of every kind do something; what a stranger may know of them, their sessions, and the plain ids among them."""
    public, server = site.http(x_write_key=PUBLIC), site.http(x_write_key=SERVER)
    uuid = "3f2b8c1e-17cd-4fd0-9d5c-2f6a8b7c9d10"
    known: list[str] = [uuid, "kiosk-4"]
    natives: list[tuple[httpx.Client, str]] = [(public, secret_id()), (public, uuid), (public, "kiosk-4")]
    for name in ("alice@example.com", "4711", "+49 151 23456789", str(CLOCK), "2026-11-28T07:52:00Z", "mim0ay2c"):
        natives += [(public, name), (server, name)]
        known.append(name)
    for number, (client, name) in enumerate(natives):
        answer = client.post("/v1/events", json={"events": [event(session_id=name, content_id=f"{PRIVATE}{number}")]})
        assert answer.json()["accepted"] == 1
    people: list[tuple[httpx.Client, dict[str, Any]]] = [
        (server, {"userId": "bob@example.com"}),
        (server, {"userId": "4712"}),
        (public, {"anonymousId": "7d3a2a54-2d57-4d2e-8f0a-95a9b6a0d111", "userId": "carla@example.com"}),
        (public, {"anonymousId": "anon-noor", "userId": "noor", "context": {"sessionId": CLOCK}}),
        (public, {"anonymousId": "anon-pavel", "userId": "pavel", "context": {"sessionId": CLOCK}}),
    ]
    for number, (client, who) in enumerate(people):
        message = {"event": "Teaser Clicked", "properties": {"content_id": f"{PRIVATE}segment-{number}"}, **who}
        assert client.post("/v1/track", json=message).json()["accepted"] == 1
    known += ["bob@example.com", "4712", "carla@example.com", "noor", "pavel"]
    body = json.dumps({"event": "x", "visitorId": "dora@example.com", "timestamp": now_ms() / 1000,
                       "uniqueId": f"{PRIVATE}pendo"}).encode()  # fmt: skip
    signed = {"x-pendo-signature": hmac.digest(SIGNING.encode(), body, sha256).hex()}
    assert public.post("/v1/webhooks/product", content=body, headers=signed).json()["accepted"] == 1
    known.append("dora@example.com")
    records = topics.records(EVENTS)
    assert len(records) == len(natives) + len(people) + 1
    sessions = {str(each["session_id"]) for each in records}
    # Noor and Pavel, who began at the same time, have a session each; so have a server's and a page's Alice.
    assert len(sessions) == len(records)
    assert not [each for each in sessions for name in known if name in each and each not in (uuid, "kiosk-4")]
    given = [command(each, trigger="t", content_id=f"{PRIVATE}command") for each in sessions]
    topics.put(ADJUSTMENTS, [command_record(each) for each in given])
    return [*known, *sessions], sessions, {uuid}


def tried(site: Gateway, topics: PrefixedTopics, tries: int) -> None:
    names, sessions, plain = readers_come(site, topics)
    with site.operator() as operator:
        until(lambda: any(PRIVATE in operator.get(f"/v1/sessions/{each}").text for each in sessions))
    stranger = Stranger(site, sorted(names), (PUBLIC, OTHER), plain, seed=14)
    for _ in range(tries):
        stranger.try_once()
    print(f"{tries} tries: {dict(stranger.tries)}; read: {len(stranger.reads)}")
    assert stranger.reads == []
    assert min(stranger.tries.values()) > tries / 20
    events = [each for each in topics.records(EVENTS) if FORGED in str(each)]
    # The tries were not all refused: what has come in stands in sessions of the stranger's own.
    assert len(events) > tries / 10
    assert [each for each in events if each["session_id"] in sessions] == []
    assert [each for each in topics.records(OUTCOMES) if each["session_id"] in sessions] == []


@pytest.mark.timeout(300)
def test_a_thousand_tries_of_a_stranger_read_and_steer_nothing(site: Gateway, topics: PrefixedTopics) -> None:
    tried(site, topics, 1_000)


@pytest.mark.chaos
@pytest.mark.timeout(1800)
def test_ten_thousand_tries_of_a_stranger_read_and_steer_nothing(site: Gateway, topics: PrefixedTopics) -> None:
    tried(site, topics, 10_000)


def test_who_began_a_session_gets_its_token_and_nobody_else(site: Gateway) -> None:
    public, other, server = (site.http(x_write_key=each) for each in (PUBLIC, OTHER, SERVER))
    began = public.post("/v1/events", json={"events": [event(session_id="plain")]}).json()
    assert "push_token" in began
    assert "session_id" not in began
    assert "push_token" not in public.post("/v1/events", json={"events": [event(session_id="plain")]}).json()
    for client in (public, other):
        assert client.post("/v1/push-token", json={"session_id": "plain"}).status_code == 403
    # Who has a token of the session gets a newer one, and so does a server of its source.
    again = public.post("/v1/push-token", json={"session_id": "plain", "token": began["push_token"]})
    assert again.status_code == 200
    body = {"events": [event(session_id="plain")], "token": began["push_token"]}
    assert "push_token" in public.post("/v1/events", json=body).json()
    assert server.post("/v1/push-token", json={"session_id": "plain"}).status_code == 200
    # A server of the source reads it; with a public key nobody does.
    assert server.get("/v1/sessions/plain").json()["recent"]
    assert public.get("/v1/sessions/plain").status_code == 401


def test_a_secret_id_is_its_own_proof_and_stands_nowhere(site: Gateway, topics: PrefixedTopics) -> None:
    secret, public = secret_id(), site.http(x_write_key=PUBLIC)
    tokens = []
    for _ in range(2):
        told = public.post("/v1/events", json={"events": [event(session_id=secret, user_id="anna")]}).json()
        tokens.append(told["push_token"])
        session_id = told["session_id"]
    assert public.post("/v1/events", json={"events": [event(session_id=secret, type="dance")]}).json()["rejected"]
    # The public id, the secret one, and the address that the tracker listens at.
    for given in (session_id, secret):
        view = public.get(f"/v1/sessions/{given}", params={"token": tokens[0]}).json()
        assert (view["session_id"], len(view["recent"])) == (session_id, 2)
        site.page(given, given=tokens[1]).close()
    sent = {"command_id": "c", "session_id": secret, "status": "applied", "occurred_at_ms": now_ms()}
    assert public.post("/v1/outcomes", json={"outcomes": [sent]}).json()["accepted"] == 1
    assert [each["session_id"] for each in topics.records(OUTCOMES)] == [session_id]
    everything = str([topics.records(EVENTS), topics.records(OUTCOMES)])
    with site.operator() as operator:
        everything += operator.get("/debug/good").text + operator.get("/debug/bad").text
    assert secret not in everything


def test_a_user_id_that_names_nobody_is_left_out(site: Gateway, topics: PrefixedTopics) -> None:
    public = site.http(x_write_key=PUBLIC)
    for number, nobody in enumerate(("[object Object]", "undefined", "NaN", "   ", "null", "() => id")):
        sent = event(session_id="plain", user_id=nobody, content_id=f"n{number}")
        assert public.post("/v1/events", json={"events": [sent]}).json()["accepted"] == 1
        message = {"event": "Clicked", "userId": nobody, "anonymousId": f"anon-{number}"}
        assert public.post("/v1/track", json=message).json()["accepted"] == 1
        assert public.post("/v1/track", json={"event": "Clicked", "userId": nobody}).json()["accepted"] == 0
    assert {each.get("user_id") for each in topics.records(EVENTS)} == {None}


def test_a_session_that_a_stranger_has_begun_beforehand_is_not_the_readers(
    site: Gateway, topics: PrefixedTopics
) -> None:
    transport = httpx.HTTPTransport(local_address=STRANGERS_ADDRESS)
    public, server = site.http(x_write_key=PUBLIC), site.http(x_write_key=SERVER)
    with httpx.Client(base_url=site.url, transport=transport, headers={"x-write-key": PUBLIC}) as stranger:
        for name in ("kiosk-5", "zora", "4711", "zora@example.com"):
            sent = event(session_id=name, content_id=f"{FORGED}x")
            told = stranger.post("/v1/events", json={"events": [sent]}).json()
            token = told.get("push_token") or stranger.post("/v1/push-token", json={"session_id": name}).json().get(
                "push_token", ""
            )
            for client in (public, server):
                sent = event(session_id=name, content_id=f"{PRIVATE}x")
                assert client.post("/v1/events", json={"events": [sent]}).json()["accepted"] == 1
            for known in {name, *(str(each["session_id"]) for each in topics.records(EVENTS))}:
                assert PRIVATE not in stranger.get(f"/v1/sessions/{known}", params={"token": token}).text
    by_session: dict[str, set[str]] = {}
    for each in topics.records(EVENTS):
        by_session.setdefault(each["session_id"], set()).add(each["content_id"])
    assert all(len(whose) == 1 for whose in by_session.values())
