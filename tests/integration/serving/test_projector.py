"""What stands in Redis is what the topics say, whatever happens to Redis and to the projector."""

import random
import time
from contextlib import suppress
from typing import Any

import httpx
import msgspec
import pytest
from redis.exceptions import TimeoutError as RedisTimeout

from infra.kafka.reading import StreamError
from infra.local import processes
from infra.local.home import Home
from infra.projector.operation import operation_endpoints
from infra.projector.projector import Projector
from infra.projector.redis_writer import MAX_COMMANDS, state_fields
from infra.redis import keys
from schemas.session_state import SessionState
from schemas.topics import ADJUSTMENTS, SESSION_STATE
from tests.support.broker import PrefixedTopics
from tests.support.event_builders import now_ms
from tests.support.projector import ProjectorProcess, projecting, projector_settings
from tests.support.redis import RedisServer
from tests.support.state_builders import MINUTE_MS, command, command_record, state, state_record
from tests.support.waiting import until

pytestmark = pytest.mark.kafka


def projection(redis: Any) -> dict[bytes, Any]:
    """Everything in Redis but the projector's own marks."""
    found: dict[bytes, Any] = {}
    for key in redis.scan_iter("ma:*", count=1000):
        if key != keys.EPOCH.encode():
            found[key] = redis.smembers(key) if redis.type(key) == b"set" else redis.hgetall(key)
    return found


def as_projected(state: SessionState) -> dict[bytes, bytes]:
    return {name.encode(): value for name, value in state_fields(state).items()}


def test_the_newest_state_of_a_session_stands_in_redis_and_will_die(
    topics: PrefixedTopics, redis_server: RedisServer
) -> None:
    anna, bertha = state("anna", user_id="a@example"), state("bertha")
    older = state("anna", anna.updated_at_ms - 1000, segment="readers")
    redis = redis_server.client()

    topics.put(SESSION_STATE, [state_record(each) for each in (older, anna, bertha)])
    with projecting(topics, redis_server):
        until(lambda: redis.exists(keys.session("anna"), keys.session("bertha")) == 2)
        # Redelivered or from another projector: an older state does not win.
        topics.put(SESSION_STATE, [state_record(older), state_record(state("carla"))])
        until(lambda: bool(redis.exists(keys.session("carla"))))

    assert redis.hgetall(keys.session("anna")) == as_projected(anna)
    assert redis.smembers(keys.user("a@example")) == {b"anna"}
    assert 0 < redis.pttl(keys.session("anna")) <= keys.SESSION_LIFE_MS
    assert 0 < redis.pttl(keys.user("a@example")) <= keys.USER_LIFE_MS


def test_a_null_deletes_the_state_of_its_session(topics: PrefixedTopics, redis_server: RedisServer) -> None:
    redis = redis_server.client()
    topics.put(SESSION_STATE, [state_record(state("anna")), state_record(state("bertha"))])
    with projecting(topics, redis_server):
        until(lambda: redis.exists(keys.session("anna"), keys.session("bertha")) == 2)
        topics.put(SESSION_STATE, [("anna", None)])
        until(lambda: not redis.exists(keys.session("anna")))
    assert redis.exists(keys.session("bertha"))


def test_a_session_that_was_erased_does_not_come_back(topics: PrefixedTopics, redis_server: RedisServer) -> None:
    redis = redis_server.client()
    redis.set(keys.erased("anna"), 1)
    topics.put(SESSION_STATE, [state_record(state("anna", user_id="a@example")), state_record(state("bertha"))])
    topics.put(ADJUSTMENTS, [command_record(command("anna")), command_record(command("bertha"))])
    with projecting(topics, redis_server):
        until(lambda: redis.exists(keys.session("bertha"), keys.adjustments("bertha")) == 2)
        time.sleep(0.2)
    assert not redis.exists(keys.session("anna"), keys.adjustments("anna"), keys.user("a@example"))


def test_commands_in_force_are_kept_and_a_revert_takes_one_away(
    topics: PrefixedTopics, redis_server: RedisServer
) -> None:
    redis = redis_server.client()
    simple, dead = command(trigger="w1"), command(trigger="w0", expires_at_ms=now_ms() - 1)
    shorten = command(trigger="w2", action="shorten", expires_at_ms=now_ms() + 10 * MINUTE_MS)
    revert = command(trigger="w3", action="revert", reverts=simple.command_id)
    article = command(session_id=None)
    topics.put(ADJUSTMENTS, [command_record(each) for each in (dead, simple, shorten, article)])
    with projecting(topics, redis_server):
        until(lambda: redis.hlen(keys.adjustments("anna")) == 2)
        assert redis.hget(keys.adjustments("anna"), simple.command_id) == command_record(simple)[1]
        topics.put(ADJUSTMENTS, [command_record(revert)])
        until(lambda: bool(redis.hexists(keys.adjustments("anna"), revert.command_id)))
    held = {each.decode() for each in redis.hkeys(keys.adjustments("anna"))}
    assert held == {shorten.command_id, revert.command_id}
    assert 9 * MINUTE_MS < redis.pttl(keys.adjustments("anna")) <= 10 * MINUTE_MS
    assert redis.hkeys(keys.target("content", "morning-news")) == [article.command_id.encode()]


