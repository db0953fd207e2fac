"""Settings of the projector, read from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from infra.kafka.connection import KafkaConnection
from infra.settings import Connections, SettingsError
from schemas.kafka_security.settings import OPEN, KafkaSecurity
from schemas.topics import ADJUSTMENTS, SESSION_STATE

PORT_VARIABLE: Final = "MICROADJUST_PROJECTOR_PORT"
HOST_VARIABLE: Final = "MICROADJUST_PROJECTOR_HOST"
DEFAULT_HOST: Final = "127.0.0.1"
VARIABLES: Final = (PORT_VARIABLE, HOST_VARIABLE)
"""The projector's own; its other settings are the gateway's."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Addresses and prefix are those of the gateway that reads what the projector writes."""

    bootstrap: str
    redis_url: str = field(repr=False)
    session_state_topic: str = SESSION_STATE.name
    adjustments_topic: str = ADJUSTMENTS.name
    group_id: str = "microadjust-projector"
    kafka_security: KafkaSecurity = OPEN
    topics_prefix: str = ""
    port: int = 0
    """Port for `/live`, `/ready` and `/metrics`; 0 for none."""
    host: str = DEFAULT_HOST

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Reads the variables. Raises `SettingsError`."""
        shared = Connections.from_env(environ)
        port = environ.get(PORT_VARIABLE) or "0"
        if not (port.isascii() and port.isdigit() and int(port) < 65_536):
            raise SettingsError(f"{PORT_VARIABLE}={port!r}: give a number from 0 to 65535")
        return cls(
            shared.bootstrap,
            shared.redis_url,
            shared.topic(SESSION_STATE.name),
            shared.topic(ADJUSTMENTS.name),
            kafka_security=shared.kafka_security,
            topics_prefix=shared.topics_prefix,
            port=int(port),
            host=environ.get(HOST_VARIABLE) or DEFAULT_HOST,
        )

    @property
    def kafka(self) -> KafkaConnection:
        return KafkaConnection(self.bootstrap, self.kafka_security)
