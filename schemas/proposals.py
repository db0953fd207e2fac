"""The proposal contract (proposals.v1): what a detector, rule or model asked for, and what the arbiter did with it."""

from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from schemas.actions import ActionName
from schemas.commands import Evidence, Source, Target

ProposalOutcome = Literal["commanded", "suppressed", "shadow"]
SuppressionReason = Literal[
    "resting", "exclusive", "budget", "quiet", "outranked", "expired", "unknown_content", "shadow"
]

REASONS: Final[dict[SuppressionReason, str]] = {
    "resting": "the rule's cooldown has not passed, or it has had all its commands of this session",
    "exclusive": "an action of the same exclusive group, no less important, is in force",
    "budget": "the target has had as many changes as it may have, in this session or this minute",
    "quiet": "the reader is typing, scrolling fast, in the middle of a paragraph, or has a prompt open",
    "outranked": "a more important proposal of the same exclusive group was decided at the same time",
    "expired": "the proposal came after its own expiry, or outside the rule's validity",
    "unknown_content": "the item does not have the variant or language that the action would show",
    "shadow": "the rule or model is in shadow: it is observed, and commands nothing",
}
"""Why a proposal became no command."""


class Proposal(Struct):
    """One proposal, done or not. `at_ms` is event time; `by` is the id of what stood in the way: a command, rule or budget."""

    proposal_id: str
    at_ms: int
    target: Target
    action: ActionName
    parameters: dict[str, Any]
    source: Source
    evidence: dict[str, Evidence]
    outcome: ProposalOutcome
    reason: SuppressionReason | None = None
    by: str | None = None
    command_id: str | None = None


_encoder = msgspec.json.Encoder(order="sorted")


def encode_proposal(proposal: Proposal) -> bytes:
    """The proposal as JSON. Field order is fixed, so that equal proposals are equal bytes."""
    return _encoder.encode(proposal)
