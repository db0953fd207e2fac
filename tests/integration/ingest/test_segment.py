"""Segment's endpoints: the official SDKs unchanged, and what its documentation says of single calls."""

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from segment.analytics.client import Client

from infra.local.home import PROJECT
from schemas.topics import REJECTED
from tests.support.credentials import WRITE_KEY
from tests.support.event_builders import now_ms
from tests.support.gateway import Gateway

pytestmark = pytest.mark.kafka

NODE = Path(__file__).parent / "node"


def by_user(gateway: Gateway, user: str) -> list[dict[str, Any]]:
    return [each for each in gateway.topics.records() if each.get("user_id") == user]


@pytest.fixture
def python_sdk(gateway: Gateway) -> Iterator[tuple[Client, list[Exception]]]:
    failures: list[Exception] = []
    client = Client(WRITE_KEY, host=gateway.url, gzip=True, on_error=lambda error, _: failures.append(error))
    yield client, failures
    client.shutdown()


def test_the_python_sdk_delivers_every_call(gateway: Gateway, python_sdk: tuple[Client, list[Exception]]) -> None:
    client, failures = python_sdk
    sent = datetime.now(tz=UTC) - timedelta(seconds=5)
    client.identify("python-user", traits={"plan": "free", "age": 41})
    client.track("python-user", "Article Clicked", {"content_id": "article-7", "position": 3}, timestamp=sent)
    client.page("python-user", "Docs", "Install", {"url": "https://example.org/install"})
    client.screen("python-user", "Home", "Start")
    client.group("python-user", "acme", {"size": 12})
    client.alias("before", "python-user")
    client.flush()
    assert failures == []
    records = by_user(gateway, "python-user")
    assert sorted(str(each["type"]) for each in records) == [
        "click", "context", "custom", "custom", "page_view", "page_view",
    ]  # fmt: skip
    (click,) = [each for each in records if each["type"] == "click"]
    assert click["content_id"] == "article-7"
    assert click["properties"] == {
        "content_id": "article-7",
        "position": "3",
        "call": "track",
        "event": "Article Clicked",
    }
    assert click["occurred_at_ms"] == pytest.approx(sent.timestamp() * 1000, abs=2_000)
    # One session, whose id names nobody.
    (session_id,) = {each["session_id"] for each in records}
    assert session_id.startswith("s_")
    assert "python-user" not in session_id


def test_the_python_sdk_sends_a_thousand_and_none_is_lost(
    gateway: Gateway, python_sdk: tuple[Client, list[Exception]]
) -> None:
    client, failures = python_sdk
    for number in range(1_000):
        client.track(f"many-{number % 10}", "Button Clicked", {"number": number})
    client.flush()
    assert failures == []
    many = [each for each in gateway.topics.records() if str(each.get("user_id")).startswith("many-")]
    assert sorted(int(each["properties"]["number"]) for each in many) == list(range(1_000))


@pytest.fixture(scope="module")
def node_sdk() -> Path:
    """A folder with the SDK from npm, as the lock says; installed once."""
    folder = PROJECT / ".build" / "segment-sdk"
    folder.mkdir(parents=True, exist_ok=True)
    for each in NODE.iterdir():
        shutil.copy(each, folder)
    if not (folder / "node_modules" / "@segment" / "analytics-node").is_dir():
        argv = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return folder


def test_the_node_sdk_delivers_every_call(gateway: Gateway, node_sdk: Path) -> None:
    done = subprocess.run(
        ["node", "send.mjs", gateway.url, WRITE_KEY],
        cwd=node_sdk,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"errors": [], "delivered": 106}
    records = by_user(gateway, "node-user")
    assert sorted(str(each["type"]) for each in records if each["type"] != "click") == [
        "context", "custom", "custom", "page_view", "page_view",
    ]  # fmt: skip
    numbers = [int(each["properties"]["number"]) for each in records if each["type"] == "click"]
    assert sorted(numbers) == list(range(101))


def call(gateway: Gateway, path: str, **message: object) -> tuple[int, dict[str, Any]]:
    answer = gateway.client.post(f"/v1/{path}", json=message)
    return answer.status_code, answer.json()


