"""Which pages may call the gateway: the Origin header, CORS preflights and response headers."""

import pytest

from tests.support.gateway_in_process import InProcessClient, in_process

SITE, OTHER = "https://site.example", "https://other.example"


@pytest.fixture(scope="module")
def listed() -> InProcessClient:
    return in_process(allowed_origins=(SITE,))


def test_a_page_on_the_list_is_named_in_the_response(listed: InProcessClient) -> None:
    response = listed.get("/openapi.json", headers={"origin": SITE})
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == SITE
    assert response.headers["vary"] == "origin"


def test_a_page_of_another_origin_gets_403_and_the_setting_to_change(listed: InProcessClient) -> None:
    response = listed.get("/openapi.json", headers={"origin": OTHER})
    assert response.status_code == 403
    assert (response.json()["rule"], response.json()["field"]) == ("origin", "origin")
    assert "MICROADJUST_GATEWAY_ALLOWED_ORIGINS" in response.json()["error"]
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize(
    "headers", [{}, {"origin": "http://gateway.example"}], ids=["no browser", "the gateway's own page"]
)
def test_what_is_no_foreign_page_passes(listed: InProcessClient, headers: dict[str, str]) -> None:
    assert listed.get("/openapi.json", headers=headers).status_code == 200


def test_without_a_list_every_page_may_call_but_without_credentials() -> None:
    response = in_process().get("/openapi.json", headers={"origin": OTHER})
    assert response.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in response.headers


def test_a_preflight_allows_the_headers_that_senders_need(listed: InProcessClient) -> None:
    asked = {"origin": SITE, "access-control-request-method": "POST"}
    response = listed.request("OPTIONS", "/v1/events", headers=asked)
    assert response.status_code == 200
    allowed = response.headers["access-control-allow-headers"].split(", ")
    assert {"x-write-key", "content-type", "content-encoding", "authorization"} <= set(allowed)
    assert listed.request("OPTIONS", "/v1/events", headers={**asked, "origin": OTHER}).status_code == 403
