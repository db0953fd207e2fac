"""Reads the gateway's settings from the environment: addresses, keys, secrets and limits."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address, ip_network
from typing import Any, Final

from infra.gateway.auth.origin_names import canonical_origin
from infra.kafka.connection import KafkaConnection
from infra.redis.address import read_redis_url
from infra.settings import DEFAULT_BOOTSTRAP, DEFAULT_REDIS_URL, PREFIX, SettingsError, read_security
from schemas.kafka_security.reading import value_of
from schemas.kafka_security.settings import OPEN, KafkaSecurity

_OTHER_NAMES: Final = {
    "write_keys": "MICROADJUST_WRITE_KEYS",
    "server_keys": "MICROADJUST_SERVER_KEYS",
    "session_secret": "MICROADJUST_SESSION_SECRET",
    "token_secrets": "MICROADJUST_PUSH_SECRETS",
    "webhooks": "MICROADJUST_WEBHOOK_SECRETS",
    "models": "MICROADJUST_MODELS",
}
"""Settings that other programs read as well, so their variables lack the gateway's prefix."""

NOT_READ: Final = ("generated", "kafka_security")
"""Fields without a variable of their own."""
_MAY_BE_ZERO: Final = frozenset({"drain_s", "metrics_port"})
_MOST: Final = {"port": 65_535, "metrics_port": 65_535, "ipv6_prefix": 128}
LOG_FORMATS: Final = ("auto", "json", "text")


