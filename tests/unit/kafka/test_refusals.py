"""What users are told of a broker that refuses: once, with the fix, and without secrets."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

import pytest
from confluent_kafka import KafkaError

from infra.kafka.connection import KafkaConnection
from infra.kafka.reading import StreamError, TopicReader
from infra.kafka.refusals import RefusalLog, explain_grant, explain_login, login_problem
from schemas.kafka_security.settings import KafkaSecurity

SECURED = KafkaConnection("kafka:9093", KafkaSecurity("SASL_SSL", "SCRAM-SHA-512", "gateway", "hunter2"))
OAUTH = KafkaConnection(
    "kafka:9093",
    KafkaSecurity("SASL_SSL", "OAUTHBEARER", sasl_oauth_client_id="app", sasl_oauth_client_secret="hunter2"),
)
LOGIN = KafkaError(KafkaError._AUTHENTICATION, "after 40ms")  # noqa: SLF001
HANDSHAKE = KafkaError(KafkaError._SSL, "certificate verify failed")  # noqa: SLF001
GRANT = KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)
AWAY = KafkaError(KafkaError._TRANSPORT, "refused")  # noqa: SLF001


class FakeMessage:
    def topic(self) -> str:
        return "events.v1"


def test_a_refused_login_names_user_mechanism_and_settings() -> None:
    text = explain_login(SECURED, LOGIN) or ""
    assert "Kafka at kafka:9093 refuses the login of User:gateway (SCRAM-SHA-512)" in text
    assert "MICROADJUST_KAFKA_SASL_USERNAME" in text
    assert "MICROADJUST_KAFKA_SASL_OAUTH_TOKEN_URL" in (explain_login(OAUTH, LOGIN) or "")
    assert "MICROADJUST_KAFKA_SSL_CA" in (explain_login(SECURED, HANDSHAKE) or "")
    assert explain_login(SECURED, AWAY) is explain_login(SECURED, GRANT) is None


def test_a_missing_grant_names_user_operation_and_resource() -> None:
    assert "does not let User:gateway WRITE topic events.v1" in (
        explain_grant(SECURED, GRANT, "WRITE", "events.v1") or ""
    )
    assert explain_grant(SECURED, AWAY, "WRITE", "events.v1") is None


def test_a_client_that_goes_on_trying_is_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    log = RefusalLog(SECURED, logging.getLogger("test"))
    for error in (AWAY, LOGIN, KafkaError(LOGIN.code(), "after 50ms"), LOGIN):
        log.on_error(error)
    for _ in range(3):
        log.on_delivery(GRANT, FakeMessage())
        log.on_delivery(AWAY, None)
    texts = [each.getMessage() for each in caplog.records]
    assert len(texts) == 2
    assert "refuses the login of User:gateway" in texts[0]
    assert "WRITE topic events.v1" in texts[1]
    log.AGAIN_S = 0.0  # type: ignore[misc]
    log.on_error(LOGIN)
    assert len(caplog.records) == 3


BROKEN: Any = KafkaSecurity("SSL", ssl_ca="-----BEGIN CERTIFICATE-----\nno certificate\n-----END CERTIFICATE-----\n")


def test_a_certificate_that_is_none_is_an_error_and_no_trace() -> None:
    kafka = KafkaConnection("127.0.0.1:1", BROKEN)
    assert "the settings of Kafka cannot be used" in (login_problem(kafka) or "")
    with pytest.raises(StreamError, match="the settings of Kafka cannot be used"):
        TopicReader(kafka, "any")


def test_nobody_there_is_no_refusal() -> None:
    assert login_problem(KafkaConnection("127.0.0.1:1", SECURED.security)) is None


def test_no_connection_shows_its_secret() -> None:
    for kafka in (SECURED, OAUTH):
        assert "hunter2" not in repr(kafka) + str(kafka)


def test_a_listener_that_cuts_a_client_without_tls_is_named() -> None:
    with closing_listener() as port:
        text = login_problem(KafkaConnection(f"127.0.0.1:{port}")) or ""
    assert "closes connections without TLS and login" in text
    assert "MICROADJUST_KAFKA_SECURITY_PROTOCOL" in text


@contextmanager
def closing_listener() -> Iterator[int]:
    """Accepts connections and closes each at the first bytes, as a listener with TLS does."""

    class Closing(BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1)

    with ThreadingTCPServer(("127.0.0.1", 0), Closing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