def test_what_segment_would_drop_is_refused_by_name(gateway: Gateway) -> None:
    def refused(path: str, **message: object) -> tuple[str, str]:
        status, told = call(gateway, path, **message)
        assert status == 400
        (one,) = told["rejected"]
        return one["field"], one["rule"]

    assert refused("track", event="Seen") == ("userId", "missing_field")
    assert refused("track", userId="u") == ("event", "missing_field")
    assert refused("group", userId="u") == ("groupId", "missing_field")
    assert refused("alias", userId="u") == ("previousId", "missing_field")
    assert refused("track", userId="u", event="Seen", timestamp="soon") == ("timestamp", "wrong_type")
    assert refused("track", userId="u", event="Seen", timestamp="1999-01-01T00:00:00Z") == (
        "occurred_at_ms",
        "impossible_time",
    )


def test_the_limits_are_segments(gateway: Gateway) -> None:
    message = {"userId": "limits", "event": "Seen", "type": "track"}
    big = {**message, "properties": {"a": "x" * 33_000}}
    status, told = call(gateway, "track", **big)
    assert (status, told["rejected"][0]["rule"]) == (400, "oversize")
    status, told = call(gateway, "batch", batch=[message, big])
    assert (status, told["accepted"], told["rejected"][0]["index"]) == (200, 1, 1)
    assert call(gateway, "batch", batch=[{"type": "track"}] * 2_501)[0] == 400
    assert call(gateway, "batch", batch=[], padding="x" * 512_000)[0] == 400
    assert gateway.client.post("/v1/track", content=b"{broken").status_code == 400


@pytest.mark.parametrize("how", ["basic", "header", "body"])
def test_each_form_of_the_key(gateway: Gateway, how: str) -> None:
    del gateway.client.headers["x-write-key"]
    basic = base64.b64encode(f"{WRITE_KEY}:".encode()).decode()
    headers = {"basic": {"authorization": f"Basic {basic}"}, "header": {"x-write-key": WRITE_KEY}}.get(how, {})
    body = {"userId": "keys", "event": "Seen"} | ({"writeKey": WRITE_KEY} if how == "body" else {})
    try:
        given = gateway.client.post(
            "/v1/track", content=json.dumps(body), headers={**headers, "content-type": "text/plain"}
        )
        missing = gateway.client.post("/v1/track", json={"userId": "keys", "event": "Seen"})
        wrong = gateway.client.post("/v1/track", json={"userId": "keys", "event": "Seen", "writeKey": "wrong"})
    finally:
        gateway.client.headers["x-write-key"] = WRITE_KEY
    assert (given.status_code, missing.status_code, wrong.status_code) == (200, 401, 401)


def test_a_message_counts_once_by_its_id_and_its_time_is_corrected(gateway: Gateway) -> None:
    lies_ms = 3 * 86_400_000
    sent_at = datetime.fromtimestamp((now_ms() - lies_ms) / 1000, tz=UTC)
    original, sent = (sent_at - timedelta(seconds=9)).isoformat(), sent_at.isoformat()
    message = {"userId": "skew", "event": "Seen", "messageId": "m" * 90, "originalTimestamp": original, "sentAt": sent}
    assert call(gateway, "track", **message)[1]["accepted"] == 1
    assert call(gateway, "track", **message)[1]["duplicates"] == 1
    (record,) = by_user(gateway, "skew")
    assert 8_999 <= int(str(record["received_at_ms"])) - int(str(record["occurred_at_ms"])) <= 9_001
    assert len(str(record["event_id"])) <= 64


@pytest.mark.parametrize(
    ("name", "kind"),
    [("t", "custom"), ("i", "context"), ("p", "page_view"), ("s", "page_view"), ("g", "custom"), ("a", "custom")],
)
def test_the_browsers_library_has_short_names(gateway: Gateway, name: str, kind: str) -> None:
    user = f"short-{name}"
    assert call(gateway, name, userId=user, event="Seen", groupId="g", previousId="p")[0] == 200
    (record,) = by_user(gateway, user)
    assert record["type"] == kind


@pytest.mark.parametrize("name", ["b", "import"])
def test_the_libraries_of_phones_have_names_of_their_own_for_a_batch(gateway: Gateway, name: str) -> None:
    messages = [{"type": "track", "userId": f"phone-{name}", "event": "Seen", "timestamp": now_ms()}] * 2
    assert call(gateway, name, batch=messages, writeKey=WRITE_KEY)[1]["accepted"] == 1
    assert len(by_user(gateway, f"phone-{name}")) == 1


FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)


@pytest.mark.parametrize(
    ("library", "agent", "network", "browser"),
    [
        ("analytics.js", CHROME, "127.0.0.0/24", "Chrome"),
        ("JavaScript for Google", "", "127.0.0.0/24", "Firefox"),
        ("", "", "127.0.0.0/24", "Firefox"),
        ("analytics-java", CHROME, None, "Chrome"),
        ("Analytics.NET", "", None, None),
        ("analytics-go", "", None, None),
    ],
    ids=["browser", "tag manager", "unknown", "java", "net", "go"],
)
def test_of_a_browser_the_request_tells_what_it_does_not_say_itself(
    gateway: Gateway, library: str, agent: str, network: str | None, browser: str | None
) -> None:
    user = f"library-{library}-{len(agent)}"
    context = {"library": {"name": library}, **({"userAgent": agent} if agent else {})}
    message = {"userId": user, "event": "Seen", "context": context}
    assert gateway.client.post("/v1/t", json=message, headers={"user-agent": FIREFOX}).status_code == 200
    (record,) = by_user(gateway, user)
    assert record["properties"].get("network") == network
    assert (record.get("context") or {}).get("browser") == browser


def test_a_server_speaks_for_its_reader(gateway: Gateway) -> None:
    agent = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
    call(
        gateway,
        "track",
        userId="enriched",
        event="Seen",
        context={"ip": "203.0.113.77", "userAgent": agent, "locale": "de-CH"},
    )
    (record,) = by_user(gateway, "enriched")
    assert record["context"] == {"device": "bot", "browser": "Googlebot", "language": "de-CH"}
    assert record["properties"] == {"call": "track", "event": "Seen", "bot": "Googlebot", "network": "203.0.113.0/24"}
    assert "203.0.113.77" not in json.dumps(record)


def test_addresses_lose_their_secrets(gateway: Gateway) -> None:
    secret = "https://ina:pw@konto.example/neues-passwort?token=s3cr3t-77&mail=ina%40konto.example#weiter"
    own = {
        "url": secret,
        "search": "?token=s3cr3t-77",
        "href": "/a?token=s3cr3t-77",
        "seen": f"from {secret}",
        "q": "who? me",
    }
    page = {"page": {"url": secret, "referrer": secret}}
    call(gateway, "page", anonymousId="a-1", userId="secrets", properties=own)
    call(gateway, "page", anonymousId="a-2", userId="secrets", context=page)
    call(gateway, "page", anonymousId="a-3", userId="secrets", timestamp="soon", properties=own)
    records = by_user(gateway, "secrets")
    assert [each["page_url"] for each in records] == ["https://konto.example/neues-passwort"] * 2
    assert records[0]["properties"]["q"] == "who? me"
    everything = json.dumps(records) + str(
        [base64.b64decode(each["original"]) for each in gateway.topics.records(REJECTED)]
    )
    assert not [part for part in ("s3cr3t", "ina:pw", "mail=") if part in everything]


def test_a_late_batch_is_accepted_counted_and_noted(gateway: Gateway) -> None:
    """As analytics-swift flushes: 20 calls over 28 s in one batch."""
    ends_ms = now_ms()
    batch = [
        {"type": "track", "anonymousId": "swift", "userId": "late-reader", "messageId": f"late-{number}",
         "event": "Teaser Clicked", "properties": {"content_id": "kites"},
         "timestamp": datetime.fromtimestamp((ends_ms - 28_000 + number * 1_450) / 1000, tz=UTC).isoformat()}
        for number in range(20)
    ]  # fmt: skip
    sent_at = datetime.fromtimestamp(ends_ms / 1000, tz=UTC).isoformat()
    assert call(gateway, "b", batch=batch, sentAt=sent_at)[1]["accepted"] == 20
    noted = [each for each in by_user(gateway, "late-reader") if "occurred_at_ms" in each.get("notes", {})]
    # The last two came 1.9 s and 0.45 s after they occurred.
    assert len(noted) == 18
    counted = [
        line
        for line in gateway.client.get("/metrics").text.splitlines()
        if line.startswith("microadjust_collector_late_total{")
    ]
    assert float(counted[0].rpartition(" ")[2]) >= 18