@dataclass(frozen=True, slots=True)
class Webhook:
    """How a source signs its webhooks. Any of the secrets is accepted, so that they can rotate."""

    kind: str
    """A key of `infra.gateway.ingest.webhooks.registry.KINDS`."""
    secrets: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """Holds every setting. Units are in the names; rates are tokens a second.

    `generated` names the secrets that were not set and were generated for this run.
    """

    host: str = "127.0.0.1"
    """Address to listen at."""
    port: int = 8480
    """Port to listen at."""
    bootstrap: str = DEFAULT_BOOTSTRAP
    """Kafka's bootstrap servers."""
    redis_url: str = field(default=DEFAULT_REDIS_URL, repr=False)
    """Address of Redis."""
    topics_prefix: str = ""
    """Text before the name of every topic."""
    write_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Public write keys by source: `source:key`, comma separated. They stand in pages and read nothing."""
    server_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Server keys by source, written alike: secret keys of servers, which also read and steer sessions of their source."""
    keys_file: str = ""
    """Path of a TOML file of further keys, with scopes, origins and quotas. It is read again when it changes."""
    session_secret: str = field(default="", repr=False)
    """Secret that session ids are derived with, where a sender has only identities. If empty, the last of the push secrets:
    when that one goes, such sessions begin anew."""
    token_secrets: tuple[str, ...] = field(default=(), repr=False)
    """Secrets of push tokens, comma separated: the first signs, all verify."""
    console_token: str = field(default="", repr=False)
    """Token of an operator with all roles: it reads everything."""
    operators_file: str = ""
    """TOML file of operators with tokens and roles (`infra/docs/deployment.md`); read again when it changes."""
    webhooks: Mapping[str, Webhook] = field(default_factory=dict, repr=False)
    """Webhook sources: `source=kind:secret|older-secret`, comma separated (`infra/docs/http-api.md`)."""
    allowed_origins: tuple[str, ...] = ()
    """Origins whose pages may call the gateway. If empty, any origin may send events, and only pages of this machine may
    connect to push."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses of proxies whose X-Forwarded-For is believed."""
    geo_database: str = ""
    """Path of a MaxMind database, licensed by its user. If empty, country, region and city stay unknown."""
    ticks: bool = True
    """Whether to write a tick to each partition of events.v1 every second."""
    seen_ids: int = 2_000_000
    """Event ids kept in Redis for 24 h; beyond that the oldest are dropped first."""
    queued_events: int = 20_000
    """Most events sent to Kafka and not yet acknowledged; beyond that the answer is 503."""
    queued_bytes: int = 16_777_216
    """Most bytes of such events; beyond that the answer is 503."""
    held_bytes: int = 16_777_216
    """Most bytes of request bodies in memory, over all requests."""
    ack_timeout_ms: int = 3_000
    """How long a request waits for Kafka's acknowledgement before its answer is 503."""
    ipv6_prefix: int = 64
    """Length of the IPv6 network that limits count as one address."""
    ip_requests_per_s: float = 200.0
    """Requests a second from one address; beyond that the answer is 429."""
    ip_burst: int = 400
    """Requests of one address that may come at once."""
    ip_events_per_s: float = 2_000.0
    """Events a second from one address, rejected ones included; beyond that the answer is 429."""
    ip_events_burst: int = 10_000
    """Events of one address that may come at once."""
    ip_bytes_per_s: float = 4_194_304.0
    """Bytes of bodies a second from one address, as sent and unpacked together; beyond that the answer is 429."""
    ip_bytes_burst: int = 33_554_432
    """Bytes of bodies of one address that may come at once."""
    ip_connections: int = 256
    """Most connections of one address, trusted proxies excepted; a further one is closed at once."""
    max_connections: int = 4_096
    """Most connections in all, at most what the system's limit of open files leaves; a further one is closed at once."""
    push_clients_per_address: int = 100
    """Most push connections of one address, or of one IPv6 network; connections with the operator's token do not count."""
    key_events_per_s: float = 6_000.0
    """Events a second with one write key; beyond that the answer is 429."""
    key_burst: int = 25_000
    """Events with one write key that may come at once."""
    flink_url: str = ""
    """Address of Flink's REST API, for the console's health page."""
    pictures: str = ""
    """Folder of page screenshots for the console's heatmap (`infra/console/README.md`)."""
    models: str = ""
    """Store of trained models for the console's page: a folder, or an address such as s3://bucket/models. The page lists
    announced models without."""
    console_also: tuple[str, ...] = ()
    """Prefixes of further sets of topics that the console shows beside the gateway's own."""
    demo: bool = False
    """Whether to serve the demo site, with a write key in its pages."""
    drain_s: float = 5.0
    """After SIGTERM: how long requests are still served while `GET /ready` answers 503. 0 stops at once."""
    metrics_port: int = 0
    """Port for `GET /metrics`, which is then absent from the public port. 0 serves it on the public port."""
    metrics_host: str = "127.0.0.1"
    """Address to listen at for metrics."""
    log_format: str = "auto"
    """Format of the log: `json`, `text`, or `auto` for text on a terminal and JSON elsewhere."""
    access_log: bool = True
    """Whether each request is logged, without query, session and person."""
    generated: tuple[str, ...] = ()
    kafka_security: KafkaSecurity = OPEN

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Reads the variables, or the files that NAME_FILE names; raises `SettingsError`.

        Secrets that are not set are generated and last for this run.
        """
        given: dict[str, Any] = {}
        for each in fields(cls):
            key = variable(each.name)
            if each.name not in NOT_READ and (text := value_of(environ, key, SettingsError)):
                given[each.name] = _parsed(each.name, each.default, key, text)
        given["redis_url"] = read_redis_url(environ, DEFAULT_REDIS_URL, SettingsError)
        given["kafka_security"] = read_security(environ)
        generators: dict[str, Any] = {
            "write_keys": lambda: {secrets.token_hex(12): "site"},
            "token_secrets": lambda: (secrets.token_hex(24),),
            "console_token": lambda: secrets.token_hex(12),
        }
        if "keys_file" in given or "server_keys" in given:
            del generators["write_keys"]
        if both := given.get("write_keys", {}).keys() & given.get("server_keys", {}).keys():
            names = ", ".join(sorted(given["server_keys"][each] for each in both))
            raise SettingsError(
                f"MICROADJUST_SERVER_KEYS: {names}: the key stands in MICROADJUST_WRITE_KEYS too, so in pages"
            )
        missing = [name for name in generators if name not in given]
        return cls(**given, **{name: generators[name]() for name in missing}, generated=tuple(missing))

    @property
    def kafka(self) -> KafkaConnection:
        return KafkaConnection(self.bootstrap, self.kafka_security)

    def topic(self, name: str) -> str:
        """Returns the topic's name on this broker."""
        return self.topics_prefix + name

    def console_topics(self, name: str) -> tuple[str, ...]:
        """Returns the topics of that name that the console shows."""
        return tuple(dict.fromkeys((self.topics_prefix + name, *(prefix + name for prefix in self.console_also))))


