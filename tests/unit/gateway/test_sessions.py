"""What Redis holds may have been written by another version: a read is no error then."""

import asyncio
from typing import Any

import pytest

from infra.gateway.rest.sessions import SessionStore
from infra.redis.circuit_breaker import CircuitBreaker


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
    odd, sound = asyncio.run(store(held, noted, {}, []).sessions(["odd", "sound"], 0))
    assert (odd.session_id, odd.degraded, odd.known) == ("odd", True, False)
    assert not sound.degraded


@pytest.mark.parametrize("command", [b"{}", b"\xff", b""])
def test_a_command_of_another_version_leaves_none_and_says_so(command: bytes) -> None:
    found = asyncio.run(store(command).commands("key", 0))
    assert (found.adjustments, found.degraded) == ([], True)
