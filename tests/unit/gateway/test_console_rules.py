"""The console's endpoints for rules, on librdkafka's mock cluster: roles, checks, changes, and what they leave."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from infra.bench.mock_kafka import MockKafka, is_available
from infra.rules.rule_topics import RuleTopics
from tests.support.acknowledging_job import acknowledging
from tests.support.builders import rule_data
from tests.support.credentials import OPERATOR
from tests.support.gateway_in_process import InProcessClient, in_process

pytestmark = pytest.mark.skipif(not is_available(), reason="the installed client brings no mock cluster")

READER = "reader-0123456789abcdef"
ADDRESS = "/console/api/rules"


@pytest.fixture
def kafka() -> Iterator[MockKafka]:
    mock = MockKafka(partitions=1)
    yield mock
    mock.close()


@pytest.fixture
def gateway(kafka: MockKafka, tmp_path: Path) -> InProcessClient:
    operators = tmp_path / "operators.toml"
    operators.write_text(f'[[operator]]\nname = "reader"\ntoken = "{READER}"\nroles = ["read"]\n')
    return in_process(bootstrap=kafka.bootstrap, operators_file=str(operators))


def ask(gateway: InProcessClient, method: str, path: str = "", token: str = OPERATOR, **more: Any) -> tuple[int, Any]:
    response = gateway.request(method, ADDRESS + path, headers={"authorization": f"Bearer {token}"}, **more)
    return response.status_code, response.json()


def test_a_rule_is_put_read_rolled_back_and_deleted(kafka: MockKafka, gateway: InProcessClient) -> None:
    with acknowledging(kafka.bootstrap, subtasks=2):
        status, put = ask(gateway, "PUT", "/calm-down", json={"rule": rule_data(priority=10), "wait_s": 10})
        assert (status, put["version"], put["state"], len(put["acks"])) == (200, 1, "in_force", 2)
        status, put = ask(
            gateway, "PUT", "/calm-down", json={"rule": rule_data(priority=20), "bump": True, "wait_s": 10}
        )
        assert (status, put["version"]) == (200, 2)
        status, entry = ask(gateway, "GET", "/calm-down")
        assert (status, entry["origin"], entry["version"], entry["state"]) == (200, "topic", 2, "in_force")
        assert entry["rule"]["priority"] == 20
        assert "priority: 20" in entry["text"]
        assert (entry["last_change"]["by"], entry["last_change"]["via"]) == ("console", "console")
        status, back = ask(gateway, "POST", "/calm-down/rollback", json={"to": 1})
        assert (status, back["version"], back["state"]) == (200, 3, "waiting")
        status, gone = ask(gateway, "DELETE", "/calm-down", json={"wait_s": 10})
        assert (status, gone["version"], gone["state"]) == (200, None, "in_force")
    _, history = ask(gateway, "GET", "/calm-down/history")
    assert [(each["change"], each["version"]) for each in history["changes"]] == [
        ("delete", None),
        ("rollback", 3),
        ("put", 2),
        ("put", 1),
    ]
    assert history["changes"][1]["rule"]["priority"] == 10


def test_refusals_say_what_is_wrong(kafka: MockKafka, gateway: InProcessClient) -> None:
    status, refused = ask(gateway, "PUT", "/calm-down", json={"rule": rule_data(lane="nowhere")})
    assert (status, refused["problems"][0]["rule"]) == (422, "calm-down")
    assert ask(gateway, "PUT", "/other", json={"rule": rule_data()})[0] == 422
    assert ask(gateway, "PUT", "/calm-down", json={"text": "a: [", "bump": True})[0] == 422
    assert ask(gateway, "PUT", "/calm-down", json={"wait_s": 11})[0] == 400
    ask(gateway, "PUT", "/calm-down", json={"rule": rule_data(version=2)})
    assert ask(gateway, "PUT", "/calm-down", json={"rule": rule_data(version=2)})[0] == 200, "nothing to do"
    assert ask(gateway, "PUT", "/calm-down", json={"rule": rule_data(version=1)})[0] == 409
    for method, path in (("DELETE", "/nobody"), ("POST", "/nobody/rollback"), ("GET", "/nobody")):
        assert ask(gateway, method, path)[0] == 404
    assert RuleTopics(kafka.bootstrap).rules().rules["calm-down"].version == 2


def test_checking_lists_rules_and_problems_and_writes_nothing(kafka: MockKafka, gateway: InProcessClient) -> None:
    text = msgspec.yaml.encode({"rules": [rule_data(), rule_data(id="bad", version=0)]}).decode()
    status, checked = ask(gateway, "POST", "/check", token=READER, json={"text": text})
    assert (status, checked["ok"]) == (200, False)
    assert [each["id"] for each in checked["rules"]] == ["calm-down"]
    assert [each["rule"] for each in checked["problems"]] == ["bad"]
    assert RuleTopics(kafka.bootstrap).rules().rules == {}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/calm-down", {"rule": rule_data()}),
        ("DELETE", "/calm-down", {}),
        ("POST", "/calm-down/rollback", {}),
        ("POST", "/dry-run", {"rule": rule_data()}),
    ],
)
def test_changes_require_the_role_and_reading_a_token(
    kafka: MockKafka, gateway: InProcessClient, method: str, path: str, body: dict[str, Any]
) -> None:
    assert ask(gateway, method, path, token=READER, json=body)[0] == 403
    assert ask(gateway, method, path, token="a-wrong-token-of-nobody", json=body)[0] == 401
    assert ask(gateway, "GET", token=READER)[0] == 200
    assert gateway.get(ADDRESS).status_code == 401
    assert RuleTopics(kafka.bootstrap).changes() == {}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"origin": "http://gateway.example"}, 200),
        ({"sec-fetch-site": "cross-site", "origin": "http://gateway.example"}, 401),
        ({"sec-fetch-site": "same-site"}, 401),
        ({"origin": "http://elsewhere.example"}, 401),
        ({}, 401),
    ],
)
def test_the_pages_cookie_changes_rules_from_the_gateways_own_pages_alone(
    gateway: InProcessClient, headers: dict[str, str], status: int
) -> None:
    cookie = gateway.get("/console/", params={"token": OPERATOR}).headers["set-cookie"].partition(";")[0]
    response = gateway.request(
        "PUT", f"{ADDRESS}/calm-down", json={"rule": rule_data()}, headers={"cookie": cookie, **headers}
    )
    assert response.status_code == status


def test_a_form_cannot_change_rules(gateway: InProcessClient) -> None:
    response = gateway.request(
        "PUT",
        f"{ADDRESS}/calm-down",
        content=b'{"rule": {}}',
        headers={"authorization": f"Bearer {OPERATOR}", "content-type": "text/plain"},
    )
    assert response.status_code == 415


def test_a_dry_run_puts_a_shadow_of_its_own(kafka: MockKafka, gateway: InProcessClient) -> None:
    status, begun = ask(gateway, "POST", "/dry-run", json={"rule": rule_data(), "minutes": 60})
    assert (status, begun["until_ms"] - begun["began_at_ms"]) == (202, 3_600_000)
    (shadow,) = RuleTopics(kafka.bootstrap).rules().rules.values()
    assert (shadow.id, shadow.mode) == (begun["id"], "shadow")
    status, counts = ask(gateway, "GET", f"/{begun['id']}/proposals?since_ms={begun['began_at_ms']}")
    assert (status, counts["proposals"], counts["readers"]) == (200, 0, 0)
    assert ask(gateway, "DELETE", f"/{begun['id']}")[0] == 200
