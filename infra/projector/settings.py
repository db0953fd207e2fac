"""Settings of the projector, read from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass

from infra.settings import Connections
from schemas.topics import ADJUSTMENTS, SESSION_STATE


@dataclass(frozen=True, slots=True)
class Settings:
    """Addresses and prefix are those of the gateway that reads what the projector writes."""

    bootstrap: str
    redis_url: str
    session_state_topic: str = SESSION_STATE.name
    adjustments_topic: str = ADJUSTMENTS.name
    group_id: str = "microadjust-projector"

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        shared = Connections.from_env(environ)
        return cls(shared.bootstrap, shared.redis_url, shared.topic(SESSION_STATE.name), shared.topic(ADJUSTMENTS.name))