def test_a_target_keeps_a_bounded_number_of_commands_and_those_that_last_longest(
    topics: PrefixedTopics, redis_server: RedisServer
) -> None:
    redis, now = redis_server.client(), now_ms()
    many = [command(trigger=str(n), expires_at_ms=now + MINUTE_MS + n) for n in range(MAX_COMMANDS + 30)]
    topics.put(ADJUSTMENTS, [command_record(each) for each in many])
    with projecting(topics, redis_server):
        until(lambda: bool(redis.hexists(keys.adjustments("anna"), many[-1].command_id)))
    held = {each.decode() for each in redis.hkeys(keys.adjustments("anna"))}
    assert held == {each.command_id for each in many[30:]}


def test_records_that_are_none_are_passed_over_and_counted(topics: PrefixedTopics, redis_server: RedisServer) -> None:
    redis = redis_server.client()
    # Valid but for what nobody asked for, which goes too deep.
    deep = state_record(state("anna"))[1][:-1] + b',"more":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    broken = [("anna", raw) for raw in (b"", b"{", b"[]", b"\xff\xfe", b'{"session_id":1}', b"[" * 100_000, deep)]
    topics.put(SESSION_STATE, [broken[0], state_record(state("anna")), *broken[1:]])
    topics.put(ADJUSTMENTS, [*broken, ("anna", None), command_record(command("anna"))])
    with projecting(topics, redis_server) as projector:
        until(lambda: redis.exists(keys.session("anna"), keys.adjustments("anna")) == 2)
    assert projector.unreadable == 2 * len(broken) + 1


def test_a_projector_goes_on_where_the_last_one_committed(topics: PrefixedTopics, redis_server: RedisServer) -> None:
    redis = redis_server.client()
    topics.put(SESSION_STATE, [state_record(state(f"s{n}")) for n in range(50)])
    with projecting(topics, redis_server) as first:
        until(lambda: first.written == 50)
    topics.put(SESSION_STATE, [state_record(state("late"))])
    with projecting(topics, redis_server) as second:
        until(lambda: bool(redis.exists(keys.session("late"))))
    assert (first.rewinds, second.rewinds) == (1, 0)
    assert second.written == 1


def begun(projector: Projector) -> bool:
    """Whether it has found Redis empty and marked it; a partition may have no leader yet."""
    with suppress(StreamError):
        projector.begin()
        projector.step()
    return projector.rewinds == 1


def keep_stepping(projector: Projector) -> None:
    for _ in range(200):
        projector.step()


def test_offsets_are_committed_only_after_the_write(topics: PrefixedTopics, redis_server: RedisServer) -> None:
    """Killed between reading and writing: the next one writes what the first one had in hand."""
    redis = redis_server.client()
    first = Projector(projector_settings(topics, redis_server))
    until(lambda: begun(first))
    # Redis answers questions, but no writes: what happens after the write, if it came before, is done.
    redis.client_pause(60_000, all=False)
    topics.put(SESSION_STATE, [state_record(state("anna"))])
    with pytest.raises(RedisTimeout):
        keep_stepping(first)
    assert first.written == 0
    assert not redis.exists(keys.session("anna"))
    redis.client_unpause()
    # No close: it is gone without a word, as after kill -9.
    with projecting(topics, redis_server) as second:
        until(lambda: bool(redis.exists(keys.session("anna"))))
    assert second.rewinds == 0


def test_a_projector_that_is_killed_again_and_again_leaves_nothing_out(
    topics: PrefixedTopics, home: Home, redis_server: RedisServer
) -> None:
    chance, redis = random.Random(9), redis_server.client()
    history = some_history(chance, sessions=200, records=6_000)
    process = ProjectorProcess(topics, redis_server, home)
    process.start()
    for at in range(0, len(history), 300):
        topics.put(SESSION_STATE, history[at : at + 300])
        if at in (1_500, 3_000, 4_500):
            until(lambda: bool(redis.exists(keys.EPOCH)))
            process.kill()
            process.start()
    until(lambda: sessions_of(projection(redis)) == newest(history))
    assert process.stop().count("building it again") == 1


