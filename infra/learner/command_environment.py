"""The environment of commands that are to talk to the Kafka that the learner talks to."""

from collections.abc import Mapping
from typing import Final

from infra.kafka.connection import KafkaConnection
from schemas.kafka_security.reading import FILE_NAMES, NAMES, PROPERTIES

BOOTSTRAP: Final = "MICROADJUST_BOOTSTRAP"


def command_environment(kafka: KafkaConnection, environ: Mapping[str, str]) -> dict[str, str]:
    """Returns the environment with these servers. How to log in is read from it as the learner did; of an open broker nothing is
    left that says so, since that is meant for another."""
    found = {**environ, BOOTSTRAP: kafka.bootstrap}
    if kafka.security.is_open:
        for key in (*NAMES.values(), *FILE_NAMES.values(), PROPERTIES):
            found.pop(key, None)
    return found
