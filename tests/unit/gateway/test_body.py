"""How long a body may take: the deadlines are those of the gateway, a thousandth as long."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from infra.gateway.errors import ApiError
from infra.gateway.ingest import body
from infra.gateway.ingest.limits import SMALL_BODY_BYTES, BodyMemoryBudget


class PausingRequest:
    """Sends a first part, pauses, and sends the rest."""

    def __init__(self, first: bytes, pause_s: float, rest: bytes = b"") -> None:
        self.headers: dict[str, str] = {}
        self._first, self._pause_s, self._rest = first, pause_s, rest

    async def stream(self) -> AsyncIterator[bytes]:
        yield self._first
        await asyncio.sleep(self._pause_s)
        yield self._rest


def read(request: Any) -> bytes:
    async def story() -> bytes:
        with BodyMemoryBudget(2**24).lease("a") as memory:
            return await body.read_body(request, 512_000, memory)

    return asyncio.run(story())


@pytest.fixture(autouse=True)
def short_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "STALL_TIMEOUT_S", 0.05)
    monkeypatch.setattr(body, "BODY_TIMEOUT_S", 30.0)


def test_a_large_upload_that_stops_is_refused_long_before_the_end_of_its_time() -> None:
    with pytest.raises(ApiError) as refused:
        read(PausingRequest(b"x" * (SMALL_BODY_BYTES + 1), 3600))
    assert (refused.value.status, refused.value.rule) == (408, "slow")


def test_a_small_body_may_pause_as_phones_do() -> None:
    assert read(PausingRequest(b"x" * 100, 0.3, b"y")) == b"x" * 100 + b"y"


def test_a_small_body_has_an_end_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "BODY_TIMEOUT_S", 0.05)
    with pytest.raises(ApiError) as refused:
        read(PausingRequest(b"x", 3600))
    assert refused.value.status == 408
