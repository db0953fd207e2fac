"""The budget of changes of a target: so many in a minute, so many in a session, of event time."""

from bisect import insort
from typing import Final, NamedTuple

from models.arbitration.precedence import Importance
from models.arbitration.target_state import Ledger

MINUTE_MS: Final = 60_000

MIN_RESERVED_WEIGHT: Final = 50.0
"""Priority times confidence from which a change may take the last one of a minute or a session: trifles leave it, so that
what matters is not held up by them. Half of the scale."""

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


def exceeded(ledger: Ledger, budget: Budget, at_ms: int, importance: Importance) -> str | None:
    """The limit that one more change at `at_ms` would exceed; None where there is room."""
    reserved = importance.weight < MIN_RESERVED_WEIGHT
    if budget.per_session is not None and ledger.session_changes >= _most(budget.per_session, reserved):
        return PER_SESSION
    within = sum(taken > at_ms - MINUTE_MS for taken in ledger.taken_ms)
    return PER_MINUTE if within >= _most(budget.per_minute, reserved) else None


def _most(limit: int, reserved: bool) -> int:
    return max(limit - reserved, 1)


def take(ledger: Ledger, budget: Budget, at_ms: int) -> None:
    """Counts a change."""
    insort(ledger.taken_ms, at_ms)
    del ledger.taken_ms[: -budget.per_minute]
    ledger.session_changes += 1
