"""Finds the model that a new one would take the place of: what the gate compares with, and what a promotion displaces."""

from infra.learning.listing import SHIPPED_ID, shipped_forest
from models.model_store import ModelError, StoredModel, load_forest
from models.model_versions import ModelVersions
from models.version_files import CARD
from schemas.model_cards import problem_of_times


def incumbent_name(versions: ModelVersions, model_id: str) -> str | None:
    """Returns id@version of the model in force for the readers of `model_id`; None where there is none. Raises `ModelError`.

    A segment without a model of its own has that of all readers; a forest is in force from the start, the one that ships.
    """
    found = _promoted(versions, model_id)
    if found is not None:
        return f"{found[0]}@{found[1]}"
    if model_id != SHIPPED_ID:
        return None
    shipped = shipped_forest()
    return f"{shipped.id}@{shipped.version}"


def load_incumbent(versions: ModelVersions, model_id: str) -> StoredModel | None:
    """Likewise returns the model itself, checked: its times too, for rows after its training are those that it is judged by."""
    found = _promoted(versions, model_id)
    if found is not None:
        loaded = versions.load(*found)
        if (problem := problem_of_times(loaded.card)) is not None:
            raise ModelError(f"{versions.place(*found, CARD)}: {problem}")
        return loaded
    return load_forest() if model_id == SHIPPED_ID else None


def _promoted(versions: ModelVersions, model_id: str) -> tuple[str, int] | None:
    kind, point, _ = model_id.partition(".")
    for each in (model_id, kind) if point else (model_id,):
        version = versions.promoted(each)
        if version is not None:
            return each, version
    return None
