"""The outcome contract (outcomes.v1): what a page or CMS did with a command, and what the reader did afterwards."""

from typing import Literal

from msgspec import Struct


class Outcome(Struct, omit_defaults=True):
    """`metric` and `value` are for conversions and ratings; a plain acknowledgement leaves them out."""

    command_id: str | None
    session_id: str
    status: Literal["applied", "ignored", "failed", "reverted"] | None
    occurred_at_ms: int
    metric: str | None = None
    value: float | None = None
