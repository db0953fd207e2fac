"""Webhooks: correct ones come in with either key, ten thousand others do not."""

import base64
import hmac
import json
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import sha1, sha256
from random import Random
from typing import NamedTuple

import pytest
from redis import Redis
from standardwebhooks import Webhook as Official

from infra.redis import keys
from schemas.topics import SESSION_STATE
from tests.integration.ingest.conftest import Start
from tests.support.broker import Broker
from tests.support.event_builders import event, now_ms
from tests.support.gateway import Gateway
from tests.support.redis import RedisServer
from tests.support.waiting import until

pytestmark = pytest.mark.kafka

OLD, NEW, NEVER = (base64.b64encode(Random(seed).randbytes(24)).decode() for seed in range(3))
SECRETS = (
    f"shop=standard:whsec_{NEW}|whsec_{OLD},cdp=segment:{NEW}|{OLD},product=pendo:{NEW}|{OLD},"
    f"other=standard:whsec_{NEVER}"
)


class Hook(NamedTuple):
    source: str
    headers: dict[str, str]
    body: bytes


@pytest.fixture(scope="module")
def gateway(start: Start) -> Gateway:
    return start(MICROADJUST_WEBHOOK_SECRETS=SECRETS)


def post(gateway: Gateway, hook: Hook) -> int:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in hook.headers.items()]
    return gateway.client.post(f"/v1/webhooks/{hook.source}", content=hook.body, headers=headers).status_code


def standard(body: bytes, secret: str = NEW, message_id: str = "msg-1", at_s: float | None = None) -> Hook:
    """Signed by the reference implementation."""
    at = datetime.fromtimestamp(int(time.time() if at_s is None else at_s), tz=UTC)
    signature = Official(f"whsec_{secret}").sign(message_id, at, body.decode())
    stamp = str(int(at.timestamp()))
    headers = {"webhook-id": message_id, "webhook-timestamp": stamp, "webhook-signature": signature}
    return Hook("shop", headers, body)


def segment(body: bytes, secret: str = NEW) -> Hook:
    return Hook("cdp", {"x-signature": hmac.new(secret.encode(), body, sha1).hexdigest()}, body)


def pendo(body: bytes, secret: str = NEW, in_base64: bool = False) -> Hook:
    digest = hmac.digest(secret.encode(), body, sha256)
    return Hook(
        "product", {"x-pendo-signature": base64.b64encode(digest).decode() if in_base64 else digest.hex()}, body
    )


def bodies(number: int, at_s: float | None = None) -> tuple[bytes, bytes, bytes]:
    """One valid message in each of the three shapes."""
    at_s = time.time() if at_s is None else at_s
    iso = datetime.fromtimestamp(at_s, tz=UTC).isoformat()
    native = {"type": "order.paid", "data": event(f"native-{number}", type="conversion", value=9.5)}
    message = {
        "type": "track",
        "event": "Order Completed",
        "userId": "u",
        "messageId": f"segment-{number}",
        "timestamp": iso,
    }
    seen = {"app": "shop", "accountId": "a", "event": "guideSeen", "visitorId": "v", "timestamp": int(at_s)}
    return tuple(json.dumps(each).encode() for each in (native, message, {**seen, "uniqueId": f"pendo-{number}"}))  # type: ignore[return-value]


def test_correct_ones_come_in_with_either_key_and_in_either_spelling(gateway: Gateway) -> None:
    one, two, three = (bodies(number) for number in (1, 2, 3))
    hooks = [
        standard(one[0], NEW, "msg-new"),
        standard(two[0], OLD, "msg-old"),
        segment(one[1], NEW),
        segment(two[1], OLD),
        pendo(one[2], NEW),
        pendo(two[2], OLD),
        pendo(three[2], NEW, in_base64=True),
    ]
    assert [post(gateway, hook) for hook in hooks] == [200] * 7
    records = {str(each["event_id"]): each for each in gateway.topics.records()}
    assert {"native-1", "native-2", "segment-1", "segment-2", "pendo-1", "pendo-2", "pendo-3"} <= set(records)
    assert records["native-1"]["type"] == records["segment-1"]["type"] == "conversion"
    assert records["pendo-1"]["properties"]["event"] == "guideSeen"
    assert records["pendo-1"]["occurred_at_ms"] == json.loads(one[2])["timestamp"] * 1000


def test_a_message_during_rotation_may_carry_both_signatures(gateway: Gateway) -> None:
    body = bodies(20)[0]
    hook = standard(body, NEVER, "msg-both")
    both = (
        hook.headers["webhook-signature"]
        + " v1a,anything "
        + standard(body, OLD, "msg-both").headers["webhook-signature"]
    )
    assert post(gateway, hook) == 401
    assert post(gateway, hook._replace(headers={**hook.headers, "webhook-signature": both})) == 200


