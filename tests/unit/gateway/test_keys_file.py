"""Keys from a file: what they permit, and that a change of the file is in force without a restart."""

import os
import time
from hashlib import sha256
from pathlib import Path

import pytest
from starlette.requests import HTTPConnection

from infra.gateway.auth.key_permissions import KeyTable, Quota, WriteKey, key_digest
from infra.gateway.auth.keys_file import CHECK_EVERY_S, KeysFile, read_keys
from infra.gateway.auth.write_keys import WriteKeys
from infra.gateway.errors import ApiError
from infra.settings import SettingsError
from tests.support.event_builders import event
from tests.support.gateway_in_process import in_process
from tests.support.waiting import until

OLD, NEW, SERVER = "old-key-of-the-blog", "new-key-of-the-blog", "server-key-of-the-blog"
BLOG = f"""
[sources.blog]
origins = ["https://blog.example"]
events_per_s = 5.0
burst = 7
[[sources.blog.keys]]
key = "{OLD}"
expires = 2100-01-01T00:00:00Z
[[sources.blog.keys]]
sha256 = "{sha256(NEW.encode()).hexdigest()}"
note = "since November"
[[sources.blog.keys]]
key = "{SERVER}"
kind = "server"
scopes = ["events", "read"]
"""


def keys_of(tmp_path: Path, text: str) -> KeyTable:
    file = tmp_path / "keys.toml"
    file.write_text(text)
    return read_keys(file)


def connection(**headers: str) -> HTTPConnection:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return HTTPConnection({"type": "http", "headers": raw})


def status(keys: WriteKeys, key: str, scope: str = "events", **headers: str) -> int:
    try:
        keys.of(key, connection(**headers), scope)  # type: ignore[arg-type]
    except ApiError as error:
        return error.status
    return 200


def test_two_keys_of_one_source_are_valid_at_once(tmp_path: Path) -> None:
    keys = keys_of(tmp_path, BLOG)
    old, new, server = (keys[key_digest(each)] for each in (OLD, NEW, SERVER))
    assert {each.source for each in (old, new, server)} == {"blog"}
    assert (old.level, new.level, server.level) == ("public", "public", "server")
    assert old.quota == new.quota == Quota(5.0, 7)
    assert server.scopes == {"events", "read"}
    assert "read" not in old.scopes


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("[sources", "end of a table"),
        ('[sources.a]\n[[sources.a.keys]]\nkey = "short"', "16 characters"),
        ("[sources.a]\n[[sources.a.keys]]\nnote = 'x'", "either key or sha256"),
        ("[sources.a]\n[[sources.a.keys]]\nsha256 = 'abc'", "64 hexadecimal"),
        (f'[sources.a]\n[[sources.a.keys]]\nkey = "{OLD}"\nscopes = ["read"]', "a public key may have"),
        (f'[sources.a]\n[[sources.a.keys]]\nkey = "{OLD}"\nkind = "secret"', "kind"),
        (f'[sources.a]\n[[sources.a.keys]]\nkey = "{OLD}"\n[[sources.a.keys]]\nkey = "{OLD}"', "listed twice"),
        (f'[sources.a]\norigins = ["https://a.example/x"]\n[[sources.a.keys]]\nkey = "{OLD}"', "has no path"),
        (f'[sources.a]\norigins = ["https://*.example"]\n[[sources.a.keys]]\nkey = "{OLD}"', "wildcards"),
        (f'[sources.a]\nevents_per_s = inf\n[[sources.a.keys]]\nkey = "{OLD}"', "at most"),
        (f'[sources.a]\nevents_per_s = nan\nburst = 3\n[[sources.a.keys]]\nkey = "{OLD}"', "at most"),
        (f'[sources.a]\nevents_per_s = 1e308\n[[sources.a.keys]]\nkey = "{OLD}"', "at most"),
        (f'[sources.a]\nburst = 3\n[[sources.a.keys]]\nkey = "{OLD}"', "above 0"),
        (f'[sources.a]\n[[sources.a.keys]]\nkey = "{OLD}"\nrevoke = true', "revoke"),
    ],
)
def test_a_broken_file_is_refused_by_a_sentence_that_repeats_no_key(tmp_path: Path, change: str, said: str) -> None:
    with pytest.raises(SettingsError) as raised:
        keys_of(tmp_path, change)
    assert said in str(raised.value)
    assert "MICROADJUST_GATEWAY_KEYS_FILE" in str(raised.value)
    assert OLD not in str(raised.value)


def test_a_file_that_is_missing_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        KeysFile(str(tmp_path / "none.toml"))


