"""Commands reach the pages and CMSs they are for, once each, and nobody else."""

import random
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection

from infra.gateway.auth import push_tokens
from infra.gateway.push.hub import MAX_PER_SESSION, MAX_QUEUED
from schemas.topics import ADJUSTMENTS
from tests.integration.serving.conftest import Serve
from tests.support.broker import PrefixedTopics
from tests.support.credentials import OPERATOR, ORIGIN, SECRETS, token
from tests.support.event_builders import now_ms
from tests.support.gateway import Gateway
from tests.support.push_messages import heard, ids
from tests.support.state_builders import MINUTE_MS, command, command_record
from tests.support.waiting import until

pytestmark = pytest.mark.kafka
ROUNDS = 5


def put(topics: PrefixedTopics, *session_ids: str | None, trigger: str = "w") -> list[str]:
    """A command for each; their ids."""
    given = [command(each, trigger=f"{trigger}{n}") for n, each in enumerate(session_ids)]
    topics.put(ADJUSTMENTS, [command_record(each) for each in given])
    return [each.command_id for each in given]


def refused(connecting: Callable[..., Any], *given: Any, **named: Any) -> int:
    """The status of an answer that is not 101."""
    with pytest.raises(InvalidStatus) as raised:
        connecting(*given, **named)
    return int(raised.value.response.status_code)


def test_a_page_hears_its_own_session_and_a_cms_hears_all(topics: PrefixedTopics, gateway: Gateway) -> None:
    with gateway.page("anna") as anna, gateway.page("bertha") as bertha, gateway.everything() as cms:
        sent = put(topics, "anna", "bertha", None, "carla", "anna")

        assert ids(heard(anna)) == [sent[0], sent[4]]
        assert ids(heard(bertha, 0.2)) == [sent[1]]
        everything = heard(cms, 0.2)
        assert sorted(ids(everything)) == sorted(sent)
        assert everything[0]["command"]["action"] == "simplify"


def test_the_command_arrives_soon(topics: PrefixedTopics, gateway: Gateway) -> None:
    """From being handed to Kafka's client to being read by the page. The machine may do other things: the median decides."""
    took_ms, producer = [], topics.producer
    with gateway.page("anna") as page:
        for n in range(300):
            key, value = command_record(command("anna", trigger=str(n)))
            began = time.perf_counter()
            producer.produce(topics.name(ADJUSTMENTS), value, key)
            page.recv(timeout=5)
            took_ms.append((time.perf_counter() - began) * 1000)
            time.sleep(0.01)
    producer.flush(10)
    took_ms.sort()
    print(f"produced to heard: p50 {took_ms[150]:.1f} ms, p99 {took_ms[296]:.1f} ms")
    assert took_ms[150] < 50


def test_a_command_that_is_repeated_is_heard_once(topics: PrefixedTopics, gateway: Gateway) -> None:
    with gateway.page("anna") as page, gateway.everything() as cms:
        for _ in range(3):
            put(topics, "anna", "anna")
        assert ids(heard(page)) == ids(heard(cms, 0.2)) == put(topics, "anna", "anna")


def test_records_that_are_no_commands_are_passed_over(topics: PrefixedTopics, gateway: Gateway) -> None:
    broken = [("anna", raw) for raw in (None, b"", b"{", b"[]", b"\xff", b'{"command_id":1}', b"[" * 100_000)]
    odd = command_record(command("anna", parameters={"text": "two\nlines"}))
    with gateway.page("anna") as page:
        topics.put(ADJUSTMENTS, [*broken, (odd[0], odd[1].replace(b",", b",\r\n"))])
        (message,) = heard(page)
    assert message["command"]["parameters"] == {"text": "two\nlines"}


def test_who_comes_back_gets_what_was_missed_once_and_in_order(topics: PrefixedTopics, gateway: Gateway) -> None:
    """Breaks at random moments while commands are sent, and the gateway is killed in between."""
    chance, sent, got, cms_got = random.Random(6), [], [], []
    cms_seen: dict[str, str] = {}
    last_id = ""
    for round_ in range(ROUNDS):
        sent += put(topics, *["anna"] * chance.randrange(1, 40), trigger=f"a{round_}-")
        put(topics, "bertha", None, trigger=f"b{round_}-")
        if round_ == ROUNDS // 2:
            gateway.kill()
            gateway.start()
        with gateway.page("anna", last_id) as page:
            messages = heard(page, 0.4, most=chance.randrange(1, 60))
            got += ids(messages)
            last_id = messages[-1]["id"] if messages else last_id
        with gateway.everything(",".join(cms_seen.values()) or "0-0") as cms:
            for each in heard(cms, 0.4, most=chance.randrange(1, 60)):
                cms_got.append(each["command"]["command_id"])
                cms_seen[each["id"].partition("-")[0]] = each["id"]
    with gateway.page("anna", last_id) as page:
        got += ids(heard(page))
    with gateway.everything(",".join(cms_seen.values())) as cms:
        cms_got += ids(heard(cms))

    assert got == sent
    assert len(cms_got) == len(set(cms_got))
    assert [each for each in cms_got if each in set(sent)] == sent
    assert len(cms_got) >= len(sent) + 2 * ROUNDS - 1


