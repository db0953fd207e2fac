"""Which rejected events get records, and that their counts add up."""

from infra.gateway.ingest.refusal_sampling import MAX_STORED, ORIGINAL_BYTES_BURST, STORED_BURST, RefusalSampler
from schemas.rejects import ValidationFailure

MALFORMED = ValidationFailure("malformed", "not an object")
OVERSIZE = ValidationFailure("oversize", "over 65536 bytes")


def test_a_few_are_all_stored() -> None:
    found = RefusalSampler().sample("site", "a", [(3, MALFORMED), (7, OVERSIZE)])
    assert [(each.index, each.failure.reason, each.count) for each in found] == [
        (3, "malformed", 1),
        (7, "oversize", 1),
    ]


def test_of_many_there_are_examples_and_one_of_each_reason_and_counts_for_the_rest() -> None:
    rejections = [*((index, MALFORMED) for index in range(2_499)), (2_499, OVERSIZE)]
    found = RefusalSampler().sample("site", "a", rejections)
    assert len(found) == MAX_STORED + 1
    assert (found[-1].index, found[-1].count) == (2_499, 1)
    assert sum(each.count for each in found) == 2_500


def test_a_flood_of_one_address_ends_in_counts_that_come_later_and_leaves_others_alone() -> None:
    sampler = RefusalSampler()
    batch = [(index, MALFORMED) for index in range(100)]
    found = [sampler.sample("site", "flood", batch) for _ in range(1_000)]
    stored = sum(len(each) for each in found)
    # Tokens come back while the test runs.
    assert STORED_BURST - MAX_STORED <= stored < 2 * STORED_BURST
    other = sampler.sample("site", "other", batch)
    assert len(other) == MAX_STORED
    assert sum(each.count for batches in [*found, other] for each in batches) == 1_001 * 100


def test_originals_of_one_address_have_only_so_much_room() -> None:
    sampler = RefusalSampler()
    large = b"[" * 65_536
    kept = sum(sampler.has_room("flood", large) for _ in range(1_000))
    assert ORIGINAL_BYTES_BURST // len(large) <= kept < 2 * ORIGINAL_BYTES_BURST // len(large)
    assert sampler.has_room("other", large)
