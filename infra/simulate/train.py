"""Trains the forest that ships with the job, on ordinary readers of bursty worlds: ``python -m infra.simulate.train``."""

import argparse
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from infra.simulate.worlds.catalogue import WORLDS
from infra.simulate.worlds.windows import minute_windows
from models.features import FOREST_FEATURES
from models.isolation_forest.fit import THRESHOLD_SPREADS, fit_trees
from models.isolation_forest.onnx_export import to_onnx
from models.isolation_forest.registry import MIN_ACTIVE_SLICES, to_feature_row
from models.isolation_forest.scorer import Floats
from models.reservoir import MAX_PER_SESSION
from schemas.model_cards import ModelCard

WORLD_NAMES: Final = ("S2", "S3", "S4", "S5", "S6", "mixed")
SEEDS: Final = tuple(range(1, 11))
READERS: Final = 30
"""Of each world and seed. Other seeds are for measuring (`infra/bench/forest_alarms.py`)."""

LENGTH_MS: Final = 720_000.0
SEED: Final = 20251009
SPREADS: Final = 1.25 * THRESHOLD_SPREADS
"""Readers of a site that it has not seen lie further out than those that it was trained on."""


def sampled_windows(world: str, readers: int, seed: int, length_ms: float = LENGTH_MS) -> Floats:
    """Rows of ordinary readers as a refit samples them: whole windows, two a reader."""
    generator = np.random.default_rng([seed, sum(map(ord, world))])
    rows = []
    for _ in range(readers):
        reader = WORLDS[world].make(generator, length_ms)
        own = [window for window in minute_windows(reader) if window.active_slices >= MIN_ACTIVE_SLICES]
        for place in generator.permutation(len(own))[:MAX_PER_SESSION]:
            rows.append(to_feature_row(own[place].values)[0])
    return np.array(rows, dtype=np.float32).reshape(-1, len(FOREST_FEATURES))


def train(seed: int, readers: int = READERS) -> tuple[bytes, float]:
    """The forest as ONNX, and the score from which a window counts as anomalous."""
    rows = np.concatenate([sampled_windows(world, readers, each) for world in WORLD_NAMES for each in SEEDS])
    trees, threshold = fit_trees(rows, seed, SPREADS)
    return to_onnx(trees), threshold


def _version_of(card: Path) -> int:
    return msgspec.json.decode(card.read_bytes(), type=ModelCard).version if card.exists() else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path, help="folder that gets forest.onnx and forest.json")
    parser.add_argument("--version", type=int, help="of the card; without it the one that is there, and one more")
    parser.add_argument("--seed", type=int, default=SEED, help="of the trees")
    given = parser.parse_args()
    version = given.version or _version_of(given.store / "forest.json") + 1
    artefact, threshold = train(given.seed)
    card = ModelCard(
        id="forest",
        version=version,
        kind="isolation_forest",
        features=list(FOREST_FEATURES),
        threshold=threshold,
        sha256=sha256(artefact).hexdigest(),
        trained_on=f"python -m infra.simulate.train --seed {given.seed}",
    )
    given.store.mkdir(parents=True, exist_ok=True)
    (given.store / "forest.onnx").write_bytes(artefact)
    (given.store / "forest.json").write_bytes(msgspec.json.format(msgspec.json.encode(card), indent=2) + b"\n")
    print(f"{given.store / 'forest.onnx'}: {len(artefact)} bytes, threshold {threshold:.4f}")


if __name__ == "__main__":
    main()
