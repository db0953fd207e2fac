"""The command contract (adjustments.v1): a small, precise change for one reader, segment or content item."""

from hashlib import blake2b
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from schemas.actions import ActionName
from schemas.rule_conditions import BaselineScope

SourceKind = Literal["rule", "anomaly", "model", "segment", "context", "sentiment", "schedule"]


class Target(Struct, frozen=True):
    """For whom, or for what content, something is to change."""

    kind: Literal["session", "segment", "content"]
    id: str


class Source(Struct, frozen=True):
    """What decided: `id` and `version` of the rule or model."""

    kind: SourceKind
    id: str
    version: int


class EvidenceBound(Struct, omit_defaults=True, frozen=True):
    """One bound that held. `bound` is the field of the rule's condition, and `unit` that of `threshold`.

    A bound that compares with a baseline says whose (`against`), that baseline in the feature's own unit, and the z-score.
    """

    bound: str
    threshold: float | None = None
    unit: str | None = None
    against: BaselineScope | None = None
    baseline: float | None = None
    z: float | None = None
    measured: float | None = None
    """What was compared with the threshold where that is not the value: a change, nats, a share."""


class Evidence(Struct, omit_defaults=True, frozen=True):
    """One feature behind a command: its value, what was expected, and the bounds that held, over which window.

    `bounds` holds each bound of the rule on this feature, in the rule's order. `baseline`, `threshold` and `z` are those of its
    last condition. `z` is in standard deviations of the baseline; what is unknown is left out.
    """

    value: float | str | None = None
    baseline: float | None = None
    threshold: float | None = None
    z: float | None = None
    window_start_ms: int | None = None
    window_end_ms: int | None = None
    bounds: tuple[EvidenceBound, ...] = ()


class Experiment(Struct, frozen=True):
    """The experiment that a command is part of, and the reader's arm in it."""

    id: str
    arm: str


ApplyHint = Literal["now", "at_break"]
"""When a page should carry a command out: as soon as it can, or at the reader's next natural break."""


class AdjustmentCommand(Struct):
    """Tells a CMS to change something. Times are event time; after `expires_at_ms` the CMS ignores the command.

    `apply` stands only where the rule says it: without it a page need not wait.
    """

    command_id: str
    issued_at_ms: int
    expires_at_ms: int
    target: Target
    session_id: str | None
    user_id: str | None
    content_id: str | None
    action: ActionName
    parameters: dict[str, Any]
    priority: Annotated[int, Meta(ge=0, le=100)]
    source: Source
    evidence: dict[str, Evidence]
    experiment: Experiment | None = None
    reverts: str | None = None
    apply: ApplyHint | UnsetType = UNSET


def command_id(target: Target, source: Source, trigger: str) -> str:
    """The same decision always gets the same id: a consumer that sees it twice drops one.

    `trigger` names the window or the event, for example ``window:1760000060000`` or ``event:e17``.

    >>> command_id(Target("session", "s1"), Source("rule", "mission", 1), "window:60000")
    '4a2f833c406a44e5e577629a997161d9'
    """
    parts = (target.kind, target.id, source.kind, source.id, str(source.version), trigger)
    # A length before each part keeps ("a", "bc") and ("ab", "c") apart.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


_encoder = msgspec.json.Encoder(order="sorted")


def encode(command: AdjustmentCommand) -> bytes:
    """The command as JSON. Field order is fixed, so that equal commands are equal bytes."""
    return _encoder.encode(command)
