"""An erasure that is interrupted at any step is completed when it is asked for again, and nothing of the person is left."""

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest

from infra.kafka.reading import TopicReader
from infra.redis import keys
from models.session_state import person_digest
from schemas.topics import ADJUSTMENTS, EVENTS, SESSION_STATE
from tests.support.broker import Broker, PrefixedTopics
from tests.support.event_builders import event
from tests.support.gateway import Gateway
from tests.support.projector import projecting
from tests.support.redis import RedisServer
from tests.support.state_builders import command, command_record, state, state_record
from tests.support.waiting import until

pytestmark = pytest.mark.kafka

PERSON, FRIEND = "zora@example", "anton@example"
MANY = 1_200
"""More than are worked on at once."""

Step = Callable[[Any], bool]

STEPS: dict[str, Step] = {
    "the journal is begun": lambda redis: bool(redis.exists(keys.erasure(PERSON))),
    "the first sessions are marked": lambda redis: bool(redis.zcard(keys.ERASED_LOG)),
    "all keys are deleted": lambda redis: redis.zcard(keys.ERASED_LOG) >= MANY,
    "tombstones are written": lambda redis: redis.zcard(keys.ERASED_LOG) >= MANY and _slept(0.05),
    "the index is being deleted": lambda redis: redis.scard(keys.user(PERSON)) < MANY // 2,
}


def _slept(seconds: float) -> bool:
    time.sleep(seconds)
    return True


def person_comes(gateway: Gateway, topics: PrefixedTopics, redis: Any, visit: int = 0) -> list[str]:
    """A person with many sessions in all places; of some only Redis knows, of some only the topic."""
    names = [f"zora-{visit}-{n}" for n in range(MANY)]
    shared = f"shared-{visit}"
    topics.put(SESSION_STATE, [state_record(state(each, user_id=PERSON)) for each in names[: MANY - 100]])
    # At this machine somebody else has signed in since.
    topics.put(SESSION_STATE, [state_record(state(shared, user_id=FRIEND))])
    topics.put(ADJUSTMENTS, [command_record(command(each, user_id=PERSON)) for each in names[:3]])
    redis.sadd(keys.user(PERSON), *names[100:], shared)
    for each in names:
        redis.hset(keys.session(each), mapping={"user_id": json.dumps(PERSON)})
    for each in names[:2]:
        sent = event(session_id=each, user_id=PERSON, text="Zora was here")
        assert gateway.post([sent]).json()["accepted"] == 1
    assert gateway.post([event(session_id=names[0], user_id=PERSON, type="dance")]).json()["rejected"]
    assert gateway.post([event(session_id="other", user_id=FRIEND)]).json()["accepted"] == 1
    with gateway.operator() as operator:
        assert PERSON in operator.get("/debug/good").text
    return [*names, shared]


def assert_nothing_is_left(gateway: Gateway, topics: PrefixedTopics, redis: Any, sessions: list[str]) -> None:
    held = [key.decode() for key in redis.scan_iter("ma:*", count=10_000)]
    assert [key for key in held if PERSON in key] == []
    for name in (keys.session, keys.recent, keys.adjustments):
        assert set(map(name, sessions)) & set(held) == set()
    latest: dict[str, bytes | None] = {}
    with TopicReader(topics.bootstrap, topics.name(SESSION_STATE)) as reader:
        for record in reader.read_to_end(0.5):
            latest[(record.key or b"").decode()] = record.value
    assert {each for each in sessions if latest.get(each) is not None} == set()
    with gateway.operator() as operator:
        good, bad = operator.get("/debug/good").text, operator.get("/debug/bad").json()
        assert PERSON not in good
        assert "zora-" not in good
        assert bad["lines"] == []
        exported = operator.get(f"/v1/people/{PERSON}/export").json()
    assert (exported["sessions"], exported["debug_events"], exported["push_commands"]) == ([], [], [])
    assert [each for of in exported["records"].values() for each in of] == []
    # A CMS that reconnects is sent again what is kept.
    with gateway.everything("0-0,1-0,2-0,3-0") as cms:
        replayed = []
        with suppress(TimeoutError):
            while True:
                replayed.append(str(cms.recv(timeout=0.5)))
    assert [each for each in replayed if PERSON in each] == []


@pytest.mark.timeout(400)
def test_killed_at_every_step_and_asked_again(
    topics: PrefixedTopics, gateway: Gateway, redis_server: RedisServer
) -> None:
    redis = redis_server.client()
    interrupted = 0
    for number, (name, is_reached) in enumerate(STEPS.items()):
        redis.delete(keys.ERASED_LOG)
        sessions = person_comes(gateway, topics, redis, number)
        answers: list[int] = []

        def ask(answers: list[int] = answers) -> None:
            with gateway.operator() as operator, suppress(httpx.HTTPError):
                answers.append(operator.delete(f"/v1/people/{PERSON}", timeout=60.0).status_code)

        asking = threading.Thread(target=ask)
        asking.start()
        end = time.monotonic() + 60
        while not is_reached(redis) and asking.is_alive():
            assert time.monotonic() < end, name
        gateway.kill()
        asking.join()
        interrupted += answers == []
        gateway.start()
        with gateway.operator() as operator:
            told = operator.delete(f"/v1/people/{PERSON}", timeout=60.0)
        assert told.status_code == 200, (number, name, told.text)
        assert_nothing_is_left(gateway, topics, redis, sessions)
    print(f"{interrupted} of {len(STEPS)} erasures were interrupted")
    assert interrupted >= 3


