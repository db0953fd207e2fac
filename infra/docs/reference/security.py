"""Tables of the security settings of Kafka and Redis, and of the grants on a Kafka with ACLs."""

from dataclasses import fields

from infra.docs.reference.markdown import code, table
from infra.kafka.grants import GRANTS
from infra.redis.address import VARIABLES
from schemas.kafka_security.java_names import JAVA_NAMES
from schemas.kafka_security.librdkafka import LIBRDKAFKA_NAMES
from schemas.kafka_security.reading import NAMES
from schemas.kafka_security.settings import KafkaSecurity


def kafka_settings() -> str:
    rows = [(code(NAMES[each.name]), f"{each.metadata['about']}.") for each in fields(KafkaSecurity)]
    return table(("variable", "meaning"), rows)


def kafka_client_names() -> str:
    rows = [
        (code(NAMES[each.name]), code(LIBRDKAFKA_NAMES[each.name]), code(JAVA_NAMES[each.name]))
        for each in fields(KafkaSecurity)
    ]
    return table(("variable", "librdkafka", "Java client (Flink), properties file"), rows)


def redis_settings() -> str:
    return table(("variable", "meaning"), [(code(name), about) for name, about in VARIABLES.items()])


def kafka_grants() -> str:
    rows: dict[tuple[str, str, str, str], list[str]] = {}
    for each in GRANTS:
        name = code(each.name) + (" (prefix)" if each.is_prefix else "")
        rows.setdefault((each.component, each.resource, ", ".join(each.operations), each.why), []).append(name)
    return table(
        ("component", "resource", "names", "operations", "for"),
        [
            (component, resource, ", ".join(names), operations, why)
            for (component, resource, operations, why), names in rows.items()
        ],
    )
