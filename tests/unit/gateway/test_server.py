"""The server on real connections: how it stops, and whom it cuts."""

import logging
import threading
import time

import httpx
import pytest
from prometheus_client import REGISTRY
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from infra.bench.abuse_attacks import ping_flood
from infra.bench.mock_kafka import is_available
from infra.local import processes
from tests.support.credentials import token
from tests.support.event_builders import event
from tests.support.gateway_in_thread import ServerInThread, server_in_thread
from tests.support.waiting import until

pytestmark = pytest.mark.skipif(not is_available(), reason="this librdkafka has no mock cluster to read from")

SECRET = ("secret",)


def push_path(session_id: str) -> str:
    return f"/v1/push?session_id={session_id}&token={token(session_id, secrets=SECRET)}"


def is_draining(server: ServerInThread) -> bool:
    with server.http() as client:
        return bool(client.get("/ready").json()["why"] == "stopping")


def test_while_it_drains_it_is_not_ready_and_takes_every_request() -> None:
    with server_in_thread(drain_s=2.0) as server, server.http() as client:
        assert client.post("/v1/events", json={"events": [event("before")]}).headers.get("connection") != "close"
        server.terminate()
        assert client.get("/ready").json() == {"ready": False, "why": "stopping"}
        taken = 0
        while not server.server.should_exit:
            answer = client.post("/v1/events", json={"events": [event(f"during-{taken}")]})
            assert (answer.status_code, answer.headers["connection"]) == (202, "close")
            taken += 1
            time.sleep(0.05)
        server.thread.join(30)
        assert not server.thread.is_alive()
        assert taken > 1
        assert len(server.producer.sent) == taken + 1


def test_without_a_drain_and_at_a_second_signal_it_stops_at_once() -> None:
    with server_in_thread(drain_s=0.0) as server:
        server.terminate()
        server.thread.join(30)
        assert not server.thread.is_alive()
    with server_in_thread(drain_s=3600.0) as server:
        server.terminate()
        assert is_draining(server)
        server.terminate()
        server.thread.join(30)
        assert not server.thread.is_alive()


def test_open_streams_are_ended_while_it_still_serves(caplog: pytest.LogCaptureFixture) -> None:
    with server_in_thread(drain_s=4.0, console_token="token-of-the-operator") as server:
        ended = threading.Event()

        def listen() -> None:
            try:
                with httpx.stream(
                    "GET", server.url + push_path("anna").replace("push?", "push/events?"), timeout=60
                ) as stream:
                    for _ in stream.iter_lines():
                        pass
            except httpx.RemoteProtocolError:
                pass
            ended.set()

        listening = threading.Thread(target=listen)
        with connect(f"ws://127.0.0.1:{server.port}{push_path('bertha')}", proxy=None) as socket:
            listening.start()
            until(lambda: REGISTRY.get_sample_value("microadjust_push_clients") == 2)
            server.terminate()
            with pytest.raises(ConnectionClosed):
                socket.recv(timeout=60)
            assert ended.wait(60)
        listening.join(60)
        server.thread.join(60)
        assert not server.thread.is_alive()
    assert "timeout graceful shutdown exceeded" not in caplog.text


def test_a_client_that_floods_with_pings_is_cut_and_others_go_on() -> None:
    with server_in_thread() as server, server.http() as client:
        before = REGISTRY.get_sample_value("microadjust_push_cut_total") or 0.0
        with ping_flood(server.port, push_path("anna")):
            until(lambda: (REGISTRY.get_sample_value("microadjust_push_cut_total") or 0.0) >= before + 3, 60)
            assert client.post("/v1/events", json={"events": [event()]}).status_code == 202


def test_a_push_client_that_is_refused_leaves_no_error_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with server_in_thread() as server:
        for _ in range(3):
            with pytest.raises(InvalidStatus) as refused:
                connect(f"ws://127.0.0.1:{server.port}/v1/push?session_id=anna&token=x", proxy=None)
            assert refused.value.response.status_code == 401
        assert refused.value.response.headers["x-request-id"]
    assert not [each for each in caplog.records if each.levelno >= logging.ERROR and "handshake" in each.getMessage()]


def test_connections_beyond_the_limit_of_an_address_are_closed_and_counted() -> None:
    with server_in_thread(ip_connections=4, max_connections=64) as server:
        clients = [server.http() for _ in range(6)]
        statuses = []
        for client in clients:
            try:
                statuses.append(client.get("/live").status_code)
            except (httpx.RemoteProtocolError, httpx.ReadError):
                statuses.append(0)
        assert statuses == [200] * 4 + [0] * 2
        for client in clients:
            client.close()
        until(lambda: REGISTRY.get_sample_value("microadjust_http_connections") == 0)
        with server.http() as again:
            assert again.get("/live").status_code == 200


def test_metrics_have_a_port_of_their_own_where_one_is_set() -> None:
    port = processes.free_port(0)
    with server_in_thread(metrics_port=port) as server, server.http() as client:
        assert client.get("/metrics").status_code == 404
        assert "microadjust_http_responses_total" in httpx.get(f"http://127.0.0.1:{port}/metrics").text
