"""The reject contract (rejected.v1): a record that is no valid event, with the reason and its original bytes."""

from typing import Annotated, Final, Literal, get_args

from msgspec import Meta, Struct

Reason = Literal[
    "oversize",
    "malformed",
    "missing_field",
    "wrong_type",
    "out_of_range",
    "unknown_type",
    "impossible_time",
]
REASONS: Final[tuple[str, ...]] = get_args(Reason)


class RejectedRecord(Struct, omit_defaults=True):
    """A rejected record. `detail` names field and rule, never the reader's own text; `original` is base64,
    of an oversize record only its first 64 KiB: partition and offset say where the whole of it stands. What the gateway
    rejects never was on the topic: there both are -1, and `stage` names the source. Of a flood of rejected events the
    gateway stores examples: `count` says for how many a record stands, itself included."""

    reason: Reason
    detail: str
    stage: str
    topic: str
    partition: int
    offset: int
    original: Annotated[str, Meta(extra_json_schema={"contentEncoding": "base64"})]
    seen_at_ms: int
    count: Annotated[int, Meta(ge=1)] = 1


class ValidationFailure(Struct, frozen=True):
    """Why a record is no valid event."""

    reason: Reason
    detail: str
