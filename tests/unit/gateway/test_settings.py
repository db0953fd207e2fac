"""Settings from the environment: errors name key and fix, secrets are never all the same."""

from dataclasses import replace
from pathlib import Path

import pytest

from infra.gateway.settings import Settings, Webhook
from infra.gateway.settings_checks import is_loopback, require_safe
from infra.known_settings import check_names, known_names
from infra.settings import SettingsError

ORIGINS = "MICROADJUST_GATEWAY_ALLOWED_ORIGINS"


def test_nothing_set_is_a_gateway_of_its_own_with_secrets_of_this_run() -> None:
    one, two = Settings.from_env({}), Settings.from_env({})
    assert (one.host, one.port) == ("127.0.0.1", 8480)
    assert set(one.generated) == {"write_keys", "token_secrets", "console_token"}
    assert (one.write_keys, one.token_secrets, one.console_token) != (
        two.write_keys,
        two.token_secrets,
        two.console_token,
    )


def test_what_is_set_counts() -> None:
    settings = Settings.from_env(
        {
            "MICROADJUST_WRITE_KEYS": "site:abc, shop:d:e",
            "MICROADJUST_PUSH_SECRETS": "new, old",
            "MICROADJUST_WEBHOOK_SECRETS": "cdp=segment:a|b,own=standard:whsec_YQ==",
            "MICROADJUST_GATEWAY_PORT": "9000",
            "MICROADJUST_GATEWAY_TICKS": "0",
            "MICROADJUST_GATEWAY_CONSOLE_TOKEN": "t",
            "MICROADJUST_GATEWAY_ALLOWED_ORIGINS": "https://a.example,https://b.example",
            "MICROADJUST_GATEWAY_TOPICS_PREFIX": "x-",
        }
    )
    assert settings.write_keys == {"abc": "site", "d:e": "shop"}
    assert settings.token_secrets == ("new", "old")
    assert settings.webhooks == {"cdp": Webhook("segment", ("a", "b")), "own": Webhook("standard", ("whsec_YQ==",))}
    assert (settings.port, settings.ticks, settings.generated) == (9000, False, ())
    assert settings.allowed_origins == ("https://a.example", "https://b.example")
    assert settings.topic("events.v1") == "x-events.v1"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("MICROADJUST_GATEWAY_PORT", "eighty"),
        ("MICROADJUST_GATEWAY_PORT", "0"),
        ("MICROADJUST_GATEWAY_IP_REQUESTS_PER_S", "nan"),
        ("MICROADJUST_GATEWAY_TICKS", "maybe"),
        ("MICROADJUST_WRITE_KEYS", "nokey"),
        ("MICROADJUST_WRITE_KEYS", "site:"),
        ("MICROADJUST_WEBHOOK_SECRETS", "shop=stripe:a"),
        ("MICROADJUST_WEBHOOK_SECRETS", "shop=segment:"),
        ("MICROADJUST_WEBHOOK_SECRETS", "shop=standard:not-base64"),
        ("MICROADJUST_WEBHOOK_SECRETS", ","),
        ("MICROADJUST_WRITE_KEYS", " , "),
        ("MICROADJUST_PUSH_SECRETS", ","),
        ("MICROADJUST_GATEWAY_TRUSTED_PROXIES", ","),
        ("MICROADJUST_GATEWAY_PORT", "65536"),
        ("MICROADJUST_GATEWAY_PORT", "tcp://10.0.0.1:8480"),
        ("MICROADJUST_GATEWAY_DRAIN_S", "-1"),
        ("MICROADJUST_GATEWAY_METRICS_PORT", "99999"),
        ("MICROADJUST_GATEWAY_LOG_FORMAT", "xml"),
    ],
)
def test_a_broken_value_is_named_and_a_secret_is_not_shown(key: str, value: str) -> None:
    with pytest.raises(SettingsError, match=key):
        Settings.from_env({key: value})


