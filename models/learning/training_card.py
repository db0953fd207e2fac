"""Writes the card of a trained model."""

from collections.abc import Sequence
from hashlib import sha256
from importlib.resources import files
from math import isfinite

import msgspec

from models.learning.boosting import settings
from models.learning.columns import Columns
from models.learning.evaluation import InputSummary
from models.learning.examples import Split
from models.learning.input_columns import unknown_at_once
from models.learning.options import TrainingOptions
from models.learning.parity import Parity
from models.learning.tasks import Limits
from schemas.model_cards import ModelCard, model_id


def describe(
    options: TrainingOptions,
    columns: Columns,
    classes: Sequence[str],
    split: Split,
    artefact: bytes,
    limits: Limits,
    inputs: Sequence[InputSummary],
    parity: Parity,
) -> ModelCard:
    """Returns the card of a model without its metrics, which are not known yet, and a version, which the store gives."""
    spans = {each.name: (each.low, each.high) for each in inputs}
    rows = len(split.train)
    first, last = split.train.at_ms, split.calibration.at_ms
    return ModelCard(
        id=model_id(options.kind, options.segment),
        version=0,
        kind=options.kind,
        features=list(columns.names),
        threshold=None,
        sha256=sha256(artefact).hexdigest(),
        trained_on=split.train.source,
        trained_from_ms=None if first is None else int(first[0]),
        trained_until_ms=None if last is None else int(last[-1]),
        categories={name: list(texts) for name, texts in columns.categories.items()},
        other_texts={name: list(texts) for name, texts in columns.others.items()},
        ranges={name: (low, high) for name, (low, high) in spans.items() if low is not None and high is not None},
        unknown_shares={each.name: each.missing / rows for each in inputs},
        unknown_at_once=unknown_at_once(columns, split.train),
        training_rows=rows,
        classes=list(classes),
        half_width=limits.half_width if limits.half_width is None or isfinite(limits.half_width) else None,
        max_half_width=limits.max_half_width,
        min_probability=limits.min_probability,
        coverage=limits.coverage,
        segment=options.segment,
        code_version=f"{options.code_version}+learning.{code_hash()}",
        seed=options.seed,
        parity=parity.difference,
        settings=settings(is_label=bool(classes)),
    )


def code_hash() -> str:
    """Returns eight digits that tell the code of this package from any other."""
    folder = files("models.learning")
    texts = sorted((each.name, each.read_bytes()) for each in folder.iterdir() if each.name.endswith(".py"))
    return sha256(msgspec.json.encode([(name, sha256(text).hexdigest()) for name, text in texts])).hexdigest()[:8]
