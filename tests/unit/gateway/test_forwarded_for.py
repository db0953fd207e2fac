"""Who the client is behind proxies: what they write is believed as far as they are trusted."""

import asyncio
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from infra.gateway.forwarded_for import ForwardedFor

PROXY = "10.0.0.7"


def client_of(*values: str, proxy: str = PROXY, trusted: tuple[str, ...] = ("10.0.0.0/8",)) -> Any:
    found: list[Any] = []

    async def app(scope: Scope, _: Receive, __: Send) -> None:
        found.append(scope["client"][0])

    scope = {"type": "http", "client": (proxy, 1), "headers": [(b"x-forwarded-for", each.encode()) for each in values]}
    asyncio.run(ForwardedFor(app, trusted)(scope, None, None))  # type: ignore[arg-type]
    return found[0]


@pytest.mark.parametrize(
    "values",
    [
        ("198.51.100.7",),
        ("198.51.100.7, ",),
        ("198.51.100.7,,",),
        (" , 198.51.100.7, ,",),
        ("198.51.100.7", ""),
        ("198.51.100.7", " , "),
        ("203.0.113.9, 198.51.100.7, 10.1.1.1",),
        ("203.0.113.9", "198.51.100.7:41822", "10.1.1.1, "),
        ("unknown, 198.51.100.7",),
    ],
    ids=range(9),
)
def test_the_last_address_that_is_no_proxy_is_the_client(values: tuple[str, ...]) -> None:
    assert client_of(*values) == "198.51.100.7"


@pytest.mark.parametrize("values", [(), ("",), (" , ,",)])
def test_without_an_address_the_proxy_itself_is_the_client(values: tuple[str, ...]) -> None:
    assert client_of(*values) == PROXY


def test_a_proxy_on_a_socket_of_ipv6_is_known_by_its_ipv4_address() -> None:
    assert client_of("198.51.100.7", proxy="::ffff:10.0.0.7") == "198.51.100.7"
    assert client_of("198.51.100.7", proxy="::ffff:192.0.2.1") == "192.0.2.1"


def test_who_is_no_trusted_proxy_cannot_say_who_it_is() -> None:
    assert client_of("198.51.100.7", proxy="192.0.2.1") == "192.0.2.1"
