"""Checks settings against each other, and against what they lead to: Kafka, its topics, Redis, files."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from redis import Redis
from redis.exceptions import RedisError

from infra.gateway.auth.keys_file import read_keys
from infra.gateway.auth.operators import read_operators
from infra.gateway.ingest.enrichment import Enricher
from infra.gateway.settings import Settings, variable
from infra.gateway.topic_watch import REQUIRED
from infra.kafka.access import missing_grants
from infra.kafka.reading import StreamError, TopicReader
from infra.settings import SettingsError

MIN_SECRET_CHARS: Final = 16
"""A push token shows its signature, so a short secret can be found without asking the gateway; a server key by asking it."""

TIMEOUT_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `microadjust gateway --check`. `is_fatal`: the gateway could not work so."""

    what: str
    detail: str
    is_fatal: bool = False


def require_safe(settings: Settings) -> None:
    """Raises `SettingsError` for secrets that are missing or weak where others than this machine can connect."""
    if is_loopback(settings.host):
        return
    exposed = f"MICROADJUST_GATEWAY_HOST={settings.host} can be reached from other machines"
    if missing := [variable(name) for name in settings.generated]:
        raise SettingsError(f"{exposed}, and random secrets differ between gateways and runs: set {', '.join(missing)}")
    if weak := weak_secrets(settings):
        raise SettingsError(f"{exposed}: give at least {MIN_SECRET_CHARS} characters in {', '.join(weak)}")


def weak_secrets(settings: Settings) -> list[str]:
    """Returns the variables of secrets that are too short."""
    given: dict[str, Iterable[str]] = {
        "server_keys": settings.server_keys,
        "session_secret": (settings.session_secret,) if settings.session_secret else (),
        "token_secrets": settings.token_secrets,
        "console_token": (settings.console_token,) if settings.console_token else (),
    }
    return [variable(name) for name, each in given.items() if any(len(secret) < MIN_SECRET_CHARS for secret in each)]


def is_loopback(host: str) -> bool:
    """Whether only this machine can connect to that address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def findings(settings: Settings) -> Iterator[Finding]:
    """Tries everything the gateway needs. Blocks for a few seconds where something does not answer."""
    yield from _secrets(settings)
    yield from _files(settings)
    yield _kafka(settings)
    for lack in missing_grants(settings.kafka, "gateway", settings.topics_prefix):
        yield Finding("Kafka", lack, is_fatal=True)
    yield _redis(settings)


def _secrets(settings: Settings) -> Iterator[Finding]:
    for name in settings.generated:
        yield Finding(variable(name), "not set: random, differs between gateways and runs")
    for each in weak_secrets(settings):
        yield Finding(each, f"weak: under {MIN_SECRET_CHARS} characters")
    if not settings.allowed_origins:
        yield Finding(variable("allowed_origins"), "not set: any page may send events")


def _files(settings: Settings) -> Iterator[Finding]:
    if settings.keys_file:
        try:
            yield Finding(variable("keys_file"), f"{len(read_keys(Path(settings.keys_file)))} keys")
        except SettingsError as error:
            yield Finding(variable("keys_file"), str(error), is_fatal=True)
    if settings.operators_file:
        try:
            count = len(read_operators(Path(settings.operators_file)))
            yield Finding(variable("operators_file"), f"{count} operators")
        except SettingsError as error:
            yield Finding(variable("operators_file"), str(error), is_fatal=True)
    try:
        Enricher(settings.geo_database)
    except SettingsError as error:
        yield Finding(variable("geo_database"), str(error), is_fatal=True)
    if settings.metrics_port == settings.port:
        yield Finding(variable("metrics_port"), f"{settings.port} is the port of the gateway itself", is_fatal=True)


def _kafka(settings: Settings) -> Finding:
    names = [settings.topic(each.name) for each in REQUIRED]
    try:
        with TopicReader(settings.kafka, *names, missing_ok=True) as reader:
            found = {topic for topic, _ in reader.find_partitions()}
    except StreamError as error:
        return Finding("Kafka", str(error), is_fatal=True)
    if missing := [name for name in names if name not in found]:
        return Finding("Kafka", f"topics missing: {', '.join(missing)}", is_fatal=True)
    return Finding("Kafka", f"{settings.kafka} has all topics")


def _redis(settings: Settings) -> Finding:
    client: Any = Redis.from_url(settings.redis_url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)
    try:
        client.ping()
    except (RedisError, OSError) as error:
        return Finding("Redis", f"does not answer: {error}", is_fatal=True)
    finally:
        client.close()
    return Finding("Redis", "answers")
