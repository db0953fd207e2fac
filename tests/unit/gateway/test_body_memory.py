"""How the memory for bodies is shared: nobody takes all of it, and small ones get in."""

import pytest

from infra.gateway.errors import ApiError
from infra.gateway.ingest.limits import SMALL_BODY_BYTES, BodyMemoryBudget

MIB = 1_048_576


def fill(budget: BodyMemoryBudget, address: str, size: int, count: int) -> int:
    """Takes so many bodies as fit; returns the status of the first that does not."""
    for _ in range(count):
        lease = budget.lease(address)
        try:
            lease.add(size)
        except ApiError as refusal:
            return refusal.status
    return 0


def test_one_address_takes_an_eighth_and_another_goes_on() -> None:
    budget = BodyMemoryBudget(16 * MIB)
    assert fill(budget, "attacker", 508_000, 34) == 429
    assert fill(budget, "reader", 508_000, 4) == 0


def test_large_uploads_of_many_addresses_leave_room_for_small_bodies() -> None:
    budget = BodyMemoryBudget(16 * MIB)
    statuses = {fill(budget, f"attacker-{number}", 508_000, 4) for number in range(34)}
    assert 503 in statuses
    assert fill(budget, "reader", SMALL_BODY_BYTES, 50) == 0


def test_what_a_request_held_is_given_back() -> None:
    budget = BodyMemoryBudget(2 * MIB)
    for _ in range(100):
        with budget.lease("reader") as lease:
            lease.add(400_000)
            lease.add(400_000)
    with pytest.raises(ApiError), budget.lease("reader") as lease:
        lease.add(MIB + 1)
