"""What the gateway is told by its environment: addresses, keys, secrets and limits."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal, get_args

from infra.settings import DEFAULT_BOOTSTRAP, DEFAULT_REDIS_URL, PREFIX, SettingsError

WebhookKind = Literal["standard", "segment", "pendo"]

_OTHER_NAMES: Final = {
    "write_keys": "MICROADJUST_WRITE_KEYS",
    "token_secrets": "MICROADJUST_PUSH_SECRETS",
    "webhooks": "MICROADJUST_WEBHOOK_SECRETS",
}
"""Settings that others read as well, without the gateway's prefix."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """How a source signs what it sends; each of the secrets will do, so that they can rotate."""

    kind: WebhookKind
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settings:
    """Bytes, milliseconds, seconds and counts as the names say; rates are tokens a second.

    `random` names the secrets that nobody set and this run has made up.
    """

    host: str = "127.0.0.1"
    port: int = 8480
    bootstrap: str = DEFAULT_BOOTSTRAP
    redis_url: str = DEFAULT_REDIS_URL
    topics_prefix: str = ""
    write_keys: Mapping[str, str] = field(default_factory=dict)
    """Source by write key."""
    token_secrets: tuple[str, ...] = ()
    console_token: str = ""
    webhooks: Mapping[str, Webhook] = field(default_factory=dict)
    allowed_origins: tuple[str, ...] = ()
    """Origins whose pages may use the gateway; none: any origin may send events, and only this machine's may listen."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses whose X-Forwarded-For counts."""
    geo_database: str = ""
    """A MaxMind file, as its user has licensed it; without one nobody is placed on a map."""
    ticks: bool = True
    seen_ids: int = 2_000_000
    """Ids of events remembered for 24 h in Redis; beyond that the oldest are forgotten first."""
    queued_events: int = 20_000
    """Events handed to Kafka and not acknowledged; beyond that the answer is 503."""
    queued_bytes: int = 16_777_216
    held_bytes: int = 16_777_216
    """Bodies in memory at a time, over all requests."""
    ack_timeout_ms: int = 3_000
    """So long a request waits for Kafka before its answer is 503."""
    ip_requests_per_s: float = 200.0
    ip_burst: int = 400
    push_clients_per_address: int = 100
    """Pages of one address that listen at a time; of IPv6, of one network (/48). Those with the operator's token do not count."""
    key_events_per_s: float = 50_000.0
    key_burst: int = 100_000
    flink_url: str = ""
    """Flink's REST interface, for the console's page on health."""
    pictures: str = ""
    """A folder of page pictures for the console's heatmap (`infra/console/README.md`)."""
    console_also: tuple[str, ...] = ()
    """Prefixes of further sets of topics that the console shows beside the gateway's own."""
    demo: bool = False
    """Whether the demo site is served, with a write key in its pages."""
    random: tuple[str, ...] = ()

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Raises `SettingsError`. Secrets that are not set are random and last for this run only."""
        given: dict[str, Any] = {}
        for each in fields(cls):
            key = _OTHER_NAMES.get(each.name, PREFIX + each.name.upper())
            if each.name != "random" and environ.get(key):
                given[each.name] = _parsed(each.name, each.default, key, environ[key])
        made_up: dict[str, Any] = {
            "write_keys": lambda: {secrets.token_hex(12): "site"},
            "token_secrets": lambda: (secrets.token_hex(24),),
            "console_token": lambda: secrets.token_hex(12),
        }
        missing = [name for name in made_up if name not in given]
        return cls(**given, **{name: made_up[name]() for name in missing}, random=tuple(missing))

    def topic(self, name: str) -> str:
        """The topic's name on this broker."""
        return self.topics_prefix + name

    def shown(self, name: str) -> tuple[str, ...]:
        """The topics of that name that the console shows."""
        return tuple(dict.fromkeys((self.topics_prefix + name, *(prefix + name for prefix in self.console_also))))


def _parsed(name: str, default: Any, key: str, text: str) -> Any:
    match name, default:
        case "write_keys", _:
            return _write_keys(key, text)
        case "webhooks", _:
            return _webhooks(key, text)
        case _, bool():
            if text.lower() not in ("0", "1", "true", "false"):
                raise SettingsError(f"{key}={text!r}: give 1 or 0")
            return text.lower() in ("1", "true")
        case _, int() | float():
            try:
                number = type(default)(text)
            except ValueError:
                number = -1
            if not 0 < number < 2**40:
                raise SettingsError(f"{key}={text!r}: give a number above 0")
            return number
        case _, tuple():
            return tuple(part.strip() for part in text.split(",") if part.strip())
    return text


def _write_keys(key: str, text: str) -> dict[str, str]:
    found = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        source, colon, write_key = part.partition(":")
        if not (source and colon and write_key):
            raise SettingsError(f"{key}: one entry is not source:key; give source:key,source2:key2")
        found[write_key] = source
    return found


def _webhooks(key: str, text: str) -> dict[str, Webhook]:
    found = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        source, _, rest = part.partition("=")
        kind, _, keys = rest.partition(":")
        allowed = tuple(filter(None, keys.split("|")))
        if not source or kind not in get_args(WebhookKind) or not allowed:
            raise SettingsError(f"{key}: give source=kind:secret|older-secret, kind one of {get_args(WebhookKind)}")
        found[source] = Webhook(kind, allowed)  # type: ignore[arg-type]
    return found
