"""The record that goes from the stages that propose to the arbiter: a command as it would be, and what bounds it.

Not compiled (`infra/packaging/mypyc.py`): it holds a msgspec struct.
"""

from typing import Final, Literal

import msgspec
from msgspec import Struct

from schemas.commands import AdjustmentCommand
from schemas.rules import RuleMode

ProposalLane = Literal["event", "window"]

RENEW_AHEAD_MS: Final = 10_000
"""A command that expires within so long is renewed: windows end every ten seconds, and there must be no gap."""


class ProposedChange(Struct, omit_defaults=True):
    """A change that a rule, detector or model asks for.

    `command` is the command as it would be written: its `issued_at_ms` is the event time of the proposal, and its id names the
    rule and the window or event. `lane` says what triggered it: an event is decided at once, a window or silence at its end.

    With the action `revert` it asks to take back what the same source has in force: the arbiter fills in `reverts`.
    """

    command: AdjustmentCommand
    lane: ProposalLane
    confidence: float = 1.0
    """0..1: a rule may demand (1), a model has its calibrated probability."""
    cooldown_ms: int = 0
    """After a command of this source, its next one comes no sooner, unless it renews."""
    mode: RuleMode = "active"
    max_per_session: int | None = None
    renews: bool = False
    """The cause goes on while the command of this source is about to expire."""
    valid_from_ms: int | None = None
    valid_until_ms: int | None = None
    session_since_ms: int | None = None
    """When the session of the target began; None for other targets."""
    lacks: str | None = None
    """What the content item lacks that the action would show, in words; None where nothing is known to be lacking."""
    quiet: str | None = None
    """Why the reader should not be disturbed now, in a word: typing, scrolling, reading. None where nothing speaks against it."""
    held_since_ms: int | None = None
    """When the arbiter would have decided it, had the reader not been typing."""


_encoder: Final = msgspec.json.Encoder()
_decode: Final = msgspec.json.Decoder(ProposedChange).decode


def encode_change(change: ProposedChange) -> str:
    """The text that crosses from one operator to the other."""
    return _encoder.encode(change).decode()


def decode_change(text: str) -> ProposedChange:
    """The inverse of `encode_change`."""
    return _decode(text)