def test_a_new_page_gets_what_is_in_force_and_a_new_cms_only_what_comes(
    topics: PrefixedTopics, gateway: Gateway
) -> None:
    in_force, expired = command("anna", trigger="w1"), command("anna", trigger="w0", expires_at_ms=now_ms() - 1)
    topics.put(ADJUSTMENTS, [command_record(expired), command_record(in_force)])
    with gateway.page("anna") as page:
        assert ids(heard(page)) == [in_force.command_id]
        with gateway.everything() as cms:
            assert heard(cms, 0.5) == []


def test_server_sent_events_say_the_same(topics: PrefixedTopics, gateway: Gateway) -> None:
    sent = put(topics, *["anna"] * 3)
    query = {"session_id": "anna", "token": token("anna")}
    first = streamed(gateway, query, {}, 3)
    assert [each["command"]["command_id"] for each in first] == sent
    again = streamed(gateway, query, {"last-event-id": first[0]["id"]}, 2)
    assert again == first[1:]
    assert streamed(gateway, {**query, "last_id": first[1]["id"]}, {}, 1) == first[2:]


def streamed(gateway: Gateway, query: dict[str, str], headers: dict[str, str], most: int) -> list[dict[str, Any]]:
    """Messages as a browser's EventSource would take them: id and data, line by line."""
    found: list[dict[str, Any]] = []
    with gateway.http(**headers) as http, http.stream("GET", "/v1/push/events", params=query) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        event_id = ""
        for line in response.iter_lines():
            if line.startswith("id: "):
                event_id = line[4:]
            elif line.startswith("data: "):
                found.append(msgspec.json.decode(line[6:]))
                assert found[-1]["id"] == event_id
            if len(found) == most:
                return found
    return found


def test_origin_and_token_are_checked_before_the_connection_begins(topics: PrefixedTopics, serve: Serve) -> None:
    with serve(allowed_origins=ORIGIN) as gateway:
        gateway.page("anna", origin=ORIGIN).close()
        gateway.page("anna", origin=gateway.url).close()
        gateway.page("anna").close()
        for foreign in ("https://evil.example", f"{ORIGIN}.evil.example", "http://localhost:1", "null", "https://["):
            assert refused(gateway.page, "anna", origin=foreign) == 403
        for bad in ("", "x", token("bertha"), token("anna", -1), token("anna", secrets=("other",)), OPERATOR):
            assert refused(gateway.page, "anna", given=bad, origin=ORIGIN) == 401
        assert refused(gateway.page, "anna", last_id="17") == 400
        assert refused(gateway.everything, given=token("anna")) == 401
        assert refused(gateway.everything, given="") == 401
        with gateway.http() as http:
            query = {"session_id": "anna", "token": token("bertha")}
            assert http.get("/v1/push/events", params=query).status_code == 401
            assert http.get("/v1/push").status_code == 426
    with serve() as gateway:
        gateway.page("anna", origin="http://localhost:3000").close()
        assert refused(gateway.page, "anna", origin=ORIGIN) == 403


def test_either_of_two_secrets_opens(gateway: Gateway) -> None:
    for secret in SECRETS:
        gateway.page("anna", given=token("anna", secrets=(secret,))).close()


def test_a_connection_ends_with_its_token(topics: PrefixedTopics, gateway: Gateway) -> None:
    life_s = 4.0  # A command takes seconds to come on a busy machine.
    with gateway.page("anna", given=token("anna", life_s)) as page:
        assert put(topics, "anna") == ids(heard(page, life_s, most=1))
        time.sleep(life_s)
        put(topics, "anna", trigger="later")
        with pytest.raises(ConnectionClosed) as closed:
            page.recv(timeout=5)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


def test_nobody_can_open_connections_to_a_session_without_end(gateway: Gateway) -> None:
    pages = [gateway.page("anna") for _ in range(MAX_PER_SESSION)]
    assert refused(gateway.page, "anna") == 503
    gateway.page("bertha").close()
    pages.pop().close()
    until(lambda: opens(gateway))
    for page in pages:
        page.close()


def test_one_address_has_so_many_listeners_and_the_operator_as_many_as_fit(
    topics: PrefixedTopics, serve: Serve
) -> None:
    with serve(push_clients_per_address="3") as gateway:
        pages = [gateway.page(f"s{n}") for n in range(3)]
        assert refused(gateway.page, "anna") == 503
        with gateway.http() as http:
            assert http.get("/v1/push/events", params={"session_id": "x", "token": token("x")}).status_code == 503
        for _ in range(2):
            gateway.everything().close()
        pages.pop().close()
        until(lambda: opens(gateway))
        for page in pages:
            page.close()


def opens(gateway: Gateway) -> bool:
    try:
        gateway.page("anna").close()
    except InvalidStatus:
        return False
    return True