def test_a_proxy_that_is_no_address_is_named() -> None:
    name = "MICROADJUST_GATEWAY_TRUSTED_PROXIES"
    for text in ("localhost", "10.0.0.1, proxy.internal", "10.0.0.0/99"):
        with pytest.raises(SettingsError, match=name):
            Settings.from_env({name: text})
    given = Settings.from_env({name: " 127.0.0.1,, 10.0.0.0/8 , ::1,"})
    assert given.trusted_proxies == ("127.0.0.1", "10.0.0.0/8", "::1")
    # An address of the network, as it stands in the tables of interfaces, means the network.
    assert Settings.from_env({name: "10.1.2.3/8, *"}).trusted_proxies == ("10.0.0.0/8", "*")


def test_a_setting_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secrets").write_text("new,old\n")
    settings = Settings.from_env({"MICROADJUST_PUSH_SECRETS_FILE": str(tmp_path / "secrets")})
    assert settings.token_secrets == ("new", "old")
    with pytest.raises(SettingsError, match="MICROADJUST_GATEWAY_CONSOLE_TOKEN_FILE"):
        Settings.from_env({"MICROADJUST_GATEWAY_CONSOLE_TOKEN_FILE": "/no/such/file"})


def test_no_secret_is_shown_with_the_settings() -> None:
    settings = Settings.from_env(
        {
            "MICROADJUST_WRITE_KEYS": "site:hunter2",
            "MICROADJUST_PUSH_SECRETS": "hunter2",
            "MICROADJUST_WEBHOOK_SECRETS": "cdp=segment:hunter2",
            "MICROADJUST_GATEWAY_CONSOLE_TOKEN": "hunter2",
            "MICROADJUST_GATEWAY_REDIS_URL": "redis://:hunter2@redis:6379/0",
            "MICROADJUST_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "MICROADJUST_KAFKA_SASL_MECHANISM": "PLAIN",
            "MICROADJUST_KAFKA_SASL_USERNAME": "gateway",
            "MICROADJUST_KAFKA_SASL_PASSWORD": "hunter2",
        }
    )
    assert "hunter2" not in repr(settings) + repr(settings.webhooks)
    assert settings.kafka.librdkafka["sasl.password"] == "hunter2"


def test_an_unknown_setting_of_kafka_is_named() -> None:
    with pytest.raises(SettingsError, match="MICROADJUST_KAFKA_SASL_PASWORD"):
        Settings.from_env({"MICROADJUST_KAFKA_SASL_PASWORD": "x"})


def test_origins_are_understood_as_browsers_write_them() -> None:
    given = "https://Blog.Example/, https://shop.example:443,http://tide.example:80,https://müller.example,http://[::1]:8080"
    assert Settings.from_env({ORIGINS: given}).allowed_origins == (
        "https://blog.example",
        "https://shop.example",
        "http://tide.example",
        "https://xn--mller-kva.example",
        "http://[::1]:8080",
    )


@pytest.mark.parametrize(
    "entry",
    [
        "https://*.tide.example",
        "*",
        "tide.example",
        "https://tide.example/blog",
        "https://tide.example?x",
        "https://u:p@tide.example",
        "https://a.example https://b.example",
        "null",
        "https://tide.example:port",
        "https://",
        "https://.",
        "ftp://tide.example",
        ",",
    ],
)
def test_an_origin_that_no_browser_sends_is_named(entry: str) -> None:
    with pytest.raises(SettingsError, match=ORIGINS):
        Settings.from_env({ORIGINS: f"https://good.example,{entry}" if entry != "," else entry})


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("MICROADJUST_GATEWAY_ALLOWED_ORIGIN", ORIGINS),
        ("MICROADJUST_GATEWAY_PUSH_SECRETS", "MICROADJUST_PUSH_SECRETS"),
        ("MICROADJUST_WRITE_KEY", "MICROADJUST_WRITE_KEYS"),
        ("MICROADJUST_KAFKA_PROT", "MICROADJUST_KAFKA_PORT"),
        ("MICROADJUST_PROJECTOR_PROT", "MICROADJUST_PROJECTOR_PORT"),
    ],
)
def test_an_unknown_name_is_refused_with_the_name_that_was_meant(wrong: str, meant: str) -> None:
    with pytest.raises(SettingsError, match=rf"{wrong}: unknown setting; did you mean {meant}\?"):
        check_names(["PATH", "HOME", wrong])


