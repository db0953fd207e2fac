"""What the console's pages ask for, and who gets an answer."""

import json
import time
from typing import Any

import httpx
import msgspec
import pytest
from confluent_kafka import Producer

from infra.gateway.console.endpoints import HEADERS
from schemas.events import Event
from schemas.heatmap import BANDS, HeatCell
from schemas.topics import ADJUSTMENTS, EVENTS, HEATMAP, OUTCOMES, REJECTED
from tests.integration.console.conftest import Console
from tests.support.credentials import OPERATOR

pytestmark = pytest.mark.kafka

NOON_MS = 1_760_000_400_000
API = (
    "live",
    "command?id=abcdef",
    "session?id=anna",
    "heat/pages",
    "heat/cells?page=a",
    "heat/picture?page=a",
    "health",
)


def event(number: int, session: str, kind: str = "click", at_ms: int = NOON_MS, **more: Any) -> Event:
    return Event(f"{session}-{number}", kind, at_ms, at_ms, session, **more)  # type: ignore[arg-type]


def command(command_id: str, session: str, **changed: Any) -> dict[str, Any]:
    return {
        "command_id": command_id,
        "issued_at_ms": NOON_MS,
        "expires_at_ms": NOON_MS + 300_000,
        "target": {"kind": "session", "id": session},
        "session_id": session,
        "action": "simplify_layout",
        "parameters": {"density": "low"},
        "priority": 60,
        "source": {"kind": "rule", "id": "confused-layout", "version": 2},
        "evidence": {"hover_ms": {"value": 9000.0, "baseline": 1000.0, "threshold": 3.0, "z": 8.0}},
    } | changed


def live(console: Console, wanted: Any, patience_s: float = 15.0) -> list[dict[str, Any]]:
    """The batches of the live stream up to the first that is wanted."""
    batches: list[dict[str, Any]] = []
    end = time.monotonic() + patience_s
    with httpx.stream(
        "GET", f"{console.address}api/live", headers={"authorization": f"Bearer {OPERATOR}"}, timeout=patience_s
    ) as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                batches.append(json.loads(line.removeprefix("data: ")))
                if wanted(batches[-1]):
                    return batches
            assert time.monotonic() < end, f"not seen in {patience_s} s: {batches[-3:]}"
    raise AssertionError("the stream has ended")


@pytest.mark.parametrize("path", API)
def test_nothing_is_told_without_the_token(console: Console, path: str) -> None:
    for headers in (
        {},
        {"authorization": "Bearer wrong"},
        {"cookie": f"microadjust_console_{console.gateway.port}=wrong"},
    ):
        answer = httpx.get(f"{console.address}api/{path}", headers=headers)
        assert answer.status_code == 401
        assert "microadjust gateway" in answer.json()["problem"]


def test_the_token_in_the_address_becomes_a_cookie_that_no_script_and_no_other_site_can_use(console: Console) -> None:
    with httpx.Client() as browser:
        answer = browser.get(console.address, params={"token": OPERATOR})
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/")
        cookie = answer.headers["set-cookie"].lower()
        assert all(word in cookie for word in ("httponly", "samesite=strict", "path=/console"))
        assert browser.get(f"{console.address}api/health").status_code == 200
    assert "set-cookie" not in httpx.get(console.address, params={"token": "wrong"}).headers