def test_a_client_that_talks_is_not_listened_to_for_long(gateway: Gateway) -> None:
    with gateway.page("anna") as page:
        with pytest.raises(ConnectionClosed):
            talk(page)
        assert page.close_code == 1008


def talk(page: ClientConnection) -> None:
    for _ in range(1_000):
        page.send("x" * 100)
        time.sleep(0.001)
    page.recv(timeout=5)


@pytest.mark.timeout(280)
def test_no_foreign_or_expired_token_gets_a_command(topics: PrefixedTopics, gateway: Gateway) -> None:
    """Thousands of tries on both ways in, while commands for the attacked session keep coming.

    `test_strangers.py` makes ten thousand through every door, of which `make test` runs the first thousand.
    """
    stop, got, answers = threading.Event(), [], []
    victims = ["anna", "bertha"]

    def keep_sending() -> None:
        n = 0
        while not stop.is_set():
            n += 1
            put(topics, *victims, trigger=f"n{n}-")
            time.sleep(0.2)

    sender = threading.Thread(target=keep_sending)
    sender.start()
    try:
        chance = random.Random(7)
        with gateway.http() as http, gateway.page("anna") as witness:
            for n in range(2_700):
                answer = http.get(
                    "/v1/push/events", params={"session_id": "anna", "token": wrong(chance, n), "last_id": "0-0"}
                )
                answers.append(answer.status_code)
                got += [line for line in answer.text.splitlines() if line.startswith("data:")]
            for n in range(300):
                answers.append(refused(gateway.page, "anna", last_id="0-0", given=wrong(chance, n)))
            assert heard(witness, most=1), "there was nothing to get"
    finally:
        stop.set()
        sender.join()
    assert got == []
    assert len(answers) == 3_000
    assert set(answers) == {401}


def wrong(chance: random.Random, n: int) -> str:
    """A token that is not for anna, not any more, or not at all."""
    now = now_ms()
    good = push_tokens.sign("anna", now + MINUTE_MS, SECRETS)
    match n % 5:
        case 0:
            return push_tokens.sign(chance.choice(["bertha", "Anna", "anna ", "ann", ""]), now + MINUTE_MS, SECRETS)
        case 1:
            return push_tokens.sign("anna", now - chance.randrange(10**9), SECRETS)
        case 2:
            return push_tokens.sign("anna", now + MINUTE_MS, [f"secret-{n}"])
        case 3:
            place = chance.randrange(len(good))
            return good[:place] + chance.choice("abcXYZ019-_.") * 2 + good[place + 1 :]
        case _:
            other = push_tokens.sign("bertha", now + MINUTE_MS, SECRETS)
            return ".".join([*good.split(".")[:2], other.split(".")[2]])


def raw_client(gateway: Gateway, path: str) -> socket.socket:
    """One that asks and then reads nothing, with as little room for what comes as the system allows."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", gateway.port))
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{gateway.port}"]
    if "/events" not in path:
        lines += ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"]
        lines.append(f"Sec-WebSocket-Key: {'A' * 22}==")
    client.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
    return client


@pytest.mark.timeout(120)
@pytest.mark.parametrize("way", ["/v1/push", "/v1/push/events"])
def test_a_client_that_stalls_is_cut_and_the_others_hear_everything(
    topics: PrefixedTopics, gateway: Gateway, way: str
) -> None:
    stalled = raw_client(gateway, f"{way}?session_id=anna&token={token('anna')}")
    its_port = stalled.getsockname()[1]
    until(lambda: its_port in clients_of(gateway))
    before = gateway.process.memory_info().rss
    large = "x" * 60_000
    given = [command("anna", trigger=str(n), parameters={"text": large}) for n in range(4 * MAX_QUEUED)]
    with gateway.page("anna", max_queue=None) as page:
        received: list[str] = []
        for at in range(0, len(given), MAX_QUEUED // 2):
            some = given[at : at + MAX_QUEUED // 2]
            topics.put(ADJUSTMENTS, [command_record(each) for each in some])
            # Not all at once: on a busy machine the page would read slower than they come, and be cut as well.
            received += ids(heard(page, quiet_s=10.0, most=len(some)))
        assert received == [each.command_id for each in given]
    # 15 MB wait in the client's queue at most, which are the history's as well; 60 MB of history in all.
    grown = gateway.process.memory_info().rss - before
    until(lambda: its_port not in clients_of(gateway), patience_s=20)
    stalled.close()
    assert "microadjust_push_cut_total 1.0" in httpx.get(f"{gateway.url}/metrics").text
    assert grown < 150 * 2**20


def clients_of(gateway: Gateway) -> set[int]:
    """The ports of those the gateway's process has connections to."""
    return {each.raddr.port for each in gateway.process.net_connections("tcp") if each.raddr}


def test_kafka_being_away_at_the_start_holds_nobody_up(topics: PrefixedTopics, serve: Serve) -> None:
    nowhere = PrefixedTopics("127.0.0.1:1", topics.prefix)
    with serve(nowhere) as gateway, gateway.page("anna") as page:
        assert heard(page, 0.3) == []
