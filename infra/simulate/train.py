"""Trains the forest that ships with the job, on simulated ordinary readers: ``python -m infra.simulate.train``."""

import argparse
from collections import defaultdict
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from infra.simulate.reference_windows import Slice, session_minute, slices_of, windows
from infra.simulate.scenario import Scenario
from models.features import SESSION_NAMES
from models.isolation_forest.fit import ALARM_SHARE, MIN_THRESHOLD
from models.isolation_forest.onnx_export import fit, to_onnx
from models.isolation_forest.registry import to_feature_row
from models.isolation_forest.scorer import Floats
from schemas.event_validation import validate_record
from schemas.events import Event
from schemas.model_cards import ModelCard

SEED: Final = 20251009
ROWS: Final = 4096
FAR_MS: Final = 2**62


def ordinary_windows(seed: int) -> list[list[float]]:
    """Returns the feature rows of readers without planted behaviours, first and last windows included."""
    scenario = Scenario(seconds=900, ordinary=60, behaviours=(), faults=False, seed=seed)
    events = [event for _, _, record in scenario.lines() if isinstance(event := validate_record(record, FAR_MS), Event)]
    rows = []
    for end, cells in windows(slices_of(events), FAR_MS):
        by_session: dict[str, list[tuple[str | None, Slice]]] = defaultdict(list)
        for session, content, cell in cells:
            by_session[session].append((content, cell))
        rows += [[session_minute(own, end).values[name] for name in SESSION_NAMES] for own in by_session.values()]
    return rows


def train(rows: list[list[float]], seed: int) -> tuple[bytes, float]:
    """The forest as ONNX, and the score from which a window counts as anomalous."""
    matrix: Floats = np.concatenate([to_feature_row(row) for row in rows])
    chosen = np.random.default_rng(seed).permutation(len(matrix))[:ROWS]
    forest = fit(matrix[chosen], seed)
    scores = -forest.score_samples(matrix)
    return to_onnx(forest), max(float(np.quantile(scores, 1.0 - ALARM_SHARE)), MIN_THRESHOLD)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", type=Path, help="folder that gets forest.onnx and forest.json")
    parser.add_argument("--version", type=int, default=1)
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    artefact, threshold = train(ordinary_windows(given.seed), given.seed)
    card = ModelCard(
        id="forest",
        version=given.version,
        kind="isolation_forest",
        features=list(SESSION_NAMES),
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
