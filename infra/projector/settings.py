"""Settings of the projector, read from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from infra.kafka.connection import KafkaConnection
from infra.settings import Connections
from schemas.kafka_security.settings import OPEN, KafkaSecurity
from schemas.topics import ADJUSTMENTS, SESSION_STATE


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

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Reads the variables. Raises `SettingsError`."""
        shared = Connections.from_env(environ)
        return cls(
            shared.bootstrap,
            shared.redis_url,
            shared.topic(SESSION_STATE.name),
            shared.topic(ADJUSTMENTS.name),
            kafka_security=shared.kafka_security,
            topics_prefix=shared.topics_prefix,
        )

    @property
    def kafka(self) -> KafkaConnection:
        return KafkaConnection(self.bootstrap, self.kafka_security)
