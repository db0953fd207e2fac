"""Describes one version of a store in one row: whether the gate let it in, whether it is in force, and since when it is there."""

from typing import Final

from msgspec import Struct

from infra.learning.listing import evaluation_of
from models.logged_features import unknown_inputs
from models.model_store import ModelError
from models.model_versions import ModelVersions
from schemas.model_cards import MetricValue

NOT_KNOWN: Final = "not known"


class VersionRow(Struct):
    """One version. `gate` is None where the gate was not asked; `problem` says why a version cannot be used.

    `state` is `in force`, `in force (store only)` where the promotion was not announced to the job, `broken`, or `not known`
    where the record of promotions cannot be read.
    """

    model: str
    version: int
    state: str | None = None
    in_force: bool = False
    gate: bool | None = None
    metrics: dict[str, MetricValue] = {}
    created_ms: int | None = None
    """When the version was made; of one made before cards told that, when its card was written, if the store knows."""
    trained_until_ms: int | None = None
    problem: str | None = None
    unknown_to_the_job: list[str] = []
    """Inputs that the job does not know: the version can be compared and asked, not announced."""


def row_of(versions: ModelVersions, name: str, version: int) -> VersionRow:
    """Describes a version. What cannot be read of it is said in the row, and hides no other version."""
    try:
        state, problem = state_of(versions, name, version), None
    except ModelError as error:
        state, problem = NOT_KNOWN, str(error)
    in_force = state not in (None, NOT_KNOWN)
    try:
        card = versions.load(name, version).card
        found = evaluation_of(versions, name, version)
        created_ms = versions.written_ms(name, version) if card.created_at_ms is None else card.created_at_ms
    except (ModelError, OSError) as error:
        return VersionRow(name, version, "in force, damaged" if in_force else "broken", in_force, problem=str(error))
    return VersionRow(
        name,
        version,
        state,
        in_force,
        None if found is None else found.passed,
        card.metrics,
        created_ms,
        card.trained_until_ms,
        problem,
        unknown_inputs(card.features, card.categories),
    )


def state_of(versions: ModelVersions, name: str, version: int) -> str | None:
    """Returns whether a version is in force by the store's record; None where it is not. Raises `ModelError`."""
    if versions.promoted(name) != version:
        return None
    newest = [each for each in versions.promotions(name) if each.version == version][-1]
    return "in force (store only)" if newest.announced is False else "in force"
