"""Corrects times of a sender's clock by when the sender says that it has sent them."""

from collections.abc import Mapping
from typing import Any

from infra.gateway.errors import ApiError
from infra.gateway.ingest.times import milliseconds


def clock_skew_ms(body: Mapping[str, Any], received_ms: int) -> int | None:
    """Returns what is to be added to the times of a body with `sent_at_ms`; None without. Raises `ApiError` 422."""
    given = body.get("sent_at_ms")
    if given is None:
        return None
    sent_at_ms = milliseconds(given)
    if sent_at_ms is None:
        raise ApiError(422, "wrong_type", "sent_at_ms: expected milliseconds since 1970", field="sent_at_ms")
    return received_ms - sent_at_ms


def corrected_ms(at_ms: int, skew_ms: int | None, received_ms: int) -> int:
    """Returns a time by the gateway's clock: of the sender's only the distance to `sent_at_ms` is trusted, and nothing can have
    occurred after its receipt. Without `skew_ms` the time stays as it is.

    >>> corrected_ms(1_000, 500, 9_000), corrected_ms(8_900, 500, 9_000), corrected_ms(9_900, None, 9_000)
    (1500, 9000, 9900)
    """
    return at_ms if skew_ms is None else min(at_ms + skew_ms, received_ms)
