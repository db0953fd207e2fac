"""The outcome contract (outcomes.v1): what a page or CMS did with a command, and what the reader did afterwards."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.events import Id, Millis

OutcomeStatus = Literal["applied", "ignored", "failed", "reverted"]


class Outcome(Struct, omit_defaults=True):
    """What became of a command. `reason` says why it failed; `metric` and `value` are for conversions and ratings."""

    command_id: Id | None
    session_id: Id
    status: OutcomeStatus | None
    occurred_at_ms: Millis
    metric: Annotated[str, Meta(max_length=64)] | None = None
    value: Annotated[float, Meta(ge=-1e15, le=1e15)] | None = None
    reason: Annotated[str, Meta(max_length=128)] | None = None