def some_history(chance: random.Random, sessions: int, records: int) -> list[tuple[str, bytes | None]]:
    """States of many sessions in the order of their times, and now and then a deletion."""
    began = now_ms()
    history: list[tuple[str, bytes | None]] = []
    for n in range(records):
        name = f"s{chance.randrange(sessions)}"
        if chance.random() < 0.02:
            history.append((name, None))
        else:
            person = chance.choice([None, "a@example", "b@example"])
            scores = {"forest": chance.random()}
            history.append(state_record(state(name, began + n, user_id=person, scores=scores)))
    return history


def newest(history: list[tuple[str, bytes | None]]) -> dict[bytes, Any]:
    """What the sessions' keys have to say, worked out without Redis."""
    last = dict(history)
    return {
        keys.session(name).encode(): as_projected(msgspec.json.decode(value, type=SessionState))
        for name, value in last.items()
        if value is not None
    }


def sessions_of(found: dict[bytes, Any]) -> dict[bytes, Any]:
    return {key: value for key, value in found.items() if key.startswith(b"ma:session:")}


def test_after_flushall_the_projection_is_rebuilt_and_equal_to_a_fresh_one(
    topics: PrefixedTopics, redis_server: RedisServer
) -> None:
    chance, redis = random.Random(4), redis_server.client()
    history = some_history(chance, sessions=300, records=5_000)
    commands = [command_record(command(f"s{n % 300}", trigger=str(n))) for n in range(600)]
    topics.put(SESSION_STATE, history[:4_000])
    topics.put(ADJUSTMENTS, commands)
    with projecting(topics, redis_server) as projector:
        until(lambda: projector.written == 4_600)
        redis.flushall()
        # While it is being rebuilt, more comes.
        topics.put(SESSION_STATE, history[4_000:])
        until(lambda: projector.rewinds == 2 and sessions_of(projection(redis)) == newest(history))
        until(lambda: len(redis.keys("ma:adjustments:*")) == len({key for key, _ in commands}))
    rebuilt = projection(redis)
    assert rebuilt == fresh_projection(topics, redis_server, len(history) + len(commands))


def fresh_projection(topics: PrefixedTopics, redis_server: RedisServer, records: int) -> dict[bytes, Any]:
    """By a projector that has never run before, into an empty Redis."""
    redis = redis_server.client()
    redis.flushall()
    with projecting(topics, redis_server, "fresh") as projector:
        until(lambda: projector.written == records)
    return projection(redis)


def outage(topics: PrefixedTopics, redis_server: RedisServer, down_s: float) -> None:
    """Redis is killed under load, stays away, comes back empty. Nothing may be missing afterwards."""
    chance, redis = random.Random(5), redis_server.client()
    history = some_history(chance, sessions=200, records=int(200 * (down_s + 4)))
    pace_s = (down_s + 4) / len(history) * 100
    with projecting(topics, redis_server):
        killed = started = False
        began = time.monotonic()
        for at in range(0, len(history), 100):
            topics.put(SESSION_STATE, history[at : at + 100])
            passed_s = time.monotonic() - began
            if not killed and passed_s > 2:
                redis_server.kill()
                killed = True
            if killed and not started and passed_s > 2 + down_s:
                redis_server.start()
                started = True
            time.sleep(pace_s)
        assert killed
        if not started:
            redis_server.start()
        until(lambda: sessions_of(projection(redis)) == newest(history), patience_s=30)
    # What was under way has ended with the projector.
    rebuilt = projection(redis)
    assert sessions_of(rebuilt) == newest(history)
    assert rebuilt == fresh_projection(topics, redis_server, len(history))


def test_redis_killed_for_two_seconds_loses_nothing(topics: PrefixedTopics, redis_server: RedisServer) -> None:
    outage(topics, redis_server, down_s=2)


@pytest.mark.chaos
@pytest.mark.timeout(400)
def test_redis_killed_for_a_minute_loses_nothing(topics: PrefixedTopics, redis_server: RedisServer) -> None:
    outage(topics, redis_server, down_s=60)


def test_the_projector_tells_its_health_and_its_numbers_on_a_port(
    topics: PrefixedTopics, redis_server: RedisServer
) -> None:
    port = processes.free_port(0)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
        with projecting(topics, redis_server) as projector, operation_endpoints(projector, "127.0.0.1", port):
            until(lambda: http.get("/ready").status_code == 200, 60)
            topics.put(SESSION_STATE, [state_record(state("anna"))])
            until(lambda: "microadjust_projector_written_total 1.0" in http.get("/metrics").text, 60)
            redis_server.kill()
            until(lambda: http.get("/ready").status_code == 503, 60)
            assert "waiting" in http.get("/ready").json()["why"]
            # Waiting is no reason for a restart.
            assert http.get("/live").status_code == 200
            assert http.get("/other").status_code == 404
            redis_server.start()
            until(lambda: http.get("/ready").status_code == 200, 60)
        with pytest.raises(httpx.ConnectError):
            http.get("/live")
