"""Lists the kinds of webhooks. A new kind is one entry here and one module that holds its functions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from infra.gateway.ingest.enrichment import Enricher
from infra.gateway.ingest.pipeline import RawEvent
from infra.gateway.ingest.webhooks import pendo, segment, standard
from infra.gateway.ingest.webhooks.message import WebhookMessage


def _any_secret(_: str) -> str | None:
    return None


def _never_erases(_: Mapping[str, Any]) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class WebhookKind:
    """How senders of one kind sign and phrase their webhooks."""

    verify: Callable[[Sequence[str], Mapping[str, str], bytes, float], bytes]
    """Gets secrets, headers, body and the time in seconds. Returns what was signed, which identifies a replay; raises
    `InvalidSignatureError`."""
    to_events: Callable[[WebhookMessage, Enricher], list[RawEvent]]
    sent_at_ms: Callable[[Mapping[str, Any]], int | None] | None = None
    """Reads the time of sending from the body. None if `verify` checks a signed time."""
    user_to_erase: Callable[[Mapping[str, Any]], str | None] = _never_erases
    """Returns the user whose data the webhook asks to erase, None if it carries an event; raises `ApiError`."""
    secret_problem: Callable[[str], str | None] = _any_secret
    """Says what is wrong with a configured secret, None if nothing is."""


KINDS: Final[Mapping[str, WebhookKind]] = {
    "standard": WebhookKind(standard.verify, standard.to_events, secret_problem=standard.secret_problem),
    "segment": WebhookKind(segment.verify, segment.to_events, segment.sent_at_ms, segment.user_to_erase),
    "pendo": WebhookKind(pendo.verify, pendo.to_events, pendo.sent_at_ms),
}
