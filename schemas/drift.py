"""The drift contract (drift.v1): how far each feature and score was from its reference range, look after look."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Share = Annotated[float, Meta(ge=0.0, le=1.0)]


DriftKind = Literal["feature", "score", "context"]


class DriftReading(Struct):
    """One feature, score or text of the context in one range of sessions. It has drifted where PSI reaches `psi_threshold`, which
    depends on the number of rows, and `distance` has a `p` below the level of the look. `rows` are the known values.

    `distance` and `p` are those of Kolmogorov-Smirnov; of a text the largest change of one category's share, and Fisher's exact
    test."""

    subject: str
    kind: DriftKind
    psi: float
    psi_threshold: float
    distance: float
    p: float
    rows: int
    has_drifted: bool


class UnknownShare(Struct):
    """A feature or text that is unknown in more sessions than in the reference range: in a `share` of `rows`, by Fisher."""

    subject: str
    share: Share
    reference_share: Share
    rows: int


class SilentModel(Struct):
    """A kind of model that answers far fewer sessions than it did: a `share` of `rows`, against `usual_share` before."""

    model: str
    share: Share
    usual_share: Share
    rows: int


class DriftLook(Struct):
    """One look at a range of ended sessions, most drifted first. `at_ms` is event time.

    A number or text with too few known values is not in it: nothing is known of its drift. `unknown` are the features and texts
    that are unknown more often than they were, `silent` the models that have gone silent.
    """

    at_ms: int
    readings: list[DriftReading]
    unknown: list[UnknownShare] = []
    silent: list[SilentModel] = []

    @property
    def readers_have_drifted(self) -> bool:
        """Whether readers have: a score, or the silence of a model, may change without them."""
        return bool(self.unknown) or any(each.has_drifted and each.kind != "score" for each in self.readings)
