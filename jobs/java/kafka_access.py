"""Asks Kafka, before a job is submitted, whether it takes the job's login and lets it use its topics."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from py4j.java_gateway import JavaPackage  # type: ignore[import-untyped]
from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyflink.java_gateway import get_gateway

TIMEOUT_MS: Final = 6_000
READ, WRITE = "READ", "WRITE"
_TOKEN_REFUSAL: Final = re.compile(
    r"(response code \d+ and error response \{.*?\}) was encountered reading the token endpoint"
)


class KafkaAccessError(Exception):
    """Kafka refuses the login, lacks a topic, or does not let the job use one; the message names all of it, and no secret."""


def check_access(client_options: Mapping[str, str], principal: str, needs: Iterable[tuple[str, str]]) -> str | None:
    """Raises `KafkaAccessError` where the job could not run. `needs`: topics and the operation on each.

    Returns a warning where Kafka does not answer: the cluster may reach it though this machine does not.
    """
    jvm = get_gateway().jvm
    kafka = jvm.org.apache.flink.kafka.shaded.org.apache.kafka.clients.admin
    if isinstance(kafka.AdminClient, JavaPackage):
        return "Flink's SQL connector for Kafka is not on the class path here, so the login was not tried"
    properties = jvm.java.util.Properties()
    options = dict(client_options) | {
        "default.api.timeout.ms": str(TIMEOUT_MS),
        "request.timeout.ms": str(TIMEOUT_MS // 2),
    }
    for key, value in options.items():
        properties.setProperty(key, value)
    servers = client_options["bootstrap.servers"]
    wanted: dict[str, list[str]] = {}
    for topic, operation in needs:
        wanted.setdefault(topic, []).append(operation)
    try:
        admin = kafka.AdminClient.create(properties)
    except Py4JJavaError as error:
        root = _root(error.java_exception)
        refused = _TOKEN_REFUSAL.search(root)
        if refused:
            raise KafkaAccessError(
                f"the login of {principal} is refused by the token endpoint: {refused[1]}; check MICROADJUST_KAFKA_SASL_OAUTH_…"
            ) from None
        raise KafkaAccessError(f"the settings of Kafka cannot be used: {root}") from None
    try:
        asked = kafka.DescribeTopicsOptions().includeAuthorizedOperations(True)
        names = jvm.java.util.ArrayList()
        for topic in wanted:
            names.add(topic)
        futures = admin.describeTopics(names, asked).topicNameValues()
        problems = []
        for topic, operations in wanted.items():
            try:
                found = futures.get(topic).get()
            except Py4JJavaError as error:
                problem = _problem(error.java_exception, topic, servers, principal)
                if problem is None:
                    return f"Kafka at {servers} does not answer from here: {_root(error.java_exception)}"
                problems.append(problem)
                continue
            granted = found.authorizedOperations()
            for operation in operations:
                if granted is not None and not any(str(each) == operation for each in granted):
                    problems.append(f"{principal} may not {operation} topic {topic}: grant it (kafka-security.md)")
    finally:
        admin.close(jvm.java.time.Duration.ofSeconds(1))
    if problems:
        raise KafkaAccessError(f"Kafka at {servers}: " + "; ".join(dict.fromkeys(problems)))
    return None


def _problem(failure: Any, topic: str, servers: str, principal: str) -> str | None:
    """Says what Kafka refuses; None where it does not answer."""
    cause = failure.getCause() or failure
    kind = cause.getClass().getName().rpartition(".")[2]
    if kind == "UnknownTopicOrPartitionException":
        return f"there is no topic {topic}: create it with `microadjust topics create`"
    if kind == "TopicAuthorizationException":
        return f"{principal} may not DESCRIBE topic {topic}: grant it (kafka-security.md)"
    if kind in ("SaslAuthenticationException", "UnsupportedSaslMechanismException", "IllegalSaslStateException"):
        return f"the login of {principal} is refused: {cause.getMessage()}; check MICROADJUST_KAFKA_SASL_…"
    if kind in ("SslAuthenticationException", "AuthenticationException"):
        return f"the TLS handshake fails: {_root(cause)}; check MICROADJUST_KAFKA_SSL_…"
    return None


def _root(failure: Any) -> str:
    """Returns the message of the innermost cause."""
    while (cause := failure.getCause()) is not None:
        failure = cause
    # The client puts whole stack traces into some messages.
    return str(failure.getMessage() or failure.getClass().getName()).partition("\n")[0]