def test_every_unknown_name_is_named_and_known_ones_pass() -> None:
    with pytest.raises(SettingsError, match=r"MICROADJUST_AAA: unknown setting; unset it; MICROADJUST_ZZZ"):
        check_names(["MICROADJUST_ZZZ", "MICROADJUST_AAA", "MICROADJUST_HOME"])
    check_names([*known_names(), "MICROADJUSTED"])


def test_what_kubernetes_sets_for_a_service_is_no_setting_of_ours() -> None:
    set_by_kubernetes = ("SERVICE_HOST", "SERVICE_PORT", "SERVICE_PORT_HTTP", "PORT_8480_TCP", "PORT_8480_TCP_ADDR")
    check_names([f"MICROADJUST_EDGE_{each}" for each in set_by_kubernetes])


def test_random_or_weak_secrets_are_refused_where_others_can_connect() -> None:
    random = Settings.from_env({})
    require_safe(random)
    with pytest.raises(SettingsError, match=r"MICROADJUST_WRITE_KEYS, MICROADJUST_PUSH_SECRETS, \w+_CONSOLE_TOKEN"):
        require_safe(replace(random, host="0.0.0.0"))
    weak = replace(random, generated=(), token_secrets=("long enough for all of it", "SECRET"))
    require_safe(weak)
    with pytest.raises(SettingsError, match="MICROADJUST_PUSH_SECRETS"):
        require_safe(replace(weak, host="::"))
    require_safe(replace(weak, host="::", token_secrets=("long enough for all of it",)))


def test_a_webhook_that_stands_twice_is_refused_and_its_secrets_are_not_shown() -> None:
    with pytest.raises(SettingsError, match="MICROADJUST_WEBHOOK_SECRETS: crm stands twice") as raised:
        Settings.from_env({"MICROADJUST_WEBHOOK_SECRETS": "crm=segment:s3cret-1,crm=segment:s3cret-2"})
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("name", ["MICROADJUST_SERVER_KEYS=shop:k", "MICROADJUST_SESSION_SECRET=s"])
def test_a_weak_key_of_a_server_and_a_weak_session_secret_are_refused_too(name: str) -> None:
    variable, _, value = name.partition("=")
    enough = {"MICROADJUST_PUSH_SECRETS": "x" * 16, "MICROADJUST_GATEWAY_CONSOLE_TOKEN": "x" * 16}
    given = Settings.from_env({**enough, "MICROADJUST_WRITE_KEYS": "site:key", variable: value})
    require_safe(given)
    with pytest.raises(SettingsError, match=variable):
        require_safe(replace(given, host="::"))


@pytest.mark.parametrize(
    "given",
    [
        {"MICROADJUST_WRITE_KEYS": "site:the-same-key", "MICROADJUST_SERVER_KEYS": "shop:the-same-key"},
        {"MICROADJUST_WRITE_KEYS": "site:the-same-key,shop:the-same-key"},
        {"MICROADJUST_SERVER_KEYS": "site:the-same-key,shop:the-same-key"},
    ],
    ids=["public and of a server", "of two sources", "of two servers"],
)
def test_a_key_with_two_meanings_is_refused_and_not_shown(given: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match=r"MICROADJUST_\w+_KEYS: .*shop") as raised:
        Settings.from_env(given)
    assert "the-same-key" not in str(raised.value)


def test_only_this_machine_can_connect_to_loopback() -> None:
    hosts = ("127.0.0.1", "127.9.9.9", "::1", "localhost", "0.0.0.0", "::", "10.0.0.1", "gateway.example")
    assert [host for host in hosts if is_loopback(host)] == ["127.0.0.1", "127.9.9.9", "::1", "localhost"]
