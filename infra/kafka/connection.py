"""Where Kafka is and how to log in: what every client of this project outside Flink is made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.kafka_security.librdkafka import librdkafka_properties
from schemas.kafka_security.reading import security_from_env
from schemas.kafka_security.settings import OPEN, KafkaSecurity


@dataclass(frozen=True, slots=True)
class KafkaConnection:
    """Bootstrap servers and security settings. As text it is the servers."""

    bootstrap: str
    security: KafkaSecurity = OPEN

    @classmethod
    def of(cls, given: "KafkaConnection | str") -> "KafkaConnection":
        """Returns the connection; servers alone are an open broker."""
        return cls(given) if isinstance(given, str) else given

    @classmethod
    def from_env(cls, bootstrap: str, environ: Mapping[str, str]) -> "KafkaConnection":
        """Reads the security settings. Raises `KafkaSecurityError`."""
        return cls(bootstrap, security_from_env(environ))

    @property
    def librdkafka(self) -> dict[str, Any]:
        """Returns the properties that all clients of librdkafka share."""
        return {"bootstrap.servers": self.bootstrap, **librdkafka_properties(self.security)}

    def __str__(self) -> str:
        return self.bootstrap


Kafka = KafkaConnection | str
"""How functions take a connection: a text means the servers of an open broker."""
