"""The operator's token: one guard for console, debug pages and REST."""

import pytest

from tests.support.credentials import OPERATOR
from tests.support.gateway_in_process import in_process

PATHS = ("/debug/good", "/v1/targets/content/article-1/adjustments")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({}, ""),
        ({"authorization": "Bearer wrong"}, ""),
        ({"authorization": f"Basic {OPERATOR}"}, ""),
        ({"authorization": OPERATOR}, ""),
        ({"authorization": "Bearer "}, f"?token={OPERATOR}"),
        ({}, "?token="),
        ({}, "?token=%C3%A9"),
        ({"cookie": "microadjust_debug_8480=wrong"}, ""),
    ],
    ids=["none", "wrong", "basic", "no scheme", "empty bearer hides the query", "empty", "not ASCII", "wrong cookie"],
)
def test_without_the_token_the_answer_is_401_and_names_the_setting(
    path: str, headers: dict[str, str], query: str
) -> None:
    response = in_process().get(path + query, headers=headers)
    assert response.status_code == 401
    assert response.json()["rule"] == "token"
    assert "MICROADJUST_GATEWAY_CONSOLE_TOKEN" in response.json()["error"]


@pytest.mark.parametrize("path", PATHS)
def test_the_token_opens_by_header_and_by_query(path: str) -> None:
    client = in_process()
    assert client.get(path, headers={"authorization": f"bearer {OPERATOR}"}).status_code == 200
    assert client.get(f"{path}?token={OPERATOR}").status_code == 200


def test_without_a_console_token_nobody_is_the_operator() -> None:
    assert in_process(console_token="").get("/debug/good?token=").status_code == 401


@pytest.mark.parametrize(("page", "data"), [("/debug/", "/debug/good"), ("/console/", "/console/api/health")])
def test_a_page_turns_the_token_into_a_cookie_that_only_this_gateway_knows(page: str, data: str) -> None:
    client = in_process(port=8481, bootstrap="127.0.0.1:1")
    assert "set-cookie" not in client.get(f"{page}?token=wrong").headers
    assert client.get(data).status_code == 401
    signed_in = client.get(f"{page}?token={OPERATOR}")
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, page)
    cookie = signed_in.headers["set-cookie"].lower()
    assert cookie.startswith(f"microadjust_{page.strip('/')}_8481=")
    assert all(each in cookie for each in ("httponly", "samesite=strict", f"path={page.rstrip('/')}"))
    assert OPERATOR not in signed_in.headers["location"]