def test_a_sender_may_try_again_with_a_new_timestamp_and_the_event_counts_once(gateway: Gateway) -> None:
    body = bodies(30)[0]
    assert post(gateway, standard(body, message_id="msg-again", at_s=time.time() - 20)) == 200
    assert post(gateway, standard(body, message_id="msg-again", at_s=time.time())) == 200
    assert [each["event_id"] for each in gateway.topics.records()].count("native-30") == 1


def test_ten_thousand_forged_altered_old_and_replayed_ones_write_nothing(gateway: Gateway) -> None:
    random = Random(7)
    good = [hook for number in range(100, 110) for hook in _signed(number)]
    assert Counter(post(gateway, hook) for hook in good) == {200: len(good)}
    before = len(gateway.topics.records())
    attacks: tuple[Callable[[Hook, Random], Hook], ...] = (_forged, _altered, _old, _replayed, _elsewhere)
    answers: Counter[tuple[str, int]] = Counter()
    for number in range(10_000):
        attack = attacks[number % len(attacks)]
        answers[attack.__name__, post(gateway, attack(random.choice(good), random))] += 1
    print(f"\n{dict(answers)}")
    assert {status for name, status in answers if name != "_replayed"} == {401}
    # Acknowledged, since a sender whose answer was lost repeats; nothing is written.
    assert answers["_replayed", 200] == 2_000
    assert len(gateway.topics.records()) == before


def _signed(number: int) -> tuple[Hook, Hook, Hook]:
    native, message, seen = bodies(number)
    return standard(native, message_id=f"msg-{number}"), segment(message), pendo(seen)


def _forged(hook: Hook, random: Random) -> Hook:
    """Signed with a key that was guessed, or not at all."""
    fresh = bodies(random.randrange(10**9))
    key = base64.b64encode(random.randbytes(24)).decode()
    made = {"shop": standard(fresh[0], key), "cdp": segment(fresh[1], key), "product": pendo(fresh[2], key)}[
        hook.source
    ]
    if random.random() < 0.3:
        headers = {name: random.choice(["", "v1,", "v1", "é", value[:-1]]) for name, value in made.headers.items()}
        return made._replace(headers=headers)
    return made


def _altered(hook: Hook, random: Random) -> Hook:
    """One byte of the body or one character of the headers is another."""
    if random.random() < 0.5:
        body = bytearray(hook.body)
        at = random.randrange(len(body))
        body[at] ^= 1 << random.randrange(8)
        return hook._replace(body=bytes(body))
    name = random.choice(list(hook.headers))
    value = hook.headers[name]
    at = random.randrange(3 if "signature" in name and value.startswith("v1,") else 0, len(value))
    other = random.choice([char for char in "0123456789abcdefABCDEF+/" if char != value[at]])
    return hook._replace(headers={**hook.headers, name: value[:at] + other + value[at + 1 :]})


def _old(hook: Hook, random: Random) -> Hook:
    """Signed correctly, but too long ago or in the future."""
    number = random.randrange(10**9)
    if hook.source == "shop":
        off_s = random.choice([-1, 1]) * random.uniform(302, 10**6)
        return standard(bodies(number)[0], random.choice([OLD, NEW]), f"old-{number}", time.time() + off_s)
    off_s = random.choice([-1, 1]) * random.uniform(86_400, 10**7)
    _, message, seen = bodies(number, time.time() + off_s)
    return segment(message) if hook.source == "cdp" else pendo(seen)


def _replayed(hook: Hook, _: Random) -> Hook:
    return hook


def _elsewhere(hook: Hook, _: Random) -> Hook:
    """Good for one source, sent to another, or to one of another kind."""
    return hook._replace(source={"shop": "other", "cdp": "product", "product": "cdp"}[hook.source])


def marked(server: RedisServer, source: str = "*") -> int:
    """Webhooks that Redis remembers, eight bytes each."""
    with Redis.from_url(server.url) as redis:
        return sum(len(redis.get(key) or b"") for key in redis.keys(f"ma:webhook:{source}:*")) // 8


def test_a_replay_is_known_after_a_restart(start: Start, redis_server: RedisServer) -> None:
    gateway = start(MICROADJUST_WEBHOOK_SECRETS=SECRETS)
    before = marked(redis_server)
    hooks = _signed(500)
    assert [post(gateway, hook) for hook in hooks] == [200] * 3
    until(lambda: marked(redis_server) >= before + 3)
    gateway.kill()
    gateway.start()
    assert [post(gateway, hook) for hook in hooks] == [200] * 3


