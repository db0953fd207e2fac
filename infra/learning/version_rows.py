"""Describes one version of a store in one row: whether the gate let it in, whether it is in force, and since when it is there."""

from msgspec import Struct

from infra.learning.listing import evaluation_of
from models.model_store import ModelError
from models.model_versions import CARD, ModelVersions
from schemas.model_cards import MetricValue


class VersionRow(Struct):
    """One version. `gate` is None where the gate was not asked; `problem` says why a version cannot be used.

    `state` is `in force`, `in force (store only)` where the promotion was not announced to the job, or `broken`.
    """

    model: str
    version: int
    state: str | None = None
    in_force: bool = False
    gate: bool | None = None
    metrics: dict[str, MetricValue] = {}
    created_ms: int | None = None
    """When the card was written."""
    trained_until_ms: int | None = None
    problem: str | None = None


def row_of(versions: ModelVersions, name: str, version: int) -> VersionRow:
    """Describes a version. What cannot be read of it is said in the row, and hides no other version."""
    try:
        card = versions.load(name, version).card
        found = evaluation_of(versions, name, version)
        state = state_of(versions, name, version)
        created_ms = int((versions.path(name, version) / CARD).stat().st_mtime * 1000)
    except (ModelError, OSError) as error:
        return VersionRow(name, version, "broken", problem=str(error))
    return VersionRow(
        name,
        version,
        state,
        state is not None,
        None if found is None else found.passed,
        card.metrics,
        created_ms,
        card.trained_until_ms,
    )


def state_of(versions: ModelVersions, name: str, version: int) -> str | None:
    """Returns whether a version is in force by the store's record; None where it is not. Raises `ModelError`."""
    if versions.promoted(name) != version:
        return None
    newest = [each for each in versions.promotions(name) if each.version == version][-1]
    return "in force (store only)" if newest.announced is False else "in force"
