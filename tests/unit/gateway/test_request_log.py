"""What is logged and counted of every request, and what is not."""

import json
import logging
from typing import Any

import pytest
from prometheus_client import REGISTRY
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from infra.gateway.app import create_app
from infra.logs import JsonFormatter
from tests.support.credentials import OPERATOR, WRITE_KEY
from tests.support.gateway_in_process import InProcessClient, RecordingProducer, in_process, settings, unreachable_redis


def counted(route: str, status: int) -> float:
    labels = {"route": route, "method": "GET", "status": str(status)}
    return REGISTRY.get_sample_value("microadjust_http_responses_total", labels) or 0.0


def access_lines(caplog: pytest.LogCaptureFixture) -> list[Any]:
    formatter = JsonFormatter(dict)
    return [json.loads(formatter.format(each)) for each in caplog.records if each.name == "microadjust.access"]


@pytest.fixture
def failing() -> InProcessClient:
    async def fail(_: Request) -> Response:
        raise RuntimeError("a mistake of ours")

    app = create_app(settings(), RecordingProducer(), unreachable_redis())
    app.router.routes.append(Route("/fails", fail))
    return InProcessClient(app)


def test_an_internal_error_is_counted_logged_with_its_trace_and_answered_with_the_id(
    failing: InProcessClient, caplog: pytest.LogCaptureFixture
) -> None:
    before = counted("/fails", 500)
    answer = failing.get("/fails", headers={"x-request-id": "abc-123"})
    assert (answer.status_code, answer.json()["rule"], answer.json()["request_id"]) == (500, "internal", "abc-123")
    assert counted("/fails", 500) == before + 1
    assert "a mistake of ours" in caplog.text


def test_a_request_id_is_taken_where_it_is_harmless_and_made_where_it_is_not() -> None:
    client = in_process()
    assert client.get("/live", headers={"x-request-id": "a.b:c_d-1"}).headers["x-request-id"] == "a.b:c_d-1"
    for given in (
        {},
        {"x-request-id": ""},
        {"x-request-id": "x" * 65},
        {"x-request-id": 'a"b'},
        {"x-request-id": "a b"},
    ):
        made = client.get("/live", headers=given).headers["x-request-id"]
        assert len(made) == 16
        assert made not in given.values()


def test_a_line_names_the_route_and_neither_session_nor_token_nor_whole_address(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    in_process().get(f"/v1/sessions/anna?token={OPERATOR}", headers={"x-request-id": "abc"})
    (line,) = access_lines(caplog)
    assert (line["route"], line["method"], line["status"]) == ("/v1/sessions/{session_id:path}", "GET", 200)
    assert line["time"].endswith("Z")
    assert line["level"] == "info"
    assert not any(each in json.dumps(line) for each in ("anna", OPERATOR, "127.0.0.1"))


def test_what_scanners_ask_for_is_one_route(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    client, before = in_process(), counted("unmatched", 404)
    for number in range(5):
        assert client.get(f"/wp-admin/{number}").status_code == 404
    assert counted("unmatched", 404) == before + 5
    assert {line["route"] for line in access_lines(caplog)} == {"unmatched"}


def test_probes_are_not_logged_while_they_succeed_and_the_log_can_be_off(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert in_process().get("/live").status_code == 200
    assert in_process(access_log=False).get("/openapi.json").status_code == 200
    assert access_lines(caplog) == []


def test_a_proxy_that_is_not_trusted_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    client = in_process()
    for _ in range(3):
        client.post(
            "/v1/events", json={"events": []}, headers={"x-write-key": WRITE_KEY, "x-forwarded-for": "198.51.100.7"}
        )
    warnings = [each.getMessage() for each in caplog.records if "TRUSTED_PROXIES" in each.getMessage()]
    assert len(warnings) == 1


def test_a_gateway_that_has_not_reached_kafka_is_live_and_not_ready() -> None:
    client = in_process()
    assert client.get("/live").json() == {"live": True, "dead": []}
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()["ready"]) == (503, False)


def test_a_part_that_has_died_makes_it_not_live() -> None:
    app = create_app(settings(), RecordingProducer(), unreachable_redis())
    app.state.gateway.is_alive += [lambda: None, lambda: "ticks"]
    answer = InProcessClient(app).get("/live")
    assert (answer.status_code, answer.json()) == (503, {"live": False, "dead": ["ticks"]})


def test_metrics_leave_the_public_port_where_they_have_their_own() -> None:
    assert in_process().get("/metrics").status_code == 200
    assert in_process(metrics_port=9999).get("/metrics").status_code == 404
