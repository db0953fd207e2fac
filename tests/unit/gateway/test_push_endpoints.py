"""A connection ends when its client is cut, whatever its sender is doing at that moment."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from infra.gateway.auth.push import PushGrant
from infra.gateway.push import endpoints
from infra.gateway.push.hub import Client, Hub
from tests.unit.gateway.test_replay_buffer import each

Sender = Callable[[Client, Callable[[str], Awaitable[None]]], Awaitable[int | None]]


@pytest.mark.parametrize("sender", [endpoints.send_messages, endpoints.send_server_sent_events])
@pytest.mark.parametrize("turns", range(8))
def test_a_cut_ends_the_connection_though_a_message_is_sent_in_the_same_turn(sender: Sender, turns: int) -> None:
    """The message is sent so many turns of the event loop after the cut; the cancellation meets some of them as they end."""

    async def story() -> None:
        client = Hub().join("anna", None)
        sent: list[str] = []

        async def write(text: str) -> None:
            sent.append(text)
            client.was_cut.set()
            for _ in range(turns):
                await asyncio.sleep(0)

        assert client.offer(each(1), 0)
        assert client.offer(each(2), 0)
        forever: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(5):
            code = await endpoints.wait_for_first(client, PushGrant("anna", None, None), sender(client, write), forever)
        assert code == 1013
        # It ends; what was sent before it did has no gap.
        assert len(sent) <= 2

    asyncio.run(story())
