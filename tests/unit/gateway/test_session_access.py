"""Whose session an event belongs to, for every kind of id."""

import asyncio
from typing import Any

import pytest

from infra.gateway.auth.key_permissions import WriteKey, server_key
from infra.gateway.auth.session_access import SessionAccess
from infra.gateway.auth.session_ids import PSEUDONYM, Pseudonym
from infra.gateway.auth.token_grants import PushTokens
from infra.gateway.auth.write_keys import WriteKeys
from infra.gateway.erased_sessions import ErasedSessions
from tests.support.gateway_in_process import settings, unreachable_redis

SITE, OTHER, SERVER = WriteKey("site"), WriteKey("other"), server_key("site")
HOME, ELSEWHERE = "203.0.113.7", "198.51.100.9"
SECRET = "4k2jz8q0w1e5r7t9y3u6i8o0p"


def access() -> SessionAccess:
    keys = WriteKeys({"public-key": "site", "other-key": "other"}, {"server-key": "site"})
    return SessionAccess(settings(), keys, unreachable_redis(), PushTokens(("secret",), keys, ErasedSessions()))


def session_of(given: Any, key: WriteKey = SITE, address: str = HOME, to: SessionAccess | None = None) -> Any:
    event = {"session_id": given}
    asyncio.run((to or access()).resolve(key, [event], address))
    return event["session_id"]


@pytest.mark.parametrize(
    "given",
    [
        SECRET,
        "alice@example.com",
        1795341600123,
        1795341600123.0,
        4711,
        "4711",
        "2026-11-28T07:52:00Z",
        "undefined",
        1e300,
        1e22,
        1e-9,
    ],
)
def test_what_can_be_guessed_or_has_to_stay_secret_stands_in_no_session_id(given: Any) -> None:
    derived = session_of(given)
    assert derived.startswith("s_")
    assert str(given).split(".")[0] not in derived
    assert derived == session_of(given)
    assert len({derived, session_of(given, OTHER)}) == 2


@pytest.mark.parametrize("given", ["alice@example.com", "4711", 4711, "1795341600123"])
def test_an_identity_is_apart_by_key_and_by_address_of_a_public_key(given: Any) -> None:
    assert len({session_of(given), session_of(given, address=ELSEWHERE), session_of(given, SERVER)}) == 3
    assert session_of(given, SERVER) == session_of(given, SERVER, ELSEWHERE)


def test_a_number_and_its_text_are_the_same_session() -> None:
    assert session_of(4711) == session_of("4711") == session_of(4711.0)
    assert session_of(1e22) == session_of("1e+22")


def test_a_secret_is_the_same_session_from_everywhere() -> None:
    assert session_of(SECRET) == session_of(SECRET, address=ELSEWHERE) == session_of(SECRET, SERVER)


def test_a_derived_id_is_named_by_a_server_of_its_source_alone() -> None:
    derived = session_of(SECRET)
    assert session_of(derived, SERVER) == derived
    assert derived not in (session_of(derived), session_of(derived, OTHER), session_of(derived, server_key("other")))


def test_an_id_of_ones_own_belongs_to_who_used_it_first() -> None:
    to, uuid = access(), "3f2b8c1e-17cd-4fd0-9d5c-2f6a8b7c9d10"
    for given in ("kiosk-4", uuid):
        assert session_of(given, to=to) == given
        assert session_of(given, OTHER, to=to) != given
    assert session_of(uuid, address=ELSEWHERE, to=to) == uuid
    assert session_of("kiosk-4", address=ELSEWHERE, to=to) != "kiosk-4"
    assert session_of(uuid, SERVER, to=to) == uuid
    assert session_of("servers-own-session-1", SERVER, to=to) == "servers-own-session-1"
    assert session_of("servers-own-session-1", to=to) != "servers-own-session-1"


def test_two_who_began_at_the_same_time_have_a_session_each() -> None:
    events: list[dict[str, Any]] = [
        {"session_id": "1795341600123", PSEUDONYM: Pseudonym(("1795341600123", who), False)}
        for who in ("noor", "pavel")
    ]
    asyncio.run(access().resolve(SITE, events, HOME))
    assert len({each["session_id"] for each in events}) == 2
    assert not any(PSEUDONYM in each for each in events)


@pytest.mark.parametrize("user", ["[object Object]", "undefined", "NaN", "  ", "0", 0, -1, "function () {}", "false"])
def test_a_user_id_that_names_nobody_is_left_out(user: Any) -> None:
    event = {"session_id": "kiosk-4", "user_id": user}
    asyncio.run(access().resolve(SITE, [event], HOME))
    assert event["user_id"] is None


def test_what_is_no_id_is_left_to_validation() -> None:
    for given in (None, "", "x" * 65, "\ud800", ["a"], {"a": 1}, True):
        assert session_of(given) == given


def test_redis_is_given_no_address_of_a_reader() -> None:
    class Listening:
        """A Redis in which nobody owns anything."""

        def __init__(self) -> None:
            self.args: list[Any] = []

        def register_script(self, _: str) -> Any:
            async def run(keys: list[str], args: list[Any]) -> list[bytes]:
                self.args += args
                return [b""] * len(keys)

            return run

    redis = Listening()
    keys = WriteKeys({"public-key": "site"})
    to = SessionAccess(settings(), keys, redis, PushTokens(("secret",), keys, ErasedSessions()))  # type: ignore[arg-type]
    asyncio.run(to.resolve(SITE, [{"session_id": "kiosk-4"}], HOME))
    asyncio.run(to.require_token(SITE, "kiosk-5", None, HOME))
    assert len(redis.args) == 4
    assert HOME not in str(redis.args)
    # The address still counts.
    assert session_of("kiosk-4", to=to) == "kiosk-4"
    assert session_of("kiosk-4", address=ELSEWHERE, to=to) != "kiosk-4"
