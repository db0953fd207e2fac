"""A push token ends with the write key that it was issued for, and with the erasure of its session."""

import asyncio
from pathlib import Path

import pytest
from starlette.requests import HTTPConnection

from infra.gateway.auth.keys_file import CHECK_EVERY_S, KeysFile
from infra.gateway.auth.push_tokens import InvalidTokenError, sign
from infra.gateway.auth.token_grants import PushTokens
from infra.gateway.auth.write_keys import WriteKeys
from infra.gateway.clock import now_ms
from infra.gateway.components import GatewayContext
from infra.gateway.erased_sessions import ErasedSessions, erasure_of
from infra.gateway.push.endpoints import Push
from infra.gateway.push.hub import Hub
from infra.redis import keys
from tests.support.gateway_in_process import RecordingProducer, in_process, settings, unreachable_redis
from tests.support.waiting import until

SECRETS = ["a secret of tokens"]
KEY = "public-key-of-the-site"
FILE = '[sources.site]\nkeys = [{ key = "%s", revoked = %s, scopes = %s }]\n'
ANYWHERE = HTTPConnection({"type": "http", "headers": []})
NOW_MS = 1_790_000_000_000
DAY_MS = 24 * 3_600_000


def test_a_token_ends_when_its_key_is_revoked_or_loses_the_scope(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(FILE % (KEY, "false", '["tokens"]'))
    write_keys = WriteKeys({"another-key": "site"}, {}, KeysFile(str(path)))
    tokens = PushTokens(SECRETS, write_keys, ErasedSessions())
    key = write_keys.of(KEY, ANYWHERE, "tokens")
    token = tokens.issue("anna", key, NOW_MS)["push_token"]
    hub = Hub()
    client = hub.join("anna", None, claims=tokens.verify(token, NOW_MS))
    other = hub.join("anna", None, claims=tokens.verify(sign("anna", NOW_MS + 1, SECRETS), NOW_MS))
    hub.cut_unless(lambda claims: tokens.revocation(claims) is None)
    assert not client.was_cut.is_set()

    for text in (FILE % (KEY, "true", '["tokens"]'), FILE % (KEY, "false", '["events"]')):
        path.write_text(text)
        until(lambda: key.id not in write_keys.ids, CHECK_EVERY_S * 20)
        with pytest.raises(InvalidTokenError, match="revoked"):
            tokens.verify(token, NOW_MS)
        path.write_text(FILE % (KEY, "false", '["tokens"]'))
        until(lambda: key.id in write_keys.ids, CHECK_EVERY_S * 20)
        assert tokens.verify(token, NOW_MS).session_id == "anna"

    path.write_text(FILE % (KEY, "true", '["tokens"]'))
    until(lambda: key.id not in write_keys.ids, CHECK_EVERY_S * 20)
    hub.cut_unless(lambda claims: tokens.revocation(claims) is None)
    assert (client.was_cut.is_set(), other.was_cut.is_set()) == (True, False)


def test_a_token_tells_its_key_to_nobody() -> None:
    write_keys = WriteKeys({KEY: "site"})
    (key_id,) = write_keys.ids
    assert len(key_id) == 12
    assert KEY not in sign("anna", NOW_MS, SECRETS, key_id)


def test_a_token_of_an_erased_session_ends_and_a_later_one_does_not() -> None:
    erased = ErasedSessions()
    write_keys = WriteKeys({KEY: "site"})
    tokens, key = PushTokens(SECRETS, write_keys, erased), write_keys.of(KEY, ANYWHERE, "tokens")
    before, after = (tokens.issue("anna", key, at_ms)["push_token"] for at_ms in (NOW_MS, NOW_MS + 1))
    bertha = tokens.issue("bertha", key, NOW_MS)["push_token"]
    hub = Hub(erased=erased)
    of_anna, of_bertha = hub.join("anna", None), hub.join("bertha", None)
    erased.forget(erasure_of(["anna"], "a person"), NOW_MS)
    with pytest.raises(InvalidTokenError, match="erased"):
        tokens.verify(before, NOW_MS + 2)
    assert tokens.verify(after, NOW_MS + 2).session_id == "anna"
    assert tokens.verify(bertha, NOW_MS + 2).session_id == "bertha"
    assert (of_anna.was_cut.is_set(), of_bertha.was_cut.is_set()) == (True, False)


def test_erased_sessions_are_known_for_as_long_as_topics_may_bring_them_back() -> None:
    erased = ErasedSessions()
    for day in range(60):
        erased.forget(erasure_of([f"s{day}-{n}" for n in range(100)]), NOW_MS + day * DAY_MS)
    assert len(erased.sessions) == 100 * keys.ERASED_LIFE_MS // DAY_MS
    assert "s59-0" in erased
    assert "s53-0" in erased
    assert "s52-0" not in erased


def test_a_session_that_is_erased_again_is_known_from_the_later_time() -> None:
    erased = ErasedSessions()
    for at_ms in (NOW_MS, NOW_MS + 5 * DAY_MS, NOW_MS + DAY_MS):
        erased.forget(erasure_of(["anna"]), at_ms)
    erased.forget(erasure_of(["bertha"]), NOW_MS + 8 * DAY_MS)
    assert "anna" in erased


def test_a_token_of_the_gateway_reads_a_session_until_its_key_is_gone() -> None:
    body = {"session_id": "anna-1234567890abcdef"}
    token = in_process().post("/v1/push-token", json=body, headers={"x-write-key": "write-key-of-tests"}).json()
    assert token["rule"] == "write_key"
    one = in_process(write_keys={KEY: "site"})
    token = one.post("/v1/push-token", json=body, headers={"x-write-key": KEY}).json()["push_token"]
    by_page = {"authorization": f"Bearer {token}"}
    path = "/v1/sessions/anna-1234567890abcdef"
    assert one.get(path, headers=by_page).status_code == 200
    rotated = in_process(write_keys={"another-key-of-the-site": "site"})
    assert rotated.get(path, headers=by_page).status_code == 401


def test_the_page_of_a_key_that_is_revoked_meanwhile_is_disconnected(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(FILE % (KEY, "false", '["tokens"]'))

    async def story() -> bool:
        given, redis = settings(write_keys={}, keys_file=str(path)), unreachable_redis()
        gateway = GatewayContext(given, RecordingProducer(), redis, redis)
        push = Push(gateway)
        ending = asyncio.create_task(push.end_revoked())
        key = gateway.write_keys.of(KEY, ANYWHERE, "tokens")
        token = gateway.push_tokens.issue("anna", key, now_ms())["push_token"]
        client = push.hub.join("anna", None, claims=gateway.push_tokens.verify(token, now_ms()))
        await asyncio.sleep(0)
        path.write_text(FILE % (KEY, "true", '["tokens"]'))
        async with asyncio.timeout(60):
            await client.was_cut.wait()
        ending.cancel()
        return client.was_cut.is_set()

    assert asyncio.run(story())
