"""Counts what one rule has proposed, from proposals.v1."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from infra.kafka.reading import Record
from schemas.unreadable import UNREADABLE

MINUTE_MS: Final = 60_000


class _Source(msgspec.Struct):
    id: str


class _Target(msgspec.Struct):
    kind: str
    id: str


class _Proposal(msgspec.Struct):
    """The fields of a proposal that are counted."""

    at_ms: int
    target: _Target
    source: _Source
    outcome: str
    reason: str | None = None


_decoder: Final = msgspec.json.Decoder(_Proposal)


@dataclass
class ProposalCounts:
    """Proposals of one rule. `readers` are distinct targets: sessions, or content items."""

    rule_id: str
    proposals: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    minutes: Counter[int] = field(default_factory=Counter)
    targets: set[tuple[str, str]] = field(default_factory=set)

    def add(self, records: Iterable[Record]) -> None:
        """Counts the rule's proposals among the records."""
        wanted = self.rule_id.encode()
        for record in records:
            # Most proposals are of other rules: their bytes need no parsing.
            if record.value is None or wanted not in record.value:
                continue
            try:
                proposal = _decoder.decode(record.value)
            except UNREADABLE:
                continue
            if proposal.source.id != self.rule_id:
                continue
            self.proposals += 1
            self.outcomes[proposal.outcome] += 1
            if proposal.reason is not None:
                self.reasons[proposal.reason] += 1
            self.minutes[proposal.at_ms // MINUTE_MS * MINUTE_MS] += 1
            self.targets.add((proposal.target.kind, proposal.target.id))

    @property
    def readers(self) -> int:
        return len(self.targets)

    def as_json(self, since_ms: int) -> dict[str, Any]:
        return {
            "id": self.rule_id,
            "since_ms": since_ms,
            "proposals": self.proposals,
            "readers": self.readers,
            "outcomes": dict(sorted(self.outcomes.items())),
            "reasons": dict(sorted(self.reasons.items())),
            "per_minute": sorted(self.minutes.items()),
        }