def test_a_retry_waits_for_the_first_attempt_and_is_no_duplicate_where_that_fails(start: Start, broker: Broker) -> None:
    gateway = start(MICROADJUST_WEBHOOK_SECRETS=SECRETS, ack_timeout_ms="2000", ticks="0")
    # As if it had sent before: nothing is looked up any more.
    assert post(gateway, _signed(600)[0]) == 200
    failing, succeeding = _signed(601)[1], _signed(602)[1]
    with ThreadPoolExecutor(2) as pool:
        with broker.silent():
            first = pool.submit(post, gateway, failing)
            time.sleep(0.5)
            assert post(gateway, failing) == 503
            assert first.result() == 503
        until(lambda: post(gateway, failing) == 200)
        assert post(gateway, failing) == 200
        with broker.silent():
            first = pool.submit(post, gateway, succeeding)
            time.sleep(0.3)
            second = pool.submit(post, gateway, succeeding)
            time.sleep(0.3)
            assert not second.done()
        assert (first.result(), second.result()) == (200, 200)
    assert [each["event_id"] for each in gateway.topics.records()].count("segment-601") == 1


def test_segments_delete_erases_the_person(start: Start, redis_server: RedisServer) -> None:
    gateway = start(MICROADJUST_WEBHOOK_SECRETS=SECRETS)
    gateway.topics.add(SESSION_STATE)
    redis = Redis.from_url(redis_server.url)

    def is_known() -> bool:
        # On a busy machine the 40 ms that a request waits for Redis may pass.
        gateway.post([event(session_id="anna-deletes", user_id="deleted@example")])
        return bool(redis.smembers(keys.user("deleted@example")) == {b"anna-deletes"})

    until(is_known)
    request = {"type": "delete", "userId": "deleted@example", "channel": "server"}
    assert post(gateway, segment(json.dumps({**request, "userId": []}).encode())) == 400
    assert post(gateway, segment(json.dumps(request).encode(), NEVER)) == 401
    assert redis.exists(keys.user("deleted@example"))
    assert post(gateway, segment(json.dumps(request).encode())) == 200
    assert not redis.exists(keys.user("deleted@example"), keys.recent("anna-deletes"))
    assert redis.exists(keys.erased("anna-deletes"))
    redis.close()


def test_each_source_has_a_memory_of_its_own(gateway: Gateway, redis_server: RedisServer) -> None:
    sources = ("shop", "cdp", "product")
    before = [marked(redis_server, each) for each in sources]
    assert [post(gateway, hook) for hook in _signed(700)] == [200] * 3
    until(lambda: [marked(redis_server, each) for each in sources] == [each + 1 for each in before])


def test_what_is_signed_and_no_event_is_named_and_no_server_error(gateway: Gateway) -> None:
    assert post(gateway, standard(b"{broken", message_id="broken")) == 400
    assert post(gateway, standard(b"[1]", message_id="list")) == 400
    assert post(gateway, standard(b'{"data": {"type": "dance"}}', message_id="dance")) == 400
    assert post(gateway, pendo(json.dumps({"timestamp": now_ms() // 1000, "event": "x"}).encode())) == 400
    assert post(gateway, Hook("unknown", {}, b"{}")) == 404


def test_a_webhook_full_of_refused_events_is_delivered_and_takes_little_memory(gateway: Gateway) -> None:
    """Each event's own bytes are recorded: with the whole body for each, 2,400 would take gigabytes, and 220 never fit."""
    dancing = [{"event_id": f"dance-{number}", "type": "dance", "text": "x" * 130} for number in range(2_000)]
    body = json.dumps({"events": [*dancing, event("among-dancers")]}).encode()
    before = gateway.process.memory_info().rss
    assert post(gateway, standard(body, message_id="dancers")) == 200
    assert gateway.process.memory_info().rss - before < 50 * 2**20
    assert "among-dancers" in {each["event_id"] for each in gateway.topics.records()}


def test_numbers_are_ids_in_webhooks(gateway: Gateway) -> None:
    seen = {"event": "guideSeen", "visitorId": 77, "uniqueId": 4711, "timestamp": int(time.time())}
    secret = {"properties": {"url": "https://u:pw@shop.example/a?token=s3cr3t"}}
    assert post(gateway, pendo(json.dumps({**seen, **secret}).encode())) == 200
    message = {"type": "track", "event": "Seen", "userId": 90210, "messageId": "numeric", "timestamp": now_ms()}
    assert post(gateway, segment(json.dumps(message).encode())) == 200
    records = {each["event_id"]: each for each in gateway.topics.records()}
    assert (records["4711"]["user_id"], records["4711"]["page_url"]) == ("77", "https://shop.example/a")
    assert records["numeric"]["user_id"] == "90210"
    assert "s3cr3t" not in json.dumps(records)
