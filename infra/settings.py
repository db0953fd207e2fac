"""Settings that the gateway and the projector share: where Kafka and Redis are, and the prefix of the topics."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

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
    redis_url: str = DEFAULT_REDIS_URL
    topics_prefix: str = ""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Connections":
        """Reads the variables that are set and not empty."""
        names = ("bootstrap", "redis_url", "topics_prefix")
        return cls(**{name: environ[key] for name in names if environ.get(key := PREFIX + name.upper())})

    def topic(self, name: str) -> str:
        """The topic's name on this broker."""
        return self.topics_prefix + name