def test_every_answer_forbids_all_scripts_but_the_consoles_own_files(console: Console) -> None:
    for path in (
        "",
        "js/app.js",
        "console.css",
        "vendor/uPlot.iife.min.js",
        "no-such-file",
        "api/health",
        "api/nothing",
    ):
        answer = httpx.get(console.address + path)
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, path
    policy = dict(part.strip().split(" ", 1) for part in HEADERS["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert "unsafe" not in HEADERS["content-security-policy"]


@pytest.mark.parametrize(
    "name", ["../gateway/settings.py", "%2e%2e/gateway/settings.py", "js/../../demo/rules.yaml", "README.md"]
)
def test_only_files_of_the_list_are_served(console: Console, name: str) -> None:
    with httpx.Client() as browser:
        request = browser.build_request("GET", console.address)
        request.url = request.url.copy_with(raw_path=f"/console/{name}".encode())
        assert browser.send(request).status_code == 404


def test_a_command_is_explained_with_its_rule_its_session_and_what_became_of_it(console: Console) -> None:
    for number, away_s in enumerate((-400, -100, 0, 100, 200)):
        console.write(EVENTS, "eva", event(number, "eva", at_ms=NOON_MS + away_s * 1000))
    console.write(EVENTS, "evan", event(9, "evan"))
    console.write(ADJUSTMENTS, "eva", command("c0ffee01", "eva"))
    console.write(
        OUTCOMES, "eva", {"command_id": "c0ffee01", "session_id": "eva", "status": "applied", "occurred_at_ms": NOON_MS}
    )
    console.write(
        OUTCOMES, "eva", {"command_id": "another", "session_id": "eva", "status": "failed", "occurred_at_ms": NOON_MS}
    )

    for asked in ("c0ffee01", "c0ffee"):
        told = console.ask("command", id=asked)
        assert told["command"]["command_id"] == "c0ffee01"
        # Six minutes before to two after, and nobody else's.
        assert [each["event_id"] for each in told["events"]] == ["eva-1", "eva-2", "eva-3"]
        assert [each["status"] for each in told["outcomes"]] == ["applied"]
        assert told["rule"]["about"].startswith("The pointer moves and hovers far more")
    for unknown in ("c0ffee02", "c0f", "", "../../etc/passwd"):
        answer = console.gateway.client.get(
            "/console/api/command", params={"id": unknown}, headers={"authorization": f"Bearer {OPERATOR}"}
        )
        assert answer.status_code == 404


def test_a_rule_that_is_not_in_force_any_more_is_not_shown(console: Console) -> None:
    source = {"kind": "rule", "id": "confused-layout", "version": 77}
    console.write(ADJUSTMENTS, "olga", command("0ddc0ffee", "olga", source=source))
    assert console.ask("command", id="0ddc0ffee")["rule"] is None


def test_the_life_of_a_session_is_in_order_and_tells_a_repeated_command_once(console: Console) -> None:
    for number in (3, 1, 2):
        console.write(EVENTS, "ida", event(number, "ida", at_ms=NOON_MS + number))
    for _ in range(3):
        console.write(ADJUSTMENTS, "ida", command("1da00001", "ida"))
    life = console.ask("session", id="ida")
    assert [each["event_id"] for each in life["events"]] == ["ida-1", "ida-2", "ida-3"]
    assert [each["command_id"] for each in life["commands"]] == ["1da00001"]
    assert console.ask("session", id="nobody") == {"session_id": "nobody", "events": [], "commands": [], "outcomes": []}


def test_what_comes_is_shown_within_seconds_and_ticks_are_the_clock(console: Console) -> None:
    console.write(EVENTS, "tick", event(1, "tick", "tick", NOON_MS + 5_000))
    console.write(EVENTS, "lea", event(1, "lea"))
    console.write(EVENTS, "lea", b"no JSON")
    console.write(ADJUSTMENTS, "lea", command("1ea00001", "lea"))
    console.write(
        REJECTED, "malformed", {"reason": "malformed", "detail": "not JSON", "original": "c2VjcmV0", "seen_at_ms": 1}
    )
    seen: dict[str, list[Any]] = {"events": [], "commands": [], "rejected": []}

    def complete(batch: dict[str, Any]) -> bool:
        for name, records in seen.items():
            records += batch.get(name, [])
        ids = {each.get("event_id") for each in seen["events"]}
        return (
            "lea-1" in ids and bool(seen["rejected"]) and any(c["command_id"] == "1ea00001" for c in seen["commands"])
        )

    batches = live(console, complete)
    assert any(batch.get("clock_ms", 0) >= NOON_MS + 5_000 for batch in batches)
    assert {each["type"] for each in seen["events"]} == {"click"}
    # The original of a refused record is the reader's own text: the console has no use for it.
    assert not any("original" in each for each in seen["rejected"])


def test_of_a_flood_the_newest_are_shown_and_the_rest_counted(console: Console) -> None:
    """Once the stream has begun 20,000 events come at once, and one more when the stream is quiet again."""
    told = {"counted": 0, "skipped": 0, "shown": 0}
    stage = quiet_batches = 0
    began = sent = calm = 0.0
    # librdkafka: what takes seconds to be written is no flood, and a watcher who writes for seconds is sent too late.
    producer = Producer({"bootstrap.servers": console.gateway.topics.bootstrap, "linger.ms": 5})

    def flood(numbers: range) -> None:
        for number in numbers:
            producer.produce(console.gateway.topics.name(EVENTS), msgspec.json.encode(event(number, "flood")), b"flood")
        assert producer.flush(30) == 0

    def last_one_shown(batch: dict[str, Any]) -> bool:
        nonlocal stage, quiet_batches, began, sent, calm
        # Each second there is a batch, if only for the clock's ticks.
        quiet = EVENTS.name not in batch.get("counts", {})
        quiet_batches = quiet_batches + 1 if quiet else 0
        # One may also come before a partition has answered with the recent events that a new watcher is shown.
        if stage == 0 and quiet_batches == 3:
            began = time.monotonic()
            flood(range(20_000))
            stage, sent = 1, time.monotonic()
        elif stage == 1:
            told["counted"] += batch.get("counts", {}).get(EVENTS.name, 0)
            told["skipped"] += batch.get("skipped", 0)
            told["shown"] += len(batch.get("events", []))
            if quiet and told["counted"]:
                stage, calm = 2, time.monotonic()
                flood(range(20_000, 20_001))
        return any(each["event_id"] == "flood-20000" for each in batch.get("events", []))

    live(console, last_one_shown, patience_s=60)
    # None is missed; a tick among those left out is not known for one, and the flood's partition has one a second.
    assert 20_000 <= told["counted"] <= 20_000 + (calm - began) + 2
    assert told["skipped"] + told["shown"] == told["counted"]
    assert told["skipped"] > 15_000
    # At the 2,000 a second that are read it would have taken ten seconds.
    assert calm - sent < 8


def test_cells_add_up_over_periods_and_the_newest_record_of_a_cell_counts(console: Console) -> None:
    hour_ms = 3_600_000
    noon_ms = NOON_MS // hour_ms * hour_ms

    def cell(kind: str, count: int | None, row: int = 7, hours: int = 0, device: str = "phone") -> None:
        place = {
            "page": "https://a/",
            "device": device,
            "kind": kind,
            "period_start_ms": noon_ms + hours * hour_ms,
            "column": 3,
            "row": row,
        }
        record = None if count is None else HeatCell(**place, count=count)  # type: ignore[arg-type]
        console.write(HEATMAP, json.dumps(place), record)

    cell("click", 4)
    cell("click", 6)
    cell("click", 5, hours=1)
    cell("click", 100, device="desktop")
    cell("move", 9)
    cell("move", None)
    assert console.ask("heat/cells", page="https://a/", device="phone")["click"] == [[3, 7, 11]]
    assert console.ask("heat/cells", page="https://a/", device="phone")["move"] == []
    assert console.ask("heat/cells", page="https://a/", device="phone", since_ms=str(noon_ms + 1))["click"] == [
        [3, 7, 5]
    ]
    assert console.ask("heat/cells", page="https://a/")["click"] == [[3, 7, 111]]
    assert console.ask("heat/cells", page="https://b/")["click"] == []
    # What came since the last question is read as well; reach counts who came at least so far.
    for band, readers in ((0, 1), (9, 2), (19, 4)):
        place = {
            "page": "https://a/",
            "device": "phone",
            "kind": "scroll",
            "period_start_ms": noon_ms,
            "column": 0,
            "row": band,
        }
        console.write(HEATMAP, json.dumps(place), HeatCell(**place, count=readers))  # type: ignore[arg-type]
    reach = console.ask("heat/cells", page="https://a/", device="phone")["reach"]
    assert (len(reach), reach[0], reach[1], reach[9], reach[10], reach[19]) == (BANDS, 7, 6, 6, 4, 4)
    pages = {(each["page"], each["device"]): each for each in console.ask("heat/pages")}
    assert pages[("https://a/", "phone")] == {
        "page": "https://a/",
        "device": "phone",
        "clicks": 11,
        "moves": 0,
        "readers": 7,
        "picture": False,
    }


def test_health_names_what_it_cannot_reach_and_counts_the_rest(console: Console) -> None:
    told = console.ask("health")
    assert "MICROADJUST_GATEWAY_FLINK_URL" in told["flink"]["problem"]
    topics = {each["topic"]: each for each in told["kafka"]["topics"]}
    assert topics[console.gateway.topics.name(EVENTS)]["partitions"] == 4
    before = topics[console.gateway.topics.name(ADJUSTMENTS)]["written"]
    console.write(ADJUSTMENTS, "hal", command("4a100001", "hal"))
    after = {each["topic"]: each["written"] for each in console.ask("health")["kafka"]["topics"]}
    assert after[console.gateway.topics.name(ADJUSTMENTS)] == before + 1
