"""Settings that the gateway and the projector share: where Kafka and Redis are, and the prefix of the topics."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from infra.kafka.connection import KafkaConnection
from infra.redis.address import read_redis_url
from schemas.kafka_security.errors import KafkaSecurityError
from schemas.kafka_security.reading import security_from_env
from schemas.kafka_security.settings import OPEN, KafkaSecurity

PREFIX: Final = "MICROADJUST_GATEWAY_"
"""Of the environment variables. The projector reads those of the gateway that serves what it writes."""

OTHER_VARIABLES: Final = ("MICROADJUST_HOME", "MICROADJUST_SHARED_DATA")
"""Variables read outside of any settings class: the stack's folder, and the folder of recordings for tests."""

DEFAULT_BOOTSTRAP: Final = "127.0.0.1:19092"
DEFAULT_REDIS_URL: Final = "redis://127.0.0.1:16379/0"


class SettingsError(Exception):
    """An invalid value; the message names key, value and what to give instead."""


@dataclass(frozen=True, slots=True)
class Connections:
    """Addresses of Kafka and Redis, and how topics are called on this broker."""

    bootstrap: str = DEFAULT_BOOTSTRAP
    redis_url: str = field(default=DEFAULT_REDIS_URL, repr=False)
    topics_prefix: str = ""
    kafka_security: KafkaSecurity = OPEN

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Connections":
        """Reads the variables that are set and not empty. Raises `SettingsError`."""
        names = ("bootstrap", "topics_prefix")
        given = {name: environ[key] for name in names if environ.get(key := PREFIX + name.upper())}
        redis_url = read_redis_url(environ, DEFAULT_REDIS_URL, SettingsError)
        return cls(**given, redis_url=redis_url, kafka_security=read_security(environ))

    @property
    def kafka(self) -> KafkaConnection:
        return KafkaConnection(self.bootstrap, self.kafka_security)

    def topic(self, name: str) -> str:
        """The topic's name on this broker."""
        return self.topics_prefix + name


def read_security(environ: Mapping[str, str]) -> KafkaSecurity:
    """Reads how to log in to Kafka. Raises `SettingsError`."""
    try:
        return security_from_env(environ)
    except KafkaSecurityError as error:
        raise SettingsError(str(error)) from None
