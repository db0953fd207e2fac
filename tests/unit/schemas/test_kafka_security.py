"""The security settings of Kafka: what is refused, by which name, and what no text ever shows."""

from pathlib import Path

import pytest

from schemas.kafka_security.errors import KafkaSecurityError
from schemas.kafka_security.reading import security_from_env, value_of
from schemas.kafka_security.settings import OPEN, KafkaSecurity, redacted

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQSECRETKEY\n-----END PRIVATE KEY-----\n"
ENCRYPTED_KEY = KEY.replace("PRIVATE", "ENCRYPTED PRIVATE")
RSA_KEY = KEY.replace("PRIVATE", "RSA PRIVATE")

LOGIN = {
    "SECURITY_PROTOCOL": "SASL_SSL",
    "SASL_MECHANISM": "SCRAM-SHA-512",
    "SASL_USERNAME": "gateway",
    "SASL_PASSWORD": "hunter2",
}
OAUTH = {
    "SECURITY_PROTOCOL": "SASL_SSL",
    "SASL_MECHANISM": "OAUTHBEARER",
    "SASL_OAUTH_TOKEN_URL": "https://login.example/token",
    "SASL_OAUTH_CLIENT_ID": "gateway",
    "SASL_OAUTH_CLIENT_SECRET": "hunter2",
}


def read(**values: str) -> KafkaSecurity:
    return security_from_env({f"MICROADJUST_KAFKA_{name}": value for name, value in values.items()})


