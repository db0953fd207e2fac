"""Reads recorded events as the job's source does: valid ones in order of arrival, without late ones and ticks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import msgspec

from infra.simulate.reference_windows import SLICE_MS
from schemas.event_validation import validate_record
from schemas.events import Event
from schemas.rejects import ValidationFailure

LATENESS_MS: Final = 2_000
SLACK_MS: Final = 500
LEAN_TYPES: Final = frozenset({"scroll", "move", "hover"})
"""Of these the source carries only what the windows read (`jobs/sql/source_table.py`)."""


@dataclass
class Intake:
    """Counts what was used and what was left out."""

    used: int = 0
    late: int = 0
    rejected: int = 0

    def read(self, records: Iterable[tuple[bytes, int | None]], now_ms: int) -> Iterator[Event]:
        """Yields the events of (record, time at which the broker wrote it, if known). `now_ms` bounds what counts as future.

        Late is what occurred long before it was received, and what comes after event time has passed its slice, as in a
        recording that is not in order of arrival.
        """
        watermark = 0
        for record, written_ms in records:
            event = validate_record(record, now_ms)
            if isinstance(event, ValidationFailure):
                self.rejected += 1
                continue
            ahead_ms = 0 if written_ms is None else max(0, event.received_at_ms - written_ms - SLACK_MS)
            before, watermark = watermark, max(watermark, event.received_at_ms - ahead_ms - LATENESS_MS - SLACK_MS)
            if event.type == "tick":
                continue
            slice_end_ms = (event.occurred_at_ms - ahead_ms) // SLICE_MS * SLICE_MS + SLICE_MS - 1
            if event.occurred_at_ms < event.received_at_ms - LATENESS_MS or slice_end_ms <= before:
                self.late += 1
                continue
            self.used += 1
            yield _as_read(event, ahead_ms)


def _as_read(event: Event, ahead_ms: int) -> Event:
    """The event as the source hands it on: set back where its gateway's clock is ahead, and lean where there are many."""
    if event.type in LEAN_TYPES:
        return Event(
            event_id=event.event_id,
            type=event.type,
            occurred_at_ms=event.occurred_at_ms - ahead_ms,
            received_at_ms=event.received_at_ms - ahead_ms,
            session_id=event.session_id,
            content_id=event.content_id,
            value=event.value,
            properties=event.properties,
        )
    if not ahead_ms:
        return event
    return msgspec.structs.replace(
        event, occurred_at_ms=event.occurred_at_ms - ahead_ms, received_at_ms=event.received_at_ms - ahead_ms
    )