def variable(name: str) -> str:
    """Returns the environment variable of a setting.

    >>> variable("port"), variable("write_keys")
    ('MICROADJUST_GATEWAY_PORT', 'MICROADJUST_WRITE_KEYS')
    """
    return _OTHER_NAMES.get(name, PREFIX + name.upper())


def _parsed(name: str, default: Any, key: str, text: str) -> Any:
    match name, default:
        case "write_keys" | "server_keys", _:
            return _write_keys(key, text)
        case "webhooks", _:
            return _webhooks(key, text)
        case "trusted_proxies", _:
            return _proxies(key, text)
        case _, bool():
            if text.lower() not in ("0", "1", "true", "false"):
                raise SettingsError(f"{key}={text!r}: give 1 or 0")
            return text.lower() in ("1", "true")
        case _, int() | float():
            return _number(name, type(default), key, text)
        case "allowed_origins", _:
            return _origins(key, text)
        case _, tuple():
            return _entries(key, text)
        case "log_format", _ if text not in LOG_FORMATS:
            raise SettingsError(f"{key}={text!r}: give one of {', '.join(LOG_FORMATS)}")
    return text


def _number(name: str, kind: type[int] | type[float], key: str, text: str) -> int | float:
    try:
        number = kind(text)
    except ValueError:
        number = -1
    least, most = 0 if name in _MAY_BE_ZERO else None, _MOST.get(name, 2**40)
    if not (0 < number <= most or number == least):
        hint = (
            "; Kubernetes sets it for a Service of that name: set enableServiceLinks to false" if "://" in text else ""
        )
        bounds = (
            f"from {0 if least == 0 else 1} to {most}"
            if name in _MOST
            else "of at least 0"
            if least == 0
            else "above 0"
        )
        raise SettingsError(f"{key}={text!r}: give a number {bounds}{hint}")
    return number


def _entries(key: str, text: str) -> tuple[str, ...]:
    """Splits a list at its commas; raises `SettingsError` for one without entries."""
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    if not found:
        raise SettingsError(f"{key}={text!r}: a list without entries; give at least one, or unset it")
    return found


def _origins(key: str, text: str) -> tuple[str, ...]:
    origins = []
    for entry in _entries(key, text):
        try:
            origins.append(canonical_origin(entry))
        except ValueError as problem:
            raise SettingsError(f"{key}: {entry!r}: {problem}") from None
    return tuple(dict.fromkeys(origins))


def _proxies(key: str, text: str) -> tuple[str, ...]:
    """Reads addresses and networks; a host name would match no connection, and every reader would be the proxy."""
    found = []
    for each in _entries(key, text):
        try:
            # uvicorn knows no network in which bits of a host are set.
            if "/" in each:
                found.append(str(ip_network(each, strict=False)))
            else:
                found.append(each if each == "*" else str(ip_address(each)))
        except ValueError:
            raise SettingsError(
                f"{key}: {each!r} is no address; give addresses, networks such as 10.0.0.0/8, or *"
            ) from None
    return tuple(found)


def _write_keys(key: str, text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in _entries(key, text):
        source, colon, write_key = entry.partition(":")
        if not (source and colon and write_key):
            raise SettingsError(f"{key}: an entry is not source:key; give source:key,source2:key2")
        if found.setdefault(write_key, source) != source:
            raise SettingsError(f"{key}: {found[write_key]} and {source} have the same key; give each a key of its own")
    return found


def _webhooks(key: str, text: str) -> dict[str, Webhook]:
    # Here, since the settings are also read by programs that need none of what the kinds import.
    from infra.gateway.ingest.webhooks.registry import KINDS

    found: dict[str, Webhook] = {}
    for entry in _entries(key, text):
        source, _, rest = entry.partition("=")
        name, _, keys = rest.partition(":")
        allowed = tuple(filter(None, keys.split("|")))
        kind = KINDS.get(name)
        if not source or kind is None or not allowed:
            raise SettingsError(f"{key}: give source=kind:secret|older-secret, with a kind of {', '.join(KINDS)}")
        if source in found:
            raise SettingsError(f"{key}: {source} stands twice; give its secrets in one entry: {source}={name}:new|old")
        for secret in allowed:
            if problem := kind.secret_problem(secret):
                raise SettingsError(f"{key}: the secret of {source} {problem}")
        found[source] = Webhook(name, allowed)
    return found
