"""Makes the records that announce models on models.v1."""

from dataclasses import dataclass

import msgspec

from models.announced.artefact import pack
from models.announced.checking import check_record
from models.announced.errors import ModelRefusedError, UnknownFeatureError
from models.announced.loading import load
from models.model_store import ModelError, StoredModel
from schemas.model_cards import ModelMode, ModelRecord, shadow_key


@dataclass(frozen=True, slots=True)
class Announcement:
    """A record of models.v1, by its key."""

    key: str
    body: bytes


def announcement(model: StoredModel, location: str, from_ms: int, mode: ModelMode = "active") -> Announcement:
    """Returns the record that announces a model, checked and loaded as the job does. Raises `ModelError`."""
    record = ModelRecord(model.card, pack(model.artefact), location, from_ms, mode)
    key = shadow_key(model.card.id) if mode == "shadow" else model.card.id
    body = msgspec.json.encode(record)
    try:
        load(check_record(key, body.decode()))
    except ModelRefusedError as error:
        raise ModelError(
            f"model {model.card.id} version {model.card.version}: the job would refuse it: {error}; {_fix(error)}"
        ) from None
    return Announcement(key, body)


def _fix(error: ModelRefusedError) -> str:
    if isinstance(error, UnknownFeatureError):
        return "name the inputs as the job does, with --rename of models train"
    return "train another version, or take the files back from a copy"
