"""Counts connections by address, and bounds how many an address and all addresses together may hold."""

import logging
import resource
import time
from collections import Counter
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final

from infra.gateway import metrics
from infra.gateway.client_address import rate_limit_key
from infra.gateway.settings import Settings

_log = logging.getLogger(__name__)

RESERVED_FILES: Final = 64
"""Descriptors kept for Kafka, Redis and files."""

WARN_EVERY_S: Final = 10.0

Network = IPv4Network | IPv6Network


class ConnectionLimits:
    """Grants a place to each connection. `is_draining` makes every response close its connection.

    Trusted proxies are bounded only by the total: their one address stands for many clients. Any other address gets at
    most a quarter of all places.
    """

    def __init__(
        self, max_connections: int, max_per_address: int, trusted: Sequence[str] = (), prefix: int = 64
    ) -> None:
        self._max = max(1, max_connections)
        self._max_per_address = max(1, min(max_per_address, self._max // 4))
        self._trusts_all = "*" in trusted
        self._trusted = _networks(trusted)
        self._prefix = prefix
        self._by_address: Counter[str] = Counter()
        self._all = 0
        self._refused = 0
        self._warned_s = -WARN_EVERY_S
        self.is_draining = False

    @classmethod
    def of(cls, settings: Settings) -> "ConnectionLimits":
        """Raises the process's limit of open files as far as it may, and takes the rest of it as the total."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = settings.max_connections + RESERVED_FILES
        if soft != resource.RLIM_INFINITY and soft < wanted:
            soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        files = settings.max_connections if soft == resource.RLIM_INFINITY else soft - RESERVED_FILES
        return cls(
            min(settings.max_connections, files),
            settings.ip_connections,
            settings.trusted_proxies,
            settings.ipv6_prefix,
        )

    def admit(self, host: str) -> str | None:
        """Takes a place; returns the key to release it by, or None where there is none left."""
        key = self.key(host)
        is_crowded = self._by_address[key] >= self._max_per_address and not self._is_trusted(host)
        if self._all >= self._max or is_crowded:
            self._refuse("address" if is_crowded else "total")
            return None
        return self.take(key)

    def key(self, host: str) -> str:
        """Returns the name under which the connections of an address are counted."""
        return rate_limit_key(host, self._prefix)

    def take(self, key: str) -> str:
        """Takes a place whatever the limits: a WebSocket follows on its own HTTP connection."""
        self._by_address[key] += 1
        self._all += 1
        metrics.CONNECTIONS.set(self._all)
        return key

    def release(self, key: str) -> None:
        self._all -= 1
        self._by_address[key] -= 1
        if not self._by_address[key]:
            del self._by_address[key]
        metrics.CONNECTIONS.set(self._all)

    def _is_trusted(self, host: str) -> bool:
        if self._trusts_all:
            return True
        try:
            address = ip_address(rate_limit_key(host, 128).removesuffix("/128"))
        except ValueError:
            return False
        return any(address in network for network in self._trusted)

    def _refuse(self, limit: str) -> None:
        metrics.CONNECTIONS_REFUSED.labels(limit).inc()
        self._refused += 1
        now_s = time.monotonic()
        if now_s - self._warned_s >= WARN_EVERY_S:
            _log.warning("closed %d new connections: limit by %s reached", self._refused, limit)
            self._warned_s, self._refused = now_s, 0


def _networks(entries: Sequence[str]) -> list[Network]:
    found = []
    for each in entries:
        try:
            found.append(ip_network(each, strict=False))
        except ValueError:
            continue  # a Unix socket or a name, which no TCP peer has
    return found
