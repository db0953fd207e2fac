"""What a page or CMS did with a command, and what the reader did then, onto outcomes.v1."""

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from infra.gateway.components import Gateway
from infra.gateway.ingest.pipeline import Refused
from infra.gateway.ingest.producer import Line, LogDown
from infra.gateway.responses import Refusal
from schemas.events import MAX_SKEW_MS
from schemas.outcomes import Outcome
from schemas.topics import OUTCOMES

MOST: Final = 500
_AT: Final = re.compile(r" - at `\$\.?([^`]*)`$")


class Outcomes:
    """Judged one by one; an answer means that Kafka has those that were accepted."""

    def __init__(self, gateway: Gateway) -> None:
        self._log = gateway.log
        self._topic = gateway.settings.topic(OUTCOMES.name)

    async def take(self, given: Any, only_session: str | None, received_ms: int) -> dict[str, Any]:
        """`only_session` is the one whose page sends them, if it is a page. Raises `Refusal`."""
        if type(given) is not list:
            raise Refusal(422, "wrong_type", "outcomes: expected a list", field="outcomes")
        if len(given) > MOST:
            raise Refusal(413, "oversize", f"outcomes: more than {MOST}", field="outcomes")
        accepted: list[Outcome] = []
        refused: list[Refused] = []
        for index, each in enumerate(given):
            judged = _judged(index, each, only_session, received_ms)
            (refused if isinstance(judged, Refused) else accepted).append(judged)  # type: ignore[arg-type]
        await self._write(accepted)
        return {"accepted": len(accepted), "rejected": refused}

    async def _write(self, outcomes: Sequence[Outcome]) -> None:
        lines = [Line(self._topic, each.session_id.encode(), msgspec.json.encode(each)) for each in outcomes]
        try:
            await self._log.acknowledged(self._log.begin(lines))
        except LogDown as down:
            raise Refusal(503, "unavailable", str(down), retry_after_s=down.retry_after_s) from None


def _judged(index: int, given: Any, only_session: str | None, received_ms: int) -> Outcome | Refused:
    try:
        outcome = msgspec.convert(given, Outcome)
        # Half a surrogate pair is no text, and could not be written.
        msgspec.json.encode(outcome)
    except msgspec.ValidationError as error:
        return _told(index, str(error))
    except UnicodeEncodeError:
        return Refused(index, "", "malformed", "unpaired surrogate")
    if outcome.status is None and outcome.metric is None:
        return Refused(index, "status", "missing_field", "status or metric: one is required")
    if abs(outcome.occurred_at_ms - received_ms) > MAX_SKEW_MS:
        return Refused(index, "occurred_at_ms", "impossible_time", "occurred_at_ms: over 24 h from now")
    if only_session is not None and outcome.session_id != only_session:
        return Refused(index, "session_id", "token", "session_id: the token is for another session")
    return outcome


def _told(index: int, error: str) -> Refused:
    """Field and rule out of what msgspec says."""
    place = _AT.search(error)
    what = _AT.sub("", error)
    missing = re.search(r"required field `([^`]*)`", what)
    if missing is not None:
        return Refused(index, missing.group(1), "missing_field", f"{missing.group(1)}: required")
    field = place.group(1) if place is not None else ""
    rule = "wrong_type" if "got" in what else "out_of_range"
    return Refused(index, field, rule, f"{field}: {what}" if field else what)
