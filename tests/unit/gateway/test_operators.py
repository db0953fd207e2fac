"""Operators by name: roles, a file that changes, sessions in a cookie, and limited guesses."""

import logging
import os
from hashlib import sha256
from pathlib import Path

import pytest

from infra.gateway.auth.operator import GUESSES_BURST
from infra.gateway.auth.operator_sessions import operator_of_session, sign_session
from infra.gateway.auth.operators import Operators, read_operators
from infra.settings import SettingsError
from tests.support.credentials import OPERATOR
from tests.support.gateway_in_process import in_process, settings

READER, ERASER = "token-of-the-reader", "token-of-the-eraser"
FILE = f"""
[[operator]]
name = "reader"
token = "{READER}"
roles = ["read"]

[[operator]]
name = "eraser"
token_sha256 = "{sha256(ERASER.encode()).hexdigest()}"
roles = ["erase"]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "operators.toml"
    path.write_text(FILE)
    return path


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_each_role_opens_its_own_endpoints_only(file: Path) -> None:
    client = in_process(operators_file=str(file))
    reads, erases = "/v1/targets/content/x/adjustments", "/v1/people/"
    assert client.get(reads, headers=bearer(READER)).status_code == 200
    assert client.get("/debug/good", headers=bearer(READER)).status_code == 200
    assert client.get(reads, headers=bearer(ERASER)).json()["rule"] == "role"
    assert client.get("/debug/good", headers=bearer(ERASER)).status_code == 403
    # Redis is away: who may erase is told so, and who may not is refused before it is asked.
    person = f"{erases}anna"
    assert client.request("DELETE", person, headers=bearer(ERASER)).status_code == 503
    assert client.request("DELETE", person, headers=bearer(READER)).status_code == 403
    assert client.request("DELETE", person, headers=bearer(OPERATOR)).status_code == 503


def test_a_token_in_the_address_opens_nothing_that_changes_something() -> None:
    client = in_process()
    assert client.get(f"/debug/good?token={OPERATOR}").status_code == 200
    assert client.request("DELETE", f"/v1/people/{'x' * 200}?token={OPERATOR}").status_code == 401
    assert client.post(f"/debug/reset?token={OPERATOR}").status_code == 401


def test_the_cookie_is_not_the_token_and_lasts_half_a_day(file: Path) -> None:
    client = in_process(operators_file=str(file))
    cookie = client.get(f"/console/?token={READER}").headers["set-cookie"]
    assert READER not in cookie
    assert "Max-Age=43200" in cookie
    name, value = cookie.partition(";")[0].split("=", 1)
    assert (
        client.get("/debug/good", headers={"cookie": f"{name.replace('console', 'debug')}={value}"}).status_code == 200
    )
    forged = value[:-1] + ("0" if value[-1] != "0" else "1")
    assert (
        client.get("/debug/good", headers={"cookie": f"{name.replace('console', 'debug')}={forged}"}).status_code == 401
    )


def test_a_session_ends_with_its_time_its_operator_and_its_token(file: Path) -> None:
    operators = Operators(settings(operators_file=str(file)))
    reader = operators.find(READER)
    assert reader is not None
    cookie = sign_session(reader, 1_000, ["new", "old"])
    assert operator_of_session(cookie, operators, ["newer", "new"], 999) == reader
    assert operator_of_session(cookie, operators, ["newer", "new"], 1_000) is None
    assert operator_of_session(cookie, operators, ["other"], 999) is None
    for text in (FILE.replace(READER, "another-token-of-it"), FILE.replace('"reader"', '"someone"')):
        file.write_text(text)
        assert operator_of_session(cookie, Operators(settings(operators_file=str(file))), ["new"], 999) is None


@pytest.mark.parametrize(
    "cookie", ["", "v1", "v1.9.a.b", "....", "v1.x.y.z.w", "é" * 9, "v1.9.a.b." + "0" * 64, "x" * 9_999]
)
def test_no_other_text_is_a_session(cookie: str) -> None:
    assert operator_of_session(cookie, Operators(settings()), ["secret"], 0) is None


def test_a_changed_file_counts_and_a_broken_one_does_not(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.gateway.auth.operators.LOOK_EVERY_S", 0.0)
    operators = Operators(settings(operators_file=str(file)))
    file.write_text(FILE.replace(READER, "a-new-token-for-the-reader"))
    os.utime(file, (1, 1))
    assert operators.find(READER) is None
    assert operators.find("a-new-token-for-the-reader") is not None
    file.write_text("[[operator]")
    os.utime(file, (2, 2))
    assert operators.find("a-new-token-for-the-reader") is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[[operators]]",
        'operator = ["reader"]',
        '[[operator]]\nname = "a"\ntoken = "short"\nroles = ["read"]',
        '[[operator]]\nname = "a"\ntoken = "long enough, this one"\nroles = []',
        '[[operator]]\nname = "a"\ntoken = "long enough, this one"\nroles = ["rule"]',
        '[[operator]]\nname = "console"\ntoken = "long enough, this one"\nroles = ["read"]',
        '[[operator]]\nname = "a"\ntoken = "long enough, this one"\nrole = ["read"]',
        '[[operator]]\nname = "a"\ntoken_sha256 = "12"\nroles = ["read"]',
        '[[operator]]\nname = ""\ntoken = "long enough, this one"\nroles = ["read"]',
        FILE + FILE,
    ],
)
def test_a_file_that_says_something_else_is_refused_without_its_secrets(tmp_path: Path, text: str) -> None:
    path = tmp_path / "operators.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=str(path)) as refusal:
        read_operators(path)
    assert "long enough" not in str(refusal.value)


def test_after_many_wrong_tokens_the_right_one_has_to_wait_too_and_each_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    client = in_process()
    statuses = [client.get("/debug/good", headers=bearer(f"guess-{n}")).status_code for n in range(GUESSES_BURST + 10)]
    assert statuses[:GUESSES_BURST] == [401] * GUESSES_BURST
    assert statuses[-1] == 429
    refused = client.get("/debug/good", headers=bearer(OPERATOR))
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    logged = [record for record in caplog.records if record.name == "microadjust.audit"]
    assert len(logged) == statuses.count(401)
    assert not any("guess-" in str(vars(record)) for record in logged)


def test_pages_with_expired_push_tokens_do_not_lock_the_operator_out() -> None:
    client = in_process()
    for _ in range(GUESSES_BURST + 10):
        assert client.get("/v1/sessions/anna?token=v1.abc.def").status_code == 401
    assert client.get("/debug/good", headers=bearer(OPERATOR)).status_code == 200


def test_behind_https_the_cookie_never_goes_out_in_the_clear() -> None:
    client = in_process()
    assert "secure" not in client.get(f"/console/?token={OPERATOR}").headers["set-cookie"].lower()
    cookie = client.get(f"https://gateway.example/console/?token={OPERATOR}").headers["set-cookie"]
    assert "; secure" in cookie.lower()


def test_an_address_without_the_slash_loses_the_token_too() -> None:
    answer = in_process().get(f"/debug?token={OPERATOR}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/debug/")
