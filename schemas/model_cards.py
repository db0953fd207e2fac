"""The model contract (models.v1): which model is in force, by version and checksum."""

from hashlib import sha256
from typing import Literal

from msgspec import Struct


class ModelCard(Struct):
    """Describes a model: its inputs, its threshold, its training data. Stored beside the artefact.

    `threshold` is the score from which a window counts as anomalous; `features` are the inputs in order.
    """

    id: str
    version: int
    kind: Literal["isolation_forest"]
    features: list[str]
    threshold: float
    sha256: str
    trained_on: str
    trained_until_ms: int | None = None


class ModelRecord(Struct):
    """A card, and where the artefact is (a path or object-store address)."""

    card: ModelCard
    location: str


class CorruptModelError(Exception):
    """The bytes are not those that the card vouches for."""


def require_checksum(artefact: bytes, card: ModelCard) -> None:
    """Raises `CorruptModelError` unless `artefact` is what `card` describes."""
    found = sha256(artefact).hexdigest()
    if found != card.sha256:
        raise CorruptModelError(
            f"model {card.id} version {card.version}: the card says sha256 {card.sha256[:12]}…, "
            f"the file has {found[:12]}…; take the file that belongs to this card"
        )