def test_keys_are_used_where_they_are_meant_to_be(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    file.write_text(BLOG + '[[sources.blog.keys]]\nkey = "expired-key-of-the-blog"\nexpires = 2020-01-01T00:00:00Z\n')
    keys = WriteKeys({"from-the-environment": "site"}, {}, KeysFile(str(file)))
    assert status(keys, "from-the-environment", origin="https://anywhere.example") == 200
    assert status(keys, OLD) == 200
    assert status(keys, OLD, origin="https://blog.example") == 200
    assert status(keys, OLD, origin="https://other.example") == 403
    assert status(keys, OLD, "read") == 403
    assert status(keys, SERVER, "read") == 200
    assert status(keys, SERVER, "outcomes") == 403
    # Sent by a page, it is no secret any more.
    assert status(keys, SERVER, origin="https://blog.example") == 403
    assert status(keys, "expired-key-of-the-blog") == 401
    assert status(keys, "nobody's") == 401
    assert keys.sources == {"site", "blog"}
    assert not keys.is_one_sender


def test_origins_are_understood_as_browsers_write_them(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    given = '["https://Blog.Example/", "https://shop.example:443", "https://m\u00fcller.example"]'
    file.write_text(BLOG.replace('["https://blog.example"]', given))
    keys = WriteKeys({}, {}, KeysFile(str(file)))
    for origin in ("https://blog.example", "https://shop.example", "https://xn--mller-kva.example"):
        assert status(keys, OLD, origin=origin) == 200
    assert status(keys, OLD, origin="https://other.example") == 403


def test_a_key_that_is_revoked_is_revoked_in_the_settings_too(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    file.write_text(BLOG + "revoked = true\n")
    keys = WriteKeys({OLD: "blog"}, {SERVER: "blog"}, KeysFile(str(file)))
    assert (status(keys, OLD), status(keys, SERVER)) == (200, 401)
    assert keys.source_in_broken_json(f'{{"write_key": "{SERVER}"'.encode()) is None


def test_a_file_of_a_windows_editor_is_read(tmp_path: Path) -> None:
    assert keys_of(tmp_path, "\ufeff" + BLOG.replace("\n", "\r\n")).keys() == keys_of(tmp_path, BLOG).keys()


def test_a_key_is_revoked_and_another_added_without_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    blog = BLOG.replace("burst = 7", "burst = 1000")
    file.write_text(blog)
    client = in_process(write_keys={}, keys_file=str(file))

    def answers(key: str) -> int:
        return client.post("/v1/events", json={"events": [event()]}, headers={"x-write-key": key}).status_code

    assert (answers(OLD), answers(NEW), answers("third-key-of-the-blog")) == (202, 202, 401)
    text = blog.replace("expires = 2100-01-01T00:00:00Z", "revoked = true")
    _replace(file, text + '[[sources.blog.keys]]\nkey = "third-key-of-the-blog"\n')
    until(lambda: (answers(OLD), answers(NEW), answers("third-key-of-the-blog")) == (401, 202, 202), 10 * CHECK_EVERY_S)
    # One that is broken changes nothing.
    _replace(file, "[sources")
    time.sleep(2 * CHECK_EVERY_S)
    assert (answers(OLD), answers(NEW)) == (401, 202)
    _replace(file, blog)
    until(lambda: answers(OLD) == 202, 10 * CHECK_EVERY_S)


def test_the_quota_is_of_all_keys_of_a_source(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    file.write_text(BLOG.replace("events_per_s = 5.0", "events_per_s = 0.001"))
    client = in_process(keys_file=str(file))

    def answers(key: str, events: int) -> int:
        body = {"events": [event() for _ in range(events)]}
        return client.post("/v1/events", json=body, headers={"x-write-key": key}).status_code

    assert [answers(OLD, 4), answers(NEW, 4), answers(SERVER, 3), answers(OLD, 1)] == [202, 429, 202, 429]


def test_a_key_is_told_by_nothing_but_itself() -> None:
    one, other = WriteKey("a"), WriteKey("b")
    keys = WriteKeys({"one-key": "a", "other-key": "b"})
    assert keys.of("one-key", connection(), "events") == one
    assert keys.of("other-key", connection(), "events") == other
    for wrong in ("", "one-key ", "ONE-KEY", key_digest("one-key").hex(), "\udc80", None, 7, ["one-key"]):
        with pytest.raises(ApiError):
            keys.of(wrong, connection(), "events")


def _replace(file: Path, text: str) -> None:
    """Replaces the file as tools do that write secrets: at once."""
    other = file.with_suffix(".new")
    other.write_text(text)
    os.replace(other, file)
