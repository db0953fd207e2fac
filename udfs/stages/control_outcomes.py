"""What became of a model or segment that an operator was told."""

from typing import NamedTuple

from schemas.control_acks import ControlKind


class ControlOutcome(NamedTuple):
    """One version was taken up (`from_ms` is known), deleted (`version` is None) or `refused` with the reason."""

    kind: ControlKind
    id: str
    version: int | None
    from_ms: int | None = None
    """The event time from which it is in force; 0 for at once."""
    refused: str | None = None
