"""Two gateways behind one address: what they share, and how one of them is stopped."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from websockets.sync.client import connect

from infra.local.home import Home
from schemas.topics import ADJUSTMENTS
from tests.integration.serving.conftest import Serve
from tests.support.broker import PrefixedTopics
from tests.support.credentials import OPERATOR, WRITE_KEY, token
from tests.support.event_builders import event
from tests.support.gateway import Gateway
from tests.support.load import Load
from tests.support.nginx import NGINX, nginx_before
from tests.support.state_builders import command, command_record
from tests.support.waiting import until

pytestmark = pytest.mark.kafka

behind_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


@pytest.fixture
def pair(serve: Serve) -> Iterator[tuple[Gateway, Gateway]]:
    settings = {"drain_s": "3", "trusted_proxies": "127.0.0.1"}
    with serve(**settings) as one, serve(**settings) as two:
        for each in (one, two):
            until(lambda each=each: each.client.get("/ready").status_code == 200)  # type: ignore[misc]
        yield one, two


def test_an_event_sent_to_both_at_once_is_stored_once(topics: PrefixedTopics, pair: tuple[Gateway, Gateway]) -> None:
    statuses: Counter[int] = Counter()
    with ThreadPoolExecutor(2) as senders:
        for number in range(60):
            sent = [event(f"twin-{number}-{each}") for each in range(3)]
            answers = list(senders.map(lambda gateway, sent=sent: gateway.post(sent), pair))
            statuses.update(each.status_code for each in answers)
            assert sum(each.json()["accepted"] for each in answers if each.status_code == 202) <= 3
            for gateway in pair:
                # Whoever was told to come back finds it stored.
                until(lambda gateway=gateway, sent=sent: gateway.post(sent).json().get("duplicates") == 3)  # type: ignore[misc]
    print(f"\nanswers: {dict(statuses)}")
    found = Counter(each["event_id"] for each in topics.records())
    assert (len(found), max(found.values())) == (180, 1)
    assert statuses[202] > 60


def test_an_operators_session_opened_at_one_is_known_to_the_other(pair: tuple[Gateway, Gateway]) -> None:
    one, two = pair
    with httpx.Client(base_url=one.url) as browser:
        cookie = browser.get(f"/debug/?token={OPERATOR}").headers["set-cookie"].partition(";")[0]
    # Cookies are named after the port, since browsers share them between the ports of a host; behind a proxy it is the same.
    cookie = cookie.replace(str(one.port), str(two.port))
    assert httpx.get(f"{two.url}/debug/good", headers={"cookie": cookie}).status_code == 200


@behind_nginx
def test_stopping_one_under_load_fails_no_request_and_loses_and_doubles_no_event(
    topics: PrefixedTopics, pair: tuple[Gateway, Gateway], home: Home
) -> None:
    one, two = pair
    with nginx_before(pair, home) as port:
        load = Load(port, rate=40).start()
        time.sleep(2)
        before, process = dict(load.answers), one.process
        process.terminate()
        with httpx.Client(base_url=one.url) as probe:
            until(lambda: probe.get("/ready").status_code == 503)
        process.wait(30)
        time.sleep(2)
        left = load.finish()
        assert two.client.get("/ready").status_code == 200
    found = Counter(str(each["event_id"]) for each in topics.records())
    doubled = sum(count > 1 for count in found.values())
    print(
        f"\nbefore: {before}, in all: {dict(load.answers)}, lost {len(load.acknowledged - found.keys())}, doubled {doubled}"
    )
    assert set(load.answers) == {202}
    assert (left, len(load.acknowledged - found.keys()), doubled) == (0, 0, 0)
    assert len(load.acknowledged) > 1_000


@behind_nginx
def test_nginx_passes_pushes_on_at_once_by_socket_and_by_events(
    topics: PrefixedTopics, pair: tuple[Gateway, Gateway], home: Home
) -> None:
    with nginx_before(pair, home) as port:
        query = f"session_id=anna&token={token('anna')}"
        with (
            connect(f"ws://127.0.0.1:{port}/v1/push?{query}", proxy=None) as socket,
            httpx.stream("GET", f"http://127.0.0.1:{port}/v1/push/events?{query}", timeout=60) as stream,
        ):
            lines = stream.iter_lines()
            assert next(lines).startswith("retry:")
            sent = command("anna")
            topics.put(ADJUSTMENTS, [command_record(sent)])
            assert sent.command_id in str(socket.recv(timeout=60))
            assert any(sent.command_id in line for line in lines if line.startswith("data:"))


@behind_nginx
def test_behind_nginx_a_client_is_counted_by_its_own_address_and_not_by_what_it_says(serve: Serve, home: Home) -> None:
    limits = {"trusted_proxies": "127.0.0.1", "ip_requests_per_s": "0.01", "ip_burst": "1"}
    with serve(**limits) as one, serve(**limits) as two, nginx_before((one, two), home) as port:

        def statuses(source: str) -> list[int]:
            transport = httpx.HTTPTransport(local_address=source)
            with httpx.Client(transport=transport, base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                said = [{"x-forwarded-for": f"198.51.100.{n}", "x-write-key": WRITE_KEY} for n in range(4)]
                return [client.post("/v1/events", json={"events": []}, headers=each).status_code for each in said]

        # One request at each gateway, whatever address the client claims.
        assert sorted(statuses("127.0.0.1")) == [202, 202, 429, 429]
        assert sorted(statuses("127.0.0.2")) == [202, 202, 429, 429]


def test_a_stopping_gateway_ends_its_streams_and_exits_in_time(pair: tuple[Gateway, Gateway]) -> None:
    one, _ = pair
    query = {"session_id": "anna", "token": token("anna")}
    ended = threading.Event()

    def listen() -> None:
        try:
            with httpx.stream("GET", f"{one.url}/v1/push/events", params=query, timeout=60) as stream:
                for _ in stream.iter_lines():
                    pass
        except httpx.RemoteProtocolError:
            pass
        ended.set()

    listening = threading.Thread(target=listen)
    listening.start()
    with one.page("bertha") as socket:
        process = one.process
        process.terminate()
        with pytest.raises(Exception, match=r"1013|1012|close"):
            socket.recv(timeout=60)
        assert ended.wait(60)
        process.wait(60)
    listening.join(60)
    assert "Traceback" not in one.log
