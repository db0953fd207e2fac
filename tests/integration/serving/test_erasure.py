"""Erasing a person's data."""

import httpx
import pytest

from infra.kafka.reading import TopicReader
from infra.redis import keys
from schemas.topics import ADJUSTMENTS, SESSION_STATE
from tests.support.broker import PrefixedTopics
from tests.support.event_builders import now_ms
from tests.support.gateway import Gateway
from tests.support.projector import projecting
from tests.support.redis import RedisServer
from tests.support.session_views import undegraded, view_of
from tests.support.state_builders import command, command_record, state, state_record
from tests.support.waiting import until

pytestmark = pytest.mark.kafka


def test_a_record_too_deep_names_no_owner_and_stops_no_erasure(
    topics: PrefixedTopics, gateway: Gateway, cms: httpx.Client
) -> None:
    name, whole = state_record(state("deep", user_id="a@example"))
    topics.put(SESSION_STATE, [(name, whole[:-1] + b',"more":' + b"[" * 100_000 + b"]" * 100_000 + b"}")])
    topics.put(SESSION_STATE, [state_record(state("anna", user_id="a@example"))])
    assert cms.delete("/v1/people/a@example").json()["sessions"] == 1


def test_a_person_is_erased_and_does_not_come_back(
    topics: PrefixedTopics, gateway: Gateway, cms: httpx.Client, redis_server: RedisServer
) -> None:
    redis = redis_server.client()
    mine = [state_record(state(name, user_id="a@example")) for name in ("anna", "anna-phone")]
    with projecting(topics, redis_server):
        topics.put(SESSION_STATE, [*mine, state_record(state("bertha", user_id="b@example"))])
        topics.put(ADJUSTMENTS, [command_record(command("anna"))])
        until(lambda: all(view_of(cms, each).known for each in ("anna", "anna-phone", "bertha")))
        until(lambda: bool(redis.exists(keys.adjustments("anna"))))
        # Redis has lost the link of one of them: the topic still knows.
        redis.srem(keys.user("a@example"), "anna-phone")
        told = cms.delete("/v1/people/a%40example").json()
        # The job does not know yet, and writes once more.
        topics.put(SESSION_STATE, [*mine, state_record(state("carla"))])
        until(lambda: view_of(cms, "carla").known)
        for session_id in ("anna", "anna-phone"):
            view = view_of(cms, session_id)
            assert (view.known, view.recent, view.user_id) == (False, [], None)
        assert undegraded(lambda: cms.get("/v1/sessions/anna/adjustments"))["adjustments"] == []
        assert view_of(cms, "bertha").known
    assert (told["sessions"], told["tombstones"], told["redis_keys"]) == (2, 2, 4)
    assert not redis.exists(keys.user("a@example"))
    kept = {each["topic"]: each["until_ms"] for each in told["remaining"]}
    assert kept["events.v1"] >= now_ms() + 6 * 86_400_000
    # Two days, after which Kafka forgets a session, from the last that the job may write of it.
    assert now_ms() + 48 * 3_600_000 < kept["session-state.v1"] <= now_ms() + 49 * 3_600_000
    assert set(kept) == {"events.v1", "late.v1", "adjustments.v1", "outcomes.v1", "rejected.v1", "session-state.v1"}
    with TopicReader(topics.bootstrap, topics.name(SESSION_STATE)) as reader:
        deleted = {(each.key or b"").decode() for each in reader.read_to_end(0.5) if each.value is None}
    assert deleted == {"anna", "anna-phone"}
