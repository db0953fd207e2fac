"""Shifts the times of a recording, so that it can be replayed on a topic whose event time has gone past it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import msgspec

from infra.simulate.recording import RecordingError, header
from infra.simulate.replay import TRAIL_MS

MAX_ID_LENGTH: Final = 64
"""Of the event contract (`schemas.events.Id`)."""

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Shift:
    """Moves all times by `by_ms`, and gives events and sessions ids of their own.

    With its old ids a second replay would be taken for repeats of the first, in the sessions of the first. Content and
    user ids stay.
    """

    by_ms: int

    @classmethod
    def to_now(cls, recording: Iterable[bytes], now_ms: int, speed: float) -> "Shift":
        """Returns the shift with which no event and no tick of a replay lies in the future.

        At a speed above 0 and up to 1 the recording begins now. Faster it would overtake the clock: it is put so that
        the last of the ticks after it is now. Raises `RecordingError` for a recording without an event.
        """
        times = [read.received_at_ms for record in recording if (read := header(record)) is not None]
        if not times:
            raise RecordingError("the recording holds no event whose time could be shifted")
        return cls(now_ms - min(times) if 0 < speed <= 1 else now_ms - TRAIL_MS - max(times))

    def apply(self, recording: Iterable[bytes]) -> Iterator[bytes]:
        """Yields the shifted records. A record that is no event stays as it is."""
        for record in recording:
            yield record if header(record) is None else self._shifted(record)

    def _shifted(self, record: bytes) -> bytes:
        event: dict[str, Any] = msgspec.json.decode(record)
        event["occurred_at_ms"] += self.by_ms
        event["received_at_ms"] += self.by_ms
        event["session_id"] = self.renamed(event["session_id"])
        if isinstance(event.get("event_id"), str):
            event["event_id"] = self.renamed(event["event_id"])
        return msgspec.json.encode(event)

    def renamed(self, name: str) -> str:
        """The id that an event or session has after the shift."""
        renamed = f"{name}~{_base36(abs(self.by_ms))}"
        return renamed if len(renamed) <= MAX_ID_LENGTH else blake2b(renamed.encode(), digest_size=16).hexdigest()


def _base36(number: int) -> str:
    """Writes a number in few characters.

    >>> _base36(35), _base36(36)
    ('z', '10')
    """
    digits = ""
    while number or not digits:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits
