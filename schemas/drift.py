"""The drift contract (drift.v1): how far each feature and score was from its reference range, look after look."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Share = Annotated[float, Meta(ge=0.0, le=1.0)]


class DriftReading(Struct):
    """One feature or score in one range of sessions. It has drifted where PSI reaches `psi_threshold`, which depends on the
    number of rows, and the Kolmogorov-Smirnov `distance` has a `p` below the level of the look. `rows` are the known values."""

    subject: str
    kind: Literal["feature", "score"]
    psi: float
    psi_threshold: float
    distance: float
    p: float
    rows: int
    has_drifted: bool


class UnknownShare(Struct):
    """A feature that is unknown in more sessions than in the reference range: in a `share` of `rows`, by Fisher's exact test."""

    subject: str
    share: Share
    reference_share: Share
    rows: int


class DriftLook(Struct):
    """One look at a range of ended sessions, most drifted first. `at_ms` is event time. A number with too few known values is not
    in it: nothing is known of its drift. `unknown` are the features that are unknown more often than they were."""

    at_ms: int
    readings: list[DriftReading]
    unknown: list[UnknownShare] = []
