"""A store of models, without any training."""

from pathlib import Path

import msgspec

from models.learning.evaluation import Check, Evaluation
from models.model_versions import EVALUATION, REPORT, ModelVersions, Promotion
from models.version_files import VersionFiles
from schemas.model_cards import MetricValue
from tests.support.announced_models import length_card, length_model

NOON_MS = 1_760_000_400_000


def filled_store(folder: Path | VersionFiles) -> ModelVersions:
    """Two versions of `length`, of which the second was kept out and the first is promoted and has a report."""
    store, artefact = ModelVersions(folder), length_model()
    card = length_card(artefact, metrics={"mae": MetricValue(70.0, 66.0, 74.0)}, parity=2e-7)
    store.add(card, artefact, {EVALUATION: evaluation(True), REPORT: b"<html><style>b{}</style>the report</html>"})
    store.add(card, artefact, {EVALUATION: evaluation(False)})
    store.record("length", Promotion(1, "promote", NOON_MS, "eva"))
    return store


def evaluation(passed: bool) -> bytes:
    """What the gate found; only the checks matter here."""
    found = Evaluation(
        "length", "length", "preferred_content_length", "words", "a file", 1, "mean absolute error", [], 0, 0, [],
        {"mae": MetricValue(70.0, 66.0, 74.0)}, [], [], [], [Check("parity", passed, "differs by 2e-7 at most")],
    )  # fmt: skip
    return msgspec.json.encode(found)