@pytest.mark.timeout(300)
def test_without_kafka_it_says_so_and_is_completed_when_asked_again(
    topics: PrefixedTopics, gateway: Gateway, redis_server: RedisServer, broker: Broker
) -> None:
    redis = redis_server.client()
    sessions = person_comes(gateway, topics, redis)
    with gateway.operator() as operator:
        with broker.silent():
            refused = operator.delete(f"/v1/people/{PERSON}", timeout=120.0)
        assert (refused.status_code, refused.json()["rule"]) == (503, "unavailable")
        assert redis.smembers(keys.user(PERSON))
        told = operator.delete(f"/v1/people/{PERSON}", timeout=60.0)
    assert told.status_code == 200, told.text
    found = told.json()
    # Without Kafka only those that the topic alone knew were left out; they are found now.
    assert (found["sessions"], found["tombstones"]) == (MANY + 1, MANY + 1)
    assert {each["topic"] for each in found["remaining"]} >= {"events.v1", "session-state.v1"}
    assert {each["place"] for each in found["remaining_elsewhere"]} >= {"Flink's checkpoints and savepoints"}
    assert_nothing_is_left(gateway, topics, redis, sessions)


def test_an_erased_session_gets_no_recent_actions_and_another_person_keeps_theirs(
    topics: PrefixedTopics, gateway: Gateway, cms: httpx.Client, redis_server: RedisServer
) -> None:
    redis = redis_server.client()
    for user, session_id in ((PERSON, "zora"), (FRIEND, "anton")):
        gateway.post([event(session_id=session_id, user_id=user)])
    assert cms.delete(f"/v1/people/{PERSON}").json()["sessions"] == 1
    # Her page is still open.
    gateway.post([event(session_id="zora", user_id=PERSON)])
    assert not redis.exists(keys.recent("zora"), keys.user(PERSON))
    assert cms.get("/v1/sessions/zora").json()["recent"] == []
    assert PERSON not in cms.get("/debug/good").text
    assert len(cms.get("/v1/sessions/anton").json()["recent"]) == 1
    assert FRIEND in cms.get("/debug/good").text


def test_another_gateway_forgets_as_well(
    topics: PrefixedTopics, gateway: Gateway, serve: Any, cms: httpx.Client
) -> None:
    with serve() as second, second.operator() as operator:
        second.post([event(session_id="zora", user_id=PERSON)])
        assert PERSON in operator.get("/debug/good").text
        assert cms.delete(f"/v1/people/{PERSON}").status_code == 200
        until(lambda: PERSON not in operator.get("/debug/good").text)


def test_what_is_held_of_a_person_is_exported(
    topics: PrefixedTopics, gateway: Gateway, cms: httpx.Client, redis_server: RedisServer
) -> None:
    with projecting(topics, redis_server):
        topics.put(SESSION_STATE, [state_record(state("zora", user_id=PERSON))])
        topics.put(ADJUSTMENTS, [command_record(command("zora", user_id=PERSON))])
        gateway.post(
            [event(session_id="zora", user_id=PERSON, text="mine"), event(session_id="zora", text="signed out")]
        )
        gateway.post([event(session_id="anton", user_id=FRIEND, text="another's")])
        until(lambda: bool(redis_server.client().exists(keys.adjustments("zora"))))
        # It names who has signed out: held, but no longer for who uses the session.
        assert cms.get("/v1/sessions/zora/adjustments").json()["adjustments"] == []
        until(lambda: cms.get("/v1/sessions/zora").json()["known"])
        answer = cms.get(f"/v1/people/{PERSON}/export")
    exported = answer.json()
    (session,) = exported["sessions"]
    assert (session["session_id"], session["state"]["user_id"], session["redis"]["state"]["user_id"]) == (
        "zora", PERSON, PERSON,
    )  # fmt: skip
    assert len(session["redis"]["recent"]) == 2
    assert len(session["redis"]["adjustments"]) == 1
    assert sorted(each["text"] for each in exported["records"][EVENTS.name]) == ["mine", "signed out"]
    assert len(exported["records"][ADJUSTMENTS.name]) == 1
    assert (len(exported["debug_events"]), len(exported["push_commands"]), exported["complete"]) == (2, 1, True)
    assert FRIEND not in answer.text
    assert gateway.client.get(f"/v1/people/{PERSON}/export").status_code == 401


def test_two_people_at_one_machine_see_nothing_of_each_other(
    topics: PrefixedTopics, gateway: Gateway, cms: httpx.Client, redis_server: RedisServer
) -> None:
    def recent() -> list[str]:
        return [each["event_id"] for each in cms.get("/v1/sessions/kiosk-4").json()["recent"]]

    gateway.post([event("z1", session_id="kiosk-4", user_id="zora")])
    with projecting(topics, redis_server):
        # What the job writes of Zora comes after Anton's first click.
        gateway.post([event("n1", session_id="kiosk-4")])
        assert recent() == ["n1", "z1"]
        gateway.post([event("a1", session_id="kiosk-4", user_id="anton")])
        assert recent() == ["a1"]
        topics.put(
            SESSION_STATE,
            [state_record(state("kiosk-4", updated_at_ms=1, user_id="zora", person=person_digest("zora")))],
        )
        until(lambda: bool(redis_server.client().exists(keys.session("kiosk-4"))))
        view = cms.get("/v1/sessions/kiosk-4").json()
    assert (recent(), view["preferences"], view["active"], view["user_id"]) == (["a1"], {}, [], None)
