"""The log of a session's events that a matcher has found: bounded, in order of event time, each event once."""

from bisect import bisect_right, insort
from hashlib import blake2b
from typing import Final, NamedTuple

from schemas.own_events import MAX_COUNTED

MAX_LOGGED: Final = MAX_COUNTED
"""Exact times rather than buckets: a count equals what one would count by hand, repeats are known by their ids, and sequences
need the order of events. 200 entries of some 30 bytes are the most that a session holds for a matcher."""

_AFTER_ALL: Final = 1 << 62


class LoggedEvent(NamedTuple):
    """`number` counts a session's logged events in the order of their arrival: it orders those of the same millisecond."""

    at_ms: int
    number: int
    id_hash: int


class Span(NamedTuple):
    """From the first event of a sequence to its last, or to the end of the silence."""

    first_ms: int
    last_ms: int


Log = list[LoggedEvent]


def id_hash(event_id: str) -> int:
    """48 bits of a hash: enough to tell apart the events that one session's log holds."""
    return int.from_bytes(blake2b(event_id.encode("utf-8", "replace"), digest_size=6).digest())


def add_event(log: Log, event: LoggedEvent, oldest_ms: int) -> bool:
    """Adds an event and forgets those before `oldest_ms`. False for an event that is known; the oldest of too many goes."""
    if any(each.id_hash == event.id_hash for each in log):
        return False
    insort(log, event)
    while len(log) > MAX_LOGGED or (log and log[0].at_ms < oldest_ms):
        del log[0]
    return True


def count_within(log: Log, at_ms: int, within_ms: int) -> int:
    """Events of the last `within_ms` up to `at_ms`: one exactly so long ago has left, one at `at_ms` counts.

    >>> count_within([LoggedEvent(0, 1, 7), LoggedEvent(1, 2, 8), LoggedEvent(60_000, 3, 9)], 60_000, 60_000)
    2
    """
    return _up_to(log, at_ms) - _up_to(log, at_ms - within_ms)


def latest_before(log: Log, limit: LoggedEvent) -> LoggedEvent | None:
    """The last event before `limit`, which is another event."""
    place = bisect_right(log, limit)
    while place:
        place -= 1
        if log[place].number != limit.number:
            return log[place]
    return None


def first_after(log: Log, limit: LoggedEvent) -> LoggedEvent | None:
    """The first event after `limit`, which is another event."""
    for each in log[bisect_right(log, limit) :]:
        if each.number != limit.number:
            return each
    return None


def _up_to(log: Log, at_ms: int) -> int:
    return bisect_right(log, LoggedEvent(at_ms, _AFTER_ALL, 0))
