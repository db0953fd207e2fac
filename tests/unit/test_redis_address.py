"""Where Redis is and how to log in: what is refused, and what no text shows."""

from pathlib import Path

import pytest
from redis import Redis

from infra.redis.address import read_redis_url, shown
from infra.settings import Connections, SettingsError

DEFAULT = "redis://127.0.0.1:1/0"
PASSWORD = "p/ss@w#rd:?%"


def read(**values: str) -> str:
    environ = {f"MICROADJUST_GATEWAY_REDIS_{name}": value for name, value in values.items()}
    return read_redis_url(environ, DEFAULT, SettingsError)


def test_without_settings_it_is_the_default() -> None:
    assert read() == DEFAULT
    assert read(URL="redis://:pw@host:6379/2") == "redis://:pw@host:6379/2"


def test_a_password_of_its_own_needs_no_encoding() -> None:
    client = Redis.from_url(read(URL="rediss://host:6380/3", USERNAME="gate:way", PASSWORD=PASSWORD))
    given = client.connection_pool.connection_kwargs
    assert (given["username"], given["password"]) == ("gate:way", PASSWORD)
    assert (given["host"], given["port"], given["db"]) == ("host", 6380, 3)
    assert given["ssl_check_hostname"] is True


def test_values_may_come_from_files(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(PASSWORD + "\n")
    (tmp_path / "ca").write_text("pem")
    url = read(URL="rediss://host", PASSWORD_FILE=str(tmp_path / "password"), SSL_CA_FILE=str(tmp_path / "ca"))
    given = Redis.from_url(url).connection_pool.connection_kwargs
    assert given["password"] == PASSWORD
    assert given["ssl_ca_certs"] == str(tmp_path / "ca")


@pytest.mark.parametrize(
    ("settings", "named", "fix"),
    [
        ({"URL": f"redis://:{PASSWORD}@host"}, "REDIS_URL", "MICROADJUST_GATEWAY_REDIS_PASSWORD"),
        ({"URL": "host:6379"}, "REDIS_URL", "redis://host:6379/0"),
        ({"URL": "http://host"}, "REDIS_URL", "redis://host:6379/0"),
        ({"URL": "redis://:pw@host", "PASSWORD": "hunter2"}, "REDIS_PASSWORD", "leave one"),
        ({"USERNAME": "u"}, "REDIS_USERNAME", "REDIS_PASSWORD"),
        ({"URL": "redis://host", "SSL_CA_FILE": "/x"}, "REDIS_SSL_CA_FILE", "rediss://"),
        ({"URL": "rediss://host", "SSL_CA_FILE": "/no/such"}, "REDIS_SSL_CA_FILE", "No such file"),
        ({"URL": "rediss://host", "SSL_KEY_FILE": "/x"}, "REDIS_SSL_KEY_FILE", "give both"),
        ({"PASSWORD": "hunter2", "PASSWORD_FILE": "/x"}, "REDIS_PASSWORD_FILE", "leave one"),
    ],
)
def test_what_cannot_be_used_is_refused_without_showing_it(settings: dict[str, str], named: str, fix: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read(**settings)
    assert named in str(refused.value)
    assert fix in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert "w#rd" not in str(refused.value)
    assert "p/ss" not in str(refused.value)


def test_what_is_shown_holds_neither_login_nor_key() -> None:
    url = read(URL="redis://host:6379/0", PASSWORD="hunter2")
    assert shown(url) == "redis://host:6379/0"
    assert "hunter2" not in repr(Connections(redis_url=url))
