"""The same settings in the names of the Java client, of librdkafka, and of a properties file."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.kafka_security.errors import KafkaSecurityError
from schemas.kafka_security.jaas import read_jaas, write_jaas
from schemas.kafka_security.java_names import SHADED, java_properties
from schemas.kafka_security.librdkafka import librdkafka_properties
from schemas.kafka_security.properties_file import read_properties
from schemas.kafka_security.reading import security_from_env
from schemas.kafka_security.settings import OPEN, KafkaSecurity
from tests.unit.schemas.test_kafka_security import CERTIFICATE, ENCRYPTED_KEY

SCRAM = KafkaSecurity("SASL_SSL", "SCRAM-SHA-512", "gateway", 'p"w\\;', ssl_ca=CERTIFICATE)
OAUTH = KafkaSecurity(
    "SASL_SSL",
    "OAUTHBEARER",
    sasl_oauth_token_url="https://login.example/token",
    sasl_oauth_client_id="gateway",
    sasl_oauth_client_secret="s3cret",
    sasl_oauth_scope="kafka",
)
MTLS = KafkaSecurity(
    "SSL", ssl_certificate=CERTIFICATE, ssl_key=ENCRYPTED_KEY, ssl_key_password="kp", ssl_check_hostname="0"
)
JAAS = 'sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="u" password="p";\n'


def test_an_open_broker_needs_no_properties() -> None:
    assert java_properties(OPEN) == librdkafka_properties(OPEN) == {}


def test_scram_in_both_clients_names() -> None:
    assert java_properties(SCRAM) == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required"
        r' username="gateway" password="p\"w\\;";',
        "ssl.truststore.type": "PEM",
        "ssl.truststore.certificates": CERTIFICATE,
    }
    assert librdkafka_properties(SCRAM) == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "gateway",
        "sasl.password": 'p"w\\;',
        "ssl.ca.pem": CERTIFICATE,
    }


def test_flink_is_given_the_names_of_the_classes_inside_of_its_connector() -> None:
    found = java_properties(OAUTH, SHADED)
    assert found["sasl.jaas.config"].startswith(
        "org.apache.flink.kafka.shaded.org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required"
    )
    assert found["sasl.login.callback.handler.class"].startswith("org.apache.flink.kafka.shaded.org.apache.kafka.")


def test_oauth_in_both_clients_names() -> None:
    java = java_properties(OAUTH)
    assert java["sasl.jaas.config"].endswith('required clientId="gateway" clientSecret="s3cret" scope="kafka";')
    assert java["sasl.oauthbearer.token.endpoint.url"] == "https://login.example/token"
    assert librdkafka_properties(OAUTH) == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "OAUTHBEARER",
        "sasl.oauthbearer.method": "oidc",
        "sasl.oauthbearer.token.endpoint.url": "https://login.example/token",
        "sasl.oauthbearer.client.id": "gateway",
        "sasl.oauthbearer.client.secret": "s3cret",
        "sasl.oauthbearer.scope": "kafka",
    }


def test_mtls_in_both_clients_names() -> None:
    java, rdkafka = java_properties(MTLS), librdkafka_properties(MTLS)
    assert java["ssl.keystore.type"] == "PEM"
    assert java["ssl.keystore.certificate.chain"] == rdkafka["ssl.certificate.pem"] == CERTIFICATE
    assert java["ssl.keystore.key"] == rdkafka["ssl.key.pem"] == ENCRYPTED_KEY
    assert java["ssl.key.password"] == rdkafka["ssl.key.password"] == "kp"
    assert java["ssl.endpoint.identification.algorithm"] == ""
    assert rdkafka["ssl.endpoint.identification.algorithm"] == "none"


@given(st.text(), st.text(min_size=1))
def test_whatever_stands_in_a_password_comes_back_from_jaas(username: str, password: str) -> None:
    written = write_jaas("a.b.Module", {"username": username, "password": password})
    assert read_jaas("key", written) == ("a.b.Module", {"username": username, "password": password})


@pytest.mark.parametrize(
    "text", ["", "Module", "Module required", 'M required a="b"', 'M required a "b";', 'M required "']
)
def test_jaas_that_cannot_be_read_is_refused_without_its_text(text: str) -> None:
    with pytest.raises(KafkaSecurityError, match=r"sasl\.jaas\.config cannot be read"):
        read_jaas("sasl.jaas.config", text)


def from_file(path: Path, text: str) -> KafkaSecurity:
    path.write_text(text)
    return security_from_env({"MICROADJUST_KAFKA_PROPERTIES": str(path)})


@pytest.mark.parametrize("security", [SCRAM, OAUTH, MTLS], ids=["scram", "oauth", "mtls"])
def test_a_properties_file_says_the_same_as_the_variables(security: KafkaSecurity, tmp_path: Path) -> None:
    signs = {"\\": "\\\\", "\n": "\\n", "=": "\\=", ":": "\\:", "#": "\\#"}
    lines = [
        f"{key} = {''.join(signs.get(each, each) for each in value)}"
        for key, value in java_properties(security).items()
    ]
    assert from_file(tmp_path / "client.properties", "\n".join(["# comment", *lines])) == security


def test_an_open_broker_is_said_to_be_open_in_a_properties_file(tmp_path: Path) -> None:
    assert from_file(tmp_path / "client.properties", "security.protocol = PLAINTEXT").is_open


def test_stores_of_a_properties_file_are_pem_files(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(CERTIFICATE)
    text = f"security.protocol=SSL\nssl.truststore.type=PEM\nssl.truststore.location={tmp_path / 'ca.pem'}\n"
    assert from_file(tmp_path / "client.properties", text).ssl_ca == CERTIFICATE


@pytest.mark.parametrize(
    ("text", "named", "fix"),
    [
        ("bootstrap.servers=kafka:9092", "bootstrap.servers", "MICROADJUST_BOOTSTRAP"),
        ("acks=all", "acks", "the properties that are read"),
        ("security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\n" + JAAS, "sasl.jaas.config", "PlainLoginModule"),
        ("security.protocol=SSL\n" + JAAS, "username of sasl.jaas.config", "SASL_SSL"),
        ("security.protocol=SSL\nssl.truststore.type=JKS", "ssl.truststore.type", "keytool"),
        ("security.protocol=SSL\nssl.truststore.location=/x.jks", "ssl.truststore.location", "keytool"),
        ("security.protocol=SSL\nssl.truststore.type=PEM\nssl.truststore.location=/no.pem", "location", "No such file"),
        ("security.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512", "username of sasl.jaas.config", "needs it"),
        ("security.protocol=SASL_SSL\nsasl.mechanism=AWS_MSK_IAM", "sasl.mechanism", "SCRAM-SHA-512"),
        ("sasl.login.callback.handler.class=com.example.Mine", "callback.handler", "OAuthBearerLoginCallbackHandler"),
    ],
)
def test_what_a_properties_file_may_not_say_is_named_with_the_fix(
    text: str, named: str, fix: str, tmp_path: Path
) -> None:
    path = tmp_path / "client.properties"
    with pytest.raises(KafkaSecurityError) as refused:
        from_file(path, text)
    assert str(path) in str(refused.value)
    assert named in str(refused.value)
    assert fix in str(refused.value)


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("a=b", [("a", "b")]),
        ("a : b", [("a", "b")]),
        ("a b = c", [("a", "b = c")]),
        ("a", [("a", "")]),
        ("!x\n#y\n\n  a = b ", [("a", "b ")]),
        ("a=b\\\n   c\\\\\nd=e", [("a", "bc\\"), ("d", "e")]),
        ("a=\\u00e9\\t\\q", [("a", "é\tq")]),
        ("a\\ b=c=d", [("a b", "c=d")]),
    ],
)
def test_properties_are_read_as_java_reads_them(text: str, pairs: list[tuple[str, str]]) -> None:
    assert read_properties(text) == pairs
