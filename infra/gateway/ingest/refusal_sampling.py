"""Chooses which rejected events get a record of their own in rejected.v1; the others are counted on those that do."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from infra.gateway.ingest.limits import TokenBuckets
from schemas.rejects import ValidationFailure

MAX_STORED: Final = 20
"""Records of one request, beyond the first of each reason: 20 examples show what is wrong with a batch."""

STORED_PER_S: Final = 20.0
STORED_BURST: Final = 400
"""Records of one address."""

ORIGINAL_BYTES_PER_S: Final = 65_536.0
ORIGINAL_BYTES_BURST: Final = 2_097_152
"""Bytes of originals of one address: a few hundred sent bytes may unpack to half a megabyte that is no JSON."""

Rejection = tuple[int, ValidationFailure]
"""Index in the request, and why."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """A rejected event to store, and how many it stands for."""

    index: int
    failure: ValidationFailure
    count: int


class RefusalSampler:
    """Bounds the records of rejected events by request and address.

    What an address has no tokens for is added to the count of the next record with the same source and reason, so the
    counts on rejected.v1 add up to all rejected events, except for the last ones before the process ends.
    """

    def __init__(self) -> None:
        self._tokens = TokenBuckets(STORED_PER_S, STORED_BURST)
        self._bytes = TokenBuckets(ORIGINAL_BYTES_PER_S, ORIGINAL_BYTES_BURST)
        self._owed: Counter[tuple[str, str]] = Counter()

    def sample(self, source: str, address: str, rejections: Sequence[Rejection]) -> list[Sampled]:
        counts: Counter[str] = Counter(failure.reason for _, failure in rejections)
        for stored in (_examples(rejections, MAX_STORED), _examples(rejections, 0)):
            if not self._tokens.wait_s(address, len(stored)):
                return self._counted(source, counts, stored)
        self._owed.update({(source, reason): count for reason, count in counts.items()})
        return []

    def has_room(self, address: str, original: bytes) -> bool:
        """Takes room for an event's own bytes; where there is none its record goes without."""
        return not self._bytes.wait_s(address, len(original))

    def _counted(self, source: str, counts: Counter[str], stored: Sequence[Rejection]) -> list[Sampled]:
        kept = Counter(failure.reason for _, failure in stored)
        sampled, seen = [], set()
        for index, failure in stored:
            count = 1
            if failure.reason not in seen:
                seen.add(failure.reason)
                # The first of a reason stands for those without a record, too.
                count += counts[failure.reason] - kept[failure.reason] + self._owed.pop((source, failure.reason), 0)
            sampled.append(Sampled(index, failure, count))
        return sampled


def _examples(rejections: Sequence[Rejection], most: int) -> list[Rejection]:
    """Returns the first ones, and the first of each reason."""
    seen: set[str] = set()
    found = []
    for number, (index, failure) in enumerate(rejections):
        if number < most or failure.reason not in seen:
            seen.add(failure.reason)
            found.append((index, failure))
    return found
