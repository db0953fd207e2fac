"""What Redis holds may have been written by another version: a read is no error then."""

import asyncio
from typing import Any

import msgspec
import pytest

from infra.gateway.rest.sessions import SessionStore
from infra.redis.circuit_breaker import CircuitBreaker
from models.session_state import person_digest
from schemas.actions import ActionName
from schemas.commands import AdjustmentCommand, Source, Target


class Held:
    """A Redis that gives what the test says: the hash and the list of each session, and the values of other hashes."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)

    def pipeline(self, **_: object) -> "Held":
        return self

    def hgetall(self, _: str) -> None: ...

    def lrange(self, *_: object) -> None: ...

    async def execute(self) -> list[Any]:
        return self._answers

    async def hvals(self, _: str) -> list[Any]:
        return self._answers


def store(*answers: Any) -> SessionStore:
    return SessionStore(Held(*answers), CircuitBreaker(lambda: None))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("held", "noted"),
    [
        ({b"scores": b"{}"}, []),
        ({b"updated_at_ms": b"5", b"user_id": b"{"}, []),
        ({b"x": b"\xff"}, []),
        ({}, [b"{}"]),
        ({}, [b"\xff"]),
    ],
    ids=["a field lacks", "no JSON", "no UTF-8", "an action of other fields", "an action that is no text"],
)
def test_a_state_of_another_version_is_the_default_and_says_so(held: Any, noted: Any) -> None:
    odd, sound = asyncio.run(store(held, noted, [], {}, [], []).sessions(["odd", "sound"], 0))
    assert (odd.session_id, odd.degraded, odd.known) == ("odd", True, False)
    assert not sound.degraded


@pytest.mark.parametrize("command", [b"{}", b"\xff", b""])
def test_a_command_of_another_version_leaves_none_and_says_so(command: bytes) -> None:
    found = asyncio.run(store(command).commands("key", 0))
    assert (found.adjustments, found.degraded) == ([], True)


def command(command_id: str, user_id: str | None, at_ms: int, reverts: str | None = None) -> AdjustmentCommand:
    target, source = Target("session", "kiosk-4"), Source("rule", "calm-down", 1)
    action: ActionName = "revert" if reverts else "simplify"
    return AdjustmentCommand(
        command_id,
        at_ms,
        100_000,
        target,
        "kiosk-4",
        user_id,
        None,
        action,
        {},
        50,
        source,
        {},
        reverts=reverts,
    )


def noted(event_id: str, at_ms: int, user_id: str | None) -> bytes:
    person = None if user_id is None else person_digest(user_id)
    action = {"event_id": event_id, "type": "click", "content_id": None, "at_ms": at_ms, "person": person}
    return msgspec.json.encode(action)


ZORA, OUT, ANTON = noted("e1", 1_000, "zora"), noted("e2", 5_000, None), noted("e3", 9_000, "anton")
OF_ZORA, OF_NOBODY, OF_ANTON = command("z", "zora", 2_000), command("n", None, 3_000), command("a", "anton", 10_000)


@pytest.mark.parametrize(
    ("actions", "shown"),
    [
        ([], ["a", "n", "z"]),
        ([ZORA], ["n", "z"]),
        ([OUT, ZORA], ["n"]),
        ([ANTON, OUT, ZORA], ["a"]),
        ([noted("e0", 0, None)], ["n"]),
        ([noted("e4", 11_000, "zora"), OUT, ZORA], ["n", "z"]),
    ],
    ids=["nobody is known", "zora", "zora has signed out", "anton after zora", "anonymous", "zora is back"],
)
def test_commands_are_for_who_uses_the_session_now(actions: list[bytes], shown: list[str]) -> None:
    """One session at one machine: zora acts, signs out, and anton signs in."""
    held = [msgspec.json.encode(each) for each in (OF_ZORA, OF_NOBODY, OF_ANTON)]

    class Redis(Held):
        async def hvals(self, _: str) -> list[bytes]:
            return held

    to = SessionStore(Redis({}, actions), CircuitBreaker(lambda: None))  # type: ignore[arg-type]
    assert [each.command_id for each in asyncio.run(to.commands_to("kiosk-4", 20_000)).adjustments] == shown


def test_a_command_that_takes_back_another_is_for_everybody() -> None:
    takes_back = msgspec.json.encode(command("r", "zora", 2_500, reverts="z"))

    class Redis(Held):
        async def hvals(self, _: str) -> list[bytes]:
            return [takes_back]

    to = SessionStore(Redis({}, [ANTON, OUT, ZORA]), CircuitBreaker(lambda: None))  # type: ignore[arg-type]
    assert [each.command_id for each in asyncio.run(to.commands_to("kiosk-4", 20_000)).adjustments] == ["r"]


@pytest.mark.parametrize(("user_id", "shown"), [("zora", ["n", "z"]), (None, ["n"])])
def test_a_session_shows_no_adjustment_of_who_has_signed_out(user_id: str | None, shown: list[str]) -> None:
    fields: dict[str, Any] = {
        "updated_at_ms": 6_000,
        "user_id": user_id,
        "preferences": {},
        "recent": [],
        "segment": None,
        "scores": {},
        "person": person_digest("zora"),
        "active": [
            {
                "command_id": each.command_id,
                "action": each.action,
                "parameters": {},
                "issued_at_ms": each.issued_at_ms,
                "expires_at_ms": each.expires_at_ms,
            }
            for each in (OF_NOBODY, OF_ZORA)
        ],
    }
    held = {name.encode(): msgspec.json.encode(value) for name, value in fields.items()}
    commands = [msgspec.json.encode(each) for each in (OF_NOBODY, OF_ZORA)]
    (view,) = asyncio.run(store(held, [], commands).sessions(["kiosk-4"], 20_000))
    assert [each.command_id for each in view.active] == shown