def without(settings: dict[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in settings.items() if name not in names}


def test_nothing_set_is_an_open_broker() -> None:
    assert security_from_env({"MICROADJUST_KAFKA_PORT": "19092", "MICROADJUST_BOOTSTRAP": "kafka:9092"}) == OPEN
    assert read(SASL_USERNAME="", SECURITY_PROTOCOL="") == OPEN
    assert OPEN.is_open


def test_each_value_may_come_from_a_file_without_the_break_at_its_end(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(" pass word \n")
    (tmp_path / "ca").write_text(CERTIFICATE)
    found = read(
        **without(LOGIN, "SASL_PASSWORD"),
        SASL_PASSWORD_FILE=str(tmp_path / "password"),
        SSL_CA_FILE=str(tmp_path / "ca"),
    )
    assert found.sasl_password == " pass word "
    assert found.ssl_ca.strip() == CERTIFICATE.strip()


@pytest.mark.parametrize(
    ("settings", "named", "fix"),
    [
        ({"SASL_PASWORD": "x"}, "MICROADJUST_KAFKA_SASL_PASWORD", "MICROADJUST_KAFKA_SASL_PASSWORD?"),
        ({"COMPRESSION": "x"}, "MICROADJUST_KAFKA_COMPRESSION", "the settings are"),
        ({"SECURITY_PROTOCOL": "TLS"}, "MICROADJUST_KAFKA_SECURITY_PROTOCOL", "SASL_SSL"),
        ({"SECURITY_PROTOCOL": "sasl_ssl"}, "MICROADJUST_KAFKA_SECURITY_PROTOCOL", "SASL_SSL"),
        (without(LOGIN, "SECURITY_PROTOCOL"), "MICROADJUST_KAFKA_SASL_MECHANISM", "SASL_SSL"),
        ({**LOGIN, "SECURITY_PROTOCOL": "SSL"}, "MICROADJUST_KAFKA_SASL_MECHANISM", "SASL_SSL"),
        ({**LOGIN, "SECURITY_PROTOCOL": "SASL_PLAINTEXT", "SSL_CA": CERTIFICATE}, "KAFKA_SSL_CA", "leave"),
        (without(LOGIN, "SASL_MECHANISM"), "MICROADJUST_KAFKA_SASL_MECHANISM", "SCRAM-SHA-512"),
        ({**LOGIN, "SASL_MECHANISM": "GSSAPI"}, "MICROADJUST_KAFKA_SASL_MECHANISM", "SCRAM-SHA-512"),
        (without(LOGIN, "SASL_USERNAME"), "MICROADJUST_KAFKA_SASL_USERNAME", "SCRAM-SHA-512 needs it"),
        (without(LOGIN, "SASL_PASSWORD"), "MICROADJUST_KAFKA_SASL_PASSWORD", "SCRAM-SHA-512 needs it"),
        ({**LOGIN, "SASL_PASSWORD": "a\0b"}, "MICROADJUST_KAFKA_SASL_PASSWORD", "remove it"),
        ({**LOGIN, "SASL_OAUTH_SCOPE": "kafka"}, "MICROADJUST_KAFKA_SASL_OAUTH_SCOPE", "leave one"),
        (without(OAUTH, "SASL_OAUTH_CLIENT_SECRET"), "MICROADJUST_KAFKA_SASL_OAUTH_CLIENT_SECRET", "needs it"),
        ({**OAUTH, "SASL_OAUTH_TOKEN_URL": "login.example"}, "MICROADJUST_KAFKA_SASL_OAUTH_TOKEN_URL", "https://"),
        ({**OAUTH, "SASL_OAUTH_TOKEN_URL": "http://login.example/token"}, "KAFKA_SASL_OAUTH_TOKEN_URL", "https://"),
        ({**OAUTH, "SASL_OAUTH_TOKEN_URL": "http://10.0.0.1/token"}, "KAFKA_SASL_OAUTH_TOKEN_URL", "https://"),
        (
            {**OAUTH, "SASL_OAUTH_TOKEN_URL": "https://gateway:hunter2@login.example/t"},
            "KAFKA_SASL_OAUTH_TOKEN_URL",
            "leave it out",
        ),
        (
            {**OAUTH, "SASL_OAUTH_TOKEN_URL": "https://hunter2@login.example/t"},
            "KAFKA_SASL_OAUTH_TOKEN_URL",
            "leave it out",
        ),
        (
            {**OAUTH, "SASL_OAUTH_TOKEN_URL": "http://u:hunter2@localhost/t"},
            "KAFKA_SASL_OAUTH_TOKEN_URL",
            "leave it out",
        ),
        ({**OAUTH, "SASL_OAUTH_TOKEN_URL": "https://[x/t"}, "KAFKA_SASL_OAUTH_TOKEN_URL", "https://"),
        ({**OAUTH, "SASL_PASSWORD": "hunter2"}, "MICROADJUST_KAFKA_SASL_PASSWORD", "leave one"),
        ({"SECURITY_PROTOCOL": "SSL", "SSL_CA": "/etc/ca.pem"}, "MICROADJUST_KAFKA_SSL_CA", "SSL_CA_FILE"),
        ({"SECURITY_PROTOCOL": "SSL", "SSL_KEY": KEY}, "MICROADJUST_KAFKA_SSL_CERTIFICATE", "mTLS needs both"),
        ({"SECURITY_PROTOCOL": "SSL", "SSL_CERTIFICATE": CERTIFICATE}, "MICROADJUST_KAFKA_SSL_KEY", "mTLS needs both"),
        ({"SECURITY_PROTOCOL": "SSL", "SSL_KEY_PASSWORD": "hunter2"}, "MICROADJUST_KAFKA_SSL_KEY_PASSWORD", "leave"),
        ({"SECURITY_PROTOCOL": "SSL", "SSL_CHECK_HOSTNAME": "no"}, "MICROADJUST_KAFKA_SSL_CHECK_HOSTNAME", "1 or 0"),
        ({"PROPERTIES": "/x", "SASL_USERNAME": "u"}, "MICROADJUST_KAFKA_SASL_USERNAME", "MICROADJUST_KAFKA_PROPERTIES"),
        ({"PROPERTIES": "/no/such/file"}, "MICROADJUST_KAFKA_PROPERTIES", "No such file"),
        ({**LOGIN, "SASL_PASSWORD_FILE": "/x"}, "MICROADJUST_KAFKA_SASL_PASSWORD_FILE", "leave one"),
        ({"SASL_PASSWORD_FILE": "hunter2"}, "MICROADJUST_KAFKA_SASL_PASSWORD_FILE", "No such file"),
        ({"SASL_PASSWORD_FILE": "/no/such/file"}, "MICROADJUST_KAFKA_SASL_PASSWORD_FILE", "No such file"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name_and_with_the_fix(
    settings: dict[str, str], named: str, fix: str
) -> None:
    with pytest.raises(KafkaSecurityError) as refused:
        read(**settings)
    assert named in str(refused.value)
    assert fix in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert "SECRETKEY" not in str(refused.value)


@pytest.mark.parametrize(
    ("key", "password", "fix"),
    [
        (RSA_KEY, "", "openssl pkcs8 -topk8"),
        ("/etc/key.pem", "", "MICROADJUST_KAFKA_SSL_KEY_FILE"),
        (ENCRYPTED_KEY, "", "MICROADJUST_KAFKA_SSL_KEY_PASSWORD"),
        (KEY, "hunter2", "leave it out"),
    ],
)
def test_a_key_that_one_of_the_clients_could_not_read_is_refused(key: str, password: str, fix: str) -> None:
    with pytest.raises(KafkaSecurityError) as refused:
        read(SECURITY_PROTOCOL="SSL", SSL_CERTIFICATE=CERTIFICATE, SSL_KEY=key, SSL_KEY_PASSWORD=password)
    assert fix in str(refused.value)
    assert "SECRETKEY" not in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1", "[::1]:8080"])
def test_a_token_endpoint_of_this_machine_needs_no_encryption(host: str) -> None:
    url = f"http://{host}/token"
    assert read(**{**OAUTH, "SASL_OAUTH_TOKEN_URL": url}).sasl_oauth_token_url == url


def test_no_repr_shows_a_secret() -> None:
    for settings in (LOGIN, OAUTH, {"SECURITY_PROTOCOL": "SSL", "SSL_CERTIFICATE": CERTIFICATE, "SSL_KEY": KEY}):
        shown = repr(read(**settings))
        assert "hunter2" not in shown
        assert "SECRETKEY" not in shown


def test_secrets_are_taken_out_of_the_texts_of_others() -> None:
    secrets = read(**{**LOGIN, "SASL_PASSWORD": "a'b\n"}).secrets()
    assert redacted("password = a'b\n!", secrets) == "password = [hidden]!"
    assert redacted(f"option {'a' + chr(39) + 'b' + chr(10)!r}", secrets) == 'option "[hidden]"'


@pytest.mark.parametrize("text", ["", "\n", "# nothing yet\n"])
def test_a_properties_file_without_properties_is_no_open_cluster(tmp_path: Path, text: str) -> None:
    path = tmp_path / "client.properties"
    path.write_text(text)
    with pytest.raises(KafkaSecurityError, match="MICROADJUST_KAFKA_PROPERTIES names holds no property"):
        security_from_env({"MICROADJUST_KAFKA_PROPERTIES": str(path)})


def test_a_file_of_a_windows_editor_is_read_without_its_mark(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("\ufeffs3cr3t\r\n", "utf-8")
    environ = {"MICROADJUST_KAFKA_SASL_PASSWORD_FILE": str(path)}
    assert value_of(environ, "MICROADJUST_KAFKA_SASL_PASSWORD", KafkaSecurityError) == "s3cr3t"
