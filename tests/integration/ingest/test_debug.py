"""What the debug endpoints show, and to whom."""

import base64
import json
import re

import httpx
import pytest

from tests.integration.ingest.conftest import Start
from tests.support.broker import Broker
from tests.support.credentials import OPERATOR
from tests.support.event_builders import event
from tests.support.gateway import Gateway
from tests.support.waiting import until

pytestmark = pytest.mark.kafka

PATHS = ("/debug/good", "/debug/bad", "/debug/reset")


@pytest.fixture(scope="module")
def gateway(start: Start) -> Gateway:
    running = start()
    running.client.headers["authorization"] = f"Bearer {OPERATOR}"
    return running


def test_good_and_bad_show_what_came_newest_first_until_the_reset(gateway: Gateway) -> None:
    gateway.client.post("/debug/reset")
    gateway.post([event("one"), event("two"), {"type": "dance", "why": "<b>bold</b>"}])
    good, bad = gateway.client.get("/debug/good").json(), gateway.client.get("/debug/bad").json()
    assert (good["total"], bad["total"]) == (2, 1)
    assert [line["event"]["event_id"] for line in good["lines"]] == ["two", "one"]
    (line,) = bad["lines"]
    assert (line["rejected"]["reason"], line["rejected"]["detail"]) == ("missing_field", "event_id: required")
    assert json.loads(base64.b64decode(line["rejected"]["original"])) == {"type": "dance", "why": "<b>bold</b>"}
    assert [each["event"]["event_id"] for each in gateway.client.get("/debug/good?after=1").json()["lines"]] == ["two"]
    assert gateway.client.post("/debug/reset").json() == {"good": 0, "bad": 0}
    assert gateway.client.get("/debug/bad").json()["lines"] == []


def test_an_event_that_arrives_after_its_503_is_shown_and_counted(start: Start, broker: Broker) -> None:
    gateway = start(ack_timeout_ms="500", ticks="0")
    gateway.client.headers["authorization"] = f"Bearer {OPERATOR}"
    gateway.post([event("before")])
    with broker.silent():
        assert gateway.post([event("late")]).status_code == 503
        assert gateway.client.get("/debug/good").json()["total"] == 1
    until(lambda: gateway.client.get("/debug/good").json()["total"] == 2)
    (line, _) = gateway.client.get("/debug/good").json()["lines"]
    assert line["event"]["event_id"] == "late"
    counted = 'microadjust_collector_events_total{fate="accepted",source="tests"} 2.0'
    assert counted in gateway.client.get("/metrics").text
    assert gateway.post([event("late")]).json()["duplicates"] == 1


def test_a_number_that_is_none_is_400(gateway: Gateway) -> None:
    assert [gateway.client.get(f"/debug/good?after={each}").status_code for each in ("x", "-1", "9" * 30)] == [400] * 3


def test_nobody_gets_in_without_the_token_not_even_from_this_machine(gateway: Gateway) -> None:
    def statuses(query: str = "", **headers: str) -> set[int]:
        methods = {"/debug/reset": "POST"}
        return {
            httpx.request(methods.get(path, "GET"), gateway.url + path + query, headers=headers).status_code
            for path in PATHS
        }

    # As nginx sends it from elsewhere, if it is not told otherwise: the host is what stands in `proxy_pass`.
    assert statuses() == statuses(host="127.0.0.1:8480") == statuses(host="localhost") == {401}
    assert statuses("?token=wrong", authorization="Bearer wrong", cookie="microadjust_debug_8480=wrong") == {401}
    assert statuses("?token=") == {401}
    assert statuses(authorization=f"Bearer {OPERATOR}") == {200}
    # In an address, which proxies log, the token opens what only reads.
    assert [httpx.get(f"{gateway.url}{path}?token={OPERATOR}").status_code for path in PATHS[:2]] == [200, 200]
    assert httpx.post(f"{gateway.url}/debug/reset?token={OPERATOR}").status_code == 401


def test_the_printed_address_opens_the_page_and_leaves_the_token_out_of_it(start: Start) -> None:
    gateway = start(console_token="")
    (address,) = re.findall(r"debug for this run: (\S+)", gateway.log)
    with httpx.Client(base_url=gateway.url) as browser:
        opened = browser.get(address)
        assert (opened.status_code, opened.headers["location"]) == (303, "/debug/")
        cookie = opened.headers["set-cookie"].lower()
        assert all(each in cookie for each in ("httponly", "samesite=strict", "path=/debug"))
        assert browser.get("/debug/").text.startswith("<!doctype html>")
        assert browser.get("/debug/good").status_code == 200


def test_only_who_tries_basic_is_asked_for_basic(gateway: Gateway) -> None:
    """A browser shows a login of its own at that word."""

    def asked(**headers: str) -> str:
        answer = httpx.get(f"{gateway.url}/debug/good", headers=headers)
        return answer.headers["www-authenticate"].partition(" ")[0]

    assert (asked(), asked(authorization="Bearer x"), asked(authorization="Basic eDo=")) == (
        "Bearer",
        "Bearer",
        "Basic",
    )


def test_the_page_runs_no_foreign_script(gateway: Gateway) -> None:
    page = gateway.client.get("/debug/")
    assert page.status_code == 200
    assert "default-src 'none'; script-src 'self'" in page.headers["content-security-policy"]
    assert gateway.client.get("/debug/debug.js").headers["content-type"].startswith("text/javascript")
    assert gateway.client.get("/debug/..%2fapp.py").status_code == 404
