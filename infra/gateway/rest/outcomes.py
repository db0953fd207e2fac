"""Validates outcomes (what a page did with a command, and the reader after it) and writes them to outcomes.v1."""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from infra.gateway.components import GatewayContext
from infra.gateway.errors import ApiError
from infra.gateway.ingest.json_fields import id_text, number_of, paired, tag_text
from infra.gateway.ingest.pipeline import RejectedItem
from infra.gateway.ingest.sender_clock import corrected_ms
from infra.gateway.ingest.times import milliseconds
from infra.kafka.producer import OutgoingRecord, ProducerUnavailableError
from schemas.events import MAX_SKEW_MS
from schemas.outcomes import Outcome
from schemas.topics import OUTCOMES

MAX_OUTCOMES: Final = 500
_MSGSPEC_PATH: Final = re.compile(r" - at `\$\.?([^`]*)`$")

_MAX_CHARS: Final = {"metric": 64, "reason": 128}
_MAX_VALUE: Final = 1e15
"""Bounds of optional fields of the contract, which cost the outcome nothing."""


Writable = Callable[[str], Awaitable[str | None]]
"""Returns the session that an id names, None if the sender may not write outcomes of it; raises `ApiError`."""


class Outcomes:
    """Validates each outcome alone; returns once Kafka has those that are accepted."""

    def __init__(self, gateway: GatewayContext) -> None:
        self._producer = gateway.side_producer
        self._topic = gateway.settings.topic(OUTCOMES.name)

    async def ingest(
        self, given: Any, writable: Writable, received_ms: int, skew_ms: int | None = None
    ) -> dict[str, Any]:
        """Writes the valid ones, with their times corrected by `skew_ms`; raises `ApiError`."""
        if type(given) is not list:
            raise ApiError(422, "wrong_type", "outcomes: expected a list of outcomes", field="outcomes")
        if len(given) > MAX_OUTCOMES:
            raise ApiError(
                413, "oversize", f"outcomes: {len(given)} in a batch; send at most {MAX_OUTCOMES}", field="outcomes"
            )
        accepted: list[Outcome] = []
        rejected: list[RejectedItem] = []
        for index, each in enumerate(given):
            result = _validated(index, each, received_ms, skew_ms)
            if isinstance(result, RejectedItem):
                rejected.append(result)
            elif (session_id := await writable(result.session_id)) is not None:
                accepted.append(replace(result, session_id=session_id))
            else:
                detail = "session_id: not a session of this token or key; send the session's push token or a server key"
                rejected.append(RejectedItem(index, "session_id", "token", detail))
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


def _validated(index: int, given: Any, received_ms: int, skew_ms: int | None = None) -> Outcome | RejectedItem:
    try:
        outcome = msgspec.convert(_coerced(given) if type(given) is dict else given, Outcome)
        # Fails on an unpaired surrogate, which could not be written.
        msgspec.json.encode(outcome)
    except msgspec.ValidationError as error:
        return _rejected_item(index, str(error))
    except UnicodeEncodeError:
        return RejectedItem(index, "", "malformed", "unpaired surrogate in a string")
    if outcome.status is None and outcome.metric is None:
        return RejectedItem(index, "status", "missing_field", "status or metric: one is required")
    at_ms = corrected_ms(outcome.occurred_at_ms, skew_ms, received_ms)
    if abs(at_ms - received_ms) > MAX_SKEW_MS:
        return RejectedItem(
            index,
            "occurred_at_ms",
            "impossible_time",
            "occurred_at_ms: over 24 h from now; expected milliseconds since 1970",
        )
    # From a time to come, training would join it with windows that end after the reader told.
    return replace(outcome, occurred_at_ms=min(at_ms, received_ms))


def _coerced(given: dict[str, Any]) -> dict[str, Any]:
    """Returns the outcome's fields in the contract's spelling, as far as they can be read; optional ones are else left out."""
    found = {name: each for name, each in given.items() if name in Outcome.__struct_fields__}
    for name in ("session_id", "command_id"):
        if name in found:
            found[name] = id_text(found[name]) or found[name]
    if (at_ms := milliseconds(found.get("occurred_at_ms"))) is not None:
        found["occurred_at_ms"] = at_ms
    for name, most in _MAX_CHARS.items():
        if name in found:
            found[name] = None if (text := tag_text(found[name])) is None else paired(text)[:most]
    if "value" in found:
        value = number_of(found["value"])
        found["value"] = value if value is not None and abs(value) <= _MAX_VALUE else None
    return found


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
