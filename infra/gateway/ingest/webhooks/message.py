"""Defines a received webhook, as signature checks and event mappers get it."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from infra.gateway.ingest.enrichment import Enricher, Enrichment


@dataclass(frozen=True, slots=True)
class WebhookMessage:
    """A webhook whose signature is valid. `fields` is the body as JSON."""

    fields: dict[str, Any]
    body: bytes
    headers: Mapping[str, str]
    received_ms: int


def digest(data: bytes) -> str:
    return blake2b(data, digest_size=20).hexdigest()


def lookup(enricher: Enricher, fields: Mapping[str, Any]) -> Enrichment:
    """Looks up a reader's enrichment by `userAgent` and `ip`, where the sender names them."""
    agent, address = fields.get("userAgent"), fields.get("ip")
    return enricher.lookup(agent if type(agent) is str else "", "", address if type(address) is str else "")
