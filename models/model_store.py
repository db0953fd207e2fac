"""The model store: a folder of artefacts, each with its card beside it."""

from dataclasses import dataclass
from importlib.abc import Traversable
from importlib.resources import files

import msgspec

from models.features import FOREST_FEATURES
from schemas.model_cards import CorruptModelError, ModelCard, require_checksum
from schemas.unreadable import UNREADABLE

BUNDLED = files("models") / "shipped"
"""Models and rules that ship with the job; readable from a folder and from the archive of `flink run -pyfs` alike."""


class ModelError(ValueError):
    """A model that cannot be used; the message names file and reason."""


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A forest that may score: `load_forest` has seen that its card has a threshold."""

    card: ModelCard
    artefact: bytes

    @property
    def threshold(self) -> float:
        """The score from which a window is anomalous."""
        assert self.card.threshold is not None, "load_forest refuses such a card"
        return self.card.threshold


def load_forest(store: Traversable = BUNDLED) -> StoredModel:
    """Loads the forest ``forest.onnx`` with ``forest.json``, checked: bytes, features, and that it scores. Raises `ModelError`.

    Only ONNX is ever loaded; a pickle is never opened.
    """
    # Here, since the gateway reads the shipped rules and has no onnxruntime.
    from models.isolation_forest.scorer import ForestScorer

    card_path, model_path = store / "forest.json", store / "forest.onnx"
    try:
        card = msgspec.json.decode(card_path.read_bytes(), type=ModelCard)
        artefact = model_path.read_bytes()
        require_checksum(artefact, card)
        scorer = ForestScorer(artefact)
    except (OSError, *UNREADABLE, CorruptModelError, ValueError) as error:
        raise ModelError(f"the forest in {store} cannot be used: {error}") from None
    if tuple(card.features) != FOREST_FEATURES or scorer.features != len(FOREST_FEATURES):
        raise ModelError(
            f"the forest in {store} reads {', '.join(card.features)}; this job computes {', '.join(FOREST_FEATURES)}:"
            " train another with python -m infra.simulate.train"
        )
    if card.threshold is None:
        raise ModelError(f"the forest in {store} has no threshold: train another with python -m infra.simulate.train")
    return StoredModel(card, artefact)
