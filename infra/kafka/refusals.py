"""Says what a secured Kafka has refused, to whom, and which setting or grant to change."""

import logging
import time
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Producer

from infra.kafka.connection import KafkaConnection
from schemas.kafka_security.settings import OAUTH

LOGIN_PATIENCE_S: Final = 5.0
"""Longest wait for the first answer of a broker that may refuse the login."""

_POLL_S: Final = 0.1
_LOG_INFO: Final = 6
"""Syslog's number, as librdkafka counts."""

_LOGIN: Final = (
    KafkaError._AUTHENTICATION,  # noqa: SLF001
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError.UNSUPPORTED_SASL_MECHANISM,
    KafkaError.ILLEGAL_SASL_STATE,
)
_TLS: Final = (KafkaError._SSL,)  # noqa: SLF001
_RESOURCES: Final = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "topic",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "group",
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: "transactional id",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "cluster",
}
GRANTS: Final = "see kafka-security.md for the grants that each component needs"


def explain_login(kafka: KafkaConnection, error: KafkaError) -> str | None:
    """Returns the text for a login or TLS handshake that failed; None for any other error."""
    security = kafka.security
    if error.code() in _LOGIN:
        fix = "check MICROADJUST_KAFKA_SASL_USERNAME, _SASL_PASSWORD and _SASL_MECHANISM"
        if security.sasl_mechanism == OAUTH:
            fix = "check MICROADJUST_KAFKA_SASL_OAUTH_TOKEN_URL, _CLIENT_ID, _CLIENT_SECRET and _SCOPE"
        who = f"{security.principal} ({security.sasl_mechanism})" if security.has_sasl else "a client without login"
        return f"Kafka at {kafka} refuses the login of {who}: {error.str()}; {fix}"
    if error.code() in _TLS:
        fix = "check MICROADJUST_KAFKA_SSL_CA, MICROADJUST_KAFKA_SSL_CERTIFICATE and the listener's port"
        return f"the TLS handshake with Kafka at {kafka} fails: {error.str()}; {fix}"
    return None


def explain_grant(kafka: KafkaConnection, error: KafkaError, operation: str, name: str) -> str | None:
    """Returns the text for a grant that is missing; None for any other error."""
    resource = _RESOURCES.get(error.code())
    if resource is None:
        return None
    return missing_grant(kafka, operation, resource, name)


def missing_grant(kafka: KafkaConnection, operation: str, resource: str, name: str) -> str:
    """Returns the text for a grant that is missing.

    >>> missing_grant(KafkaConnection("kafka:9092"), "WRITE", "topic", "events.v1")
    'Kafka at kafka:9092 does not let User:ANONYMOUS WRITE topic events.v1: grant it; see kafka-security.md for the grants \
that each component needs'
    """
    what = f"{resource} {name}".strip()
    return f"Kafka at {kafka} does not let {kafka.security.principal} {operation} {what}: grant it; {GRANTS}"


def login_problem(kafka: KafkaConnection, patience_s: float = LOGIN_PATIENCE_S) -> str | None:
    """Connects once and returns why a login or handshake fails; None where it works, or where nobody answers. Blocks."""
    refused: list[KafkaError] = []
    log = _CutConnections()
    settings = {**kafka.librdkafka, "error_cb": refused.append, "reconnect.backoff.max.ms": 200}
    try:
        client = Producer({**settings, "log_level": _LOG_INFO}, logger=log)
    except KafkaException as error:
        return f"the settings of Kafka cannot be used: {error.args[0].str()}"
    deadline_s = time.monotonic() + patience_s
    while time.monotonic() < deadline_s:
        try:
            client.list_topics("", timeout=_POLL_S)
            return None
        except KafkaException:
            client.poll(0)
        for each in refused:
            if problem := explain_login(kafka, each):
                return problem
        # A broker that starts or stops cuts a connection too.
        if log.cuts > 1:
            return _explain_cut(kafka)
        is_down = any(each.code() == KafkaError._ALL_BROKERS_DOWN for each in refused)  # noqa: SLF001
        if is_down and not log.cuts:
            return None
        refused.clear()
    return None


def _explain_cut(kafka: KafkaConnection) -> str:
    if kafka.security.is_open:
        fix = "set MICROADJUST_KAFKA_SECURITY_PROTOCOL and what belongs to it"
        return f"what listens at {kafka} closes connections without TLS and login: {fix}"
    fix = "check MICROADJUST_KAFKA_SECURITY_PROTOCOL"
    if kafka.security.has_tls:
        fix += ", and whether it asks for a client certificate that it trusts (MICROADJUST_KAFKA_SSL_CERTIFICATE)"
    return f"what listens at {kafka} closes connections by {kafka.security.protocol}: {fix}"


class _CutConnections(logging.Logger):
    """Notes connections that were made, and closed at the first request. Of these librdkafka reports nothing but a log line."""

    SIGNS: Final = ("in state APIVERSION_QUERY", "security.protocol")

    def __init__(self) -> None:
        super().__init__("kafka-login")
        self.cuts = 0

    def handle(self, record: logging.LogRecord) -> None:
        self.cuts += any(sign in record.getMessage() for sign in self.SIGNS)


class RefusalLog:
    """Logs refusals of a client that goes on trying: each text once, and again after a minute."""

    AGAIN_S: Final = 60.0

    def __init__(self, kafka: KafkaConnection, log: Any) -> None:
        self._kafka, self._log = kafka, log
        self._logged_s: dict[str, float] = {}

    def on_error(self, error: KafkaError) -> None:
        """Takes what a client reports (librdkafka's `error_cb`)."""
        if (text := explain_login(self._kafka, error)) is not None:
            # The texts of two attempts differ in milliseconds and ports.
            self._once(str(error.code()), text)

    def on_delivery(self, error: KafkaError, message: Any) -> None:
        """Takes the error of a record that was not written."""
        if error.code() in _RESOURCES and (text := explain_grant(self._kafka, error, "WRITE", message.topic())):
            self._once(text, text)

    def on_fatal(self, error: KafkaError) -> bool:
        """Takes an error after which a client is of no use; returns whether it is a refusal.

        An idempotent producer is let in by WRITE on any topic.
        """
        is_refused = error.code() == KafkaError.CLUSTER_AUTHORIZATION_FAILED
        if is_refused:
            self._once("idempotence", missing_grant(self._kafka, "WRITE", "any topic", ""))
        return is_refused

    def _once(self, key: str, text: str) -> None:
        now_s = time.monotonic()
        if now_s - self._logged_s.get(key, -self.AGAIN_S) >= self.AGAIN_S:
            self._logged_s[key] = now_s
            self._log.error("%s", text)
