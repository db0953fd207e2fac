"""The budget of changes of a target: so many in a minute, so many in a session, of event time."""

from bisect import insort
from typing import Final, NamedTuple

from models.arbitration.target_state import Ledger

MINUTE_MS: Final = 60_000

PER_MINUTE: Final = "changes_per_minute"
PER_SESSION: Final = "changes_per_session"
"""What `by` of a proposal says where the budget stood in its way: the job's options."""


class Budget(NamedTuple):
    """Most changes of one ledger. `per_session` is None where a target has no sessions.

    A token bucket whose tokens come back a minute after they were taken, each: no minute holds more changes than the bucket
    has tokens, whereas a bucket that fills at a steady rate lets through nearly twice as many.
    """

    per_minute: int
    per_session: int | None


class Budgets(NamedTuple):
    """The budgets of a session's events, of its windows, and of a target without sessions.

    Events and windows have half each. One cannot look at what the other is deciding at the same time, and so cannot share.
    """

    events: Budget
    windows: Budget
    others: Budget


def split(per_minute: int, per_session: int) -> Budgets:
    """Divides the budget of a session among its events and its windows.

    >>> split(5, 40).windows
    Budget(per_minute=3, per_session=20)
    """
    events = Budget(per_minute // 2, per_session // 2)
    windows = Budget(per_minute - events.per_minute, per_session - per_session // 2)
    return Budgets(events, windows, Budget(per_minute, None))


def exceeded(ledger: Ledger, budget: Budget, at_ms: int) -> str | None:
    """The limit that one more change at `at_ms` would exceed; None where there is room."""
    if budget.per_session is not None and ledger.session_changes >= budget.per_session:
        return PER_SESSION
    within = sum(taken > at_ms - MINUTE_MS for taken in ledger.taken_ms)
    return PER_MINUTE if within >= budget.per_minute else None


def take(ledger: Ledger, budget: Budget, at_ms: int) -> None:
    """Counts a change."""
    insort(ledger.taken_ms, at_ms)
    del ledger.taken_ms[: -budget.per_minute]
    ledger.session_changes += 1
