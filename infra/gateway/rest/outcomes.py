"""Validates outcomes (what a page did with a command, and the reader after it) and writes them to outcomes.v1."""

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from infra.gateway.components import GatewayContext
from infra.gateway.errors import ApiError
from infra.gateway.ingest.pipeline import RejectedItem
from infra.kafka.producer import OutgoingRecord, ProducerUnavailableError
from schemas.events import MAX_SKEW_MS
from schemas.outcomes import Outcome
from schemas.topics import OUTCOMES

MAX_OUTCOMES: Final = 500
_MSGSPEC_PATH: Final = re.compile(r" - at `\$\.?([^`]*)`$")


class Outcomes:
    """Validates each outcome alone; returns once Kafka has those that are accepted."""

    def __init__(self, gateway: GatewayContext) -> None:
        self._producer = gateway.side_producer
        self._topic = gateway.settings.topic(OUTCOMES.name)

    async def ingest(self, given: Any, only_session: str | None, received_ms: int) -> dict[str, Any]:
        """Writes the valid ones; raises `ApiError`. `only_session`: if a page sends them, the session of its token."""
        if type(given) is not list:
            raise ApiError(422, "wrong_type", "outcomes: expected a list of outcomes", field="outcomes")
        if len(given) > MAX_OUTCOMES:
            raise ApiError(
                413, "oversize", f"outcomes: {len(given)} in a batch; send at most {MAX_OUTCOMES}", field="outcomes"
            )
        accepted: list[Outcome] = []
        rejected: list[RejectedItem] = []
        for index, each in enumerate(given):
            result = _validated(index, each, only_session, received_ms)
            (rejected if isinstance(result, RejectedItem) else accepted).append(result)  # type: ignore[arg-type]
        await self._write(accepted)
        return {"accepted": len(accepted), "rejected": rejected}

    async def _write(self, outcomes: Sequence[Outcome]) -> None:
        records = [
            OutgoingRecord(self._topic, each.session_id.encode(), msgspec.json.encode(each)) for each in outcomes
        ]
        try:
            await self._producer.wait_acked(self._producer.send(records))
        except ProducerUnavailableError as error:
            raise ApiError(
                503, "unavailable", f"not stored: {error}; retry later", retry_after_s=error.retry_after_s
            ) from None


def _validated(index: int, given: Any, only_session: str | None, received_ms: int) -> Outcome | RejectedItem:
    try:
        outcome = msgspec.convert(given, Outcome)
        # Fails on an unpaired surrogate, which could not be written.
        msgspec.json.encode(outcome)
    except msgspec.ValidationError as error:
        return _rejected_item(index, str(error))
    except UnicodeEncodeError:
        return RejectedItem(index, "", "malformed", "unpaired surrogate in a string")
    if outcome.status is None and outcome.metric is None:
        return RejectedItem(index, "status", "missing_field", "status or metric: one is required")
    if abs(outcome.occurred_at_ms - received_ms) > MAX_SKEW_MS:
        return RejectedItem(
            index,
            "occurred_at_ms",
            "impossible_time",
            "occurred_at_ms: over 24 h from now; expected milliseconds since 1970",
        )
    if only_session is not None and outcome.session_id != only_session:
        return RejectedItem(index, "session_id", "token", "session_id: not the session of the push token")
    return outcome


def _rejected_item(index: int, error: str) -> RejectedItem:
    """Derives field and rule from msgspec's message."""
    path = _MSGSPEC_PATH.search(error)
    problem = _MSGSPEC_PATH.sub("", error)
    missing = re.search(r"required field `([^`]*)`", problem)
    if missing is not None:
        return RejectedItem(index, missing.group(1), "missing_field", f"{missing.group(1)}: required")
    field = path.group(1) if path is not None else ""
    rule = "wrong_type" if "got" in problem else "out_of_range"
    return RejectedItem(index, field, rule, f"{field}: {problem}" if field else problem)
