"""What the debug endpoints show, and to whom."""

import base64
import json

import pytest

from tests.gateway.conftest import Start
from tests.gateway.running import Running, event

pytestmark = pytest.mark.kafka


def test_good_and_bad_show_what_came_newest_first_until_the_reset(gateway: Running) -> None:
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


def test_a_number_that_is_none_is_400(gateway: Running) -> None:
    assert [gateway.client.get(f"/debug/good?after={each}").status_code for each in ("x", "-1", "9" * 30)] == [400] * 3


def test_other_pages_and_names_need_the_token(start: Start) -> None:
    gateway = start(console_token="secret")

    def status(path: str = "/debug/good", **headers: str) -> int:
        return gateway.client.get(path, headers=headers).status_code

    assert status() == 200
    assert status(host="rebound.example") == 401
    assert status(origin="https://evil.example") == 401
    assert status(host="rebound.example", authorization="Bearer wrong") == 401
    assert status(host="rebound.example", authorization="Bearer secret") == 200
    assert status("/debug/good?token=secret", host="rebound.example") == 200


def test_the_page_runs_no_foreign_script(gateway: Running) -> None:
    page = gateway.client.get("/debug/")
    assert page.status_code == 200
    assert "default-src 'none'; script-src 'self'" in page.headers["content-security-policy"]
    assert gateway.client.get("/debug/debug.js").headers["content-type"].startswith("text/javascript")
    assert gateway.client.get("/debug/..%2fapp.py").status_code == 404
