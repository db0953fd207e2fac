"""Asks a Kafka with ACLs whether a component has the grants that it needs, before the first record shows that it has not."""

from collections.abc import Iterator
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from infra.kafka.connection import KafkaConnection
from infra.kafka.grants import GRANTS
from infra.kafka.refusals import missing_grant

REQUEST_TIMEOUT_S: Final = 3.0


def missing_grants(kafka: KafkaConnection, component: str, prefix: str = "") -> list[str]:
    """Returns a text for each grant on topics that the component lacks; none for an open broker or one that does not answer.

    Topics that do not exist are left out. Blocks.
    """
    if kafka.security.is_open:
        return []
    needed: dict[str, set[str]] = {}
    for grant in GRANTS:
        if grant.component == component and grant.resource == "topic":
            needed.setdefault(prefix + grant.name, set()).update(grant.operations)
    return list(_missing(kafka, needed))


def _missing(kafka: KafkaConnection, needed: dict[str, set[str]]) -> Iterator[str]:
    try:
        admin = AdminClient({**kafka.librdkafka, "log_level": 0})
        asked = admin.describe_topics(
            TopicCollection(list(needed)), include_authorized_operations=True, request_timeout=REQUEST_TIMEOUT_S
        )
    except KafkaException:
        return
    for topic, future in asked.items():
        try:
            granted = _operations(future.result())
        except KafkaException as error:
            if error.args[0].code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
                yield missing_grant(kafka, " and ".join(sorted(needed[topic])), "topic", topic)
            continue
        lacking = sorted(needed[topic] - granted)
        if granted and lacking:
            yield missing_grant(kafka, " and ".join(lacking), "topic", topic)


def _operations(description: Any) -> set[str]:
    """Names of what is granted; empty where the broker is too old to say."""
    return {each.name for each in description.authorized_operations or ()}
