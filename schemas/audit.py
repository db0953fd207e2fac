"""The audit contracts: late.v1 (events that came after their window had closed) and tally.v1 (what was used)."""

from msgspec import Struct


class LateEvent(Struct):
    """A valid event that came too late to be used. Id and type are missing where only the gateway's clock,
    not the event's delay, made it late: partition and offset tell which it was."""

    event_id: str | None
    type: str | None
    session_id: str
    occurred_at_ms: int
    received_at_ms: int
    partition: int
    offset: int


class WindowTally(Struct):
    """How many events the windows that ended then were made of, and how many repeats were left out of them.

    An event lies in `window / slide` windows (six), so a sum over all tallies counts it so often. Ticks are not
    counted: they are the clock, not events.
    """

    window_end_ms: int
    used: int
    duplicate: int
