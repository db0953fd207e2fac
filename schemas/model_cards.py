"""The model contract (models.v1): which model is in force, by version and checksum."""

import re
from hashlib import sha256
from typing import Final, Literal

from msgspec import Struct

ModelKind = Literal["isolation_forest", "autoencoder", "deviation", "anomaly", "length", "tone"]

SHADOW: Final = "shadow."
"""Before the id, in the key of a model in shadow; no kind begins so."""

ModelMode = Literal["active", "shadow"]
"""A model in shadow is asked beside the one in force: what it asks for is recorded, and never commanded."""

MAX_RECORD_BYTES: Final = 1_000_000
"""Longest record on models.v1: under Kafka's own bound, which producers and consumers share."""

MAX_ARTEFACT_BYTES: Final = 4 * 1024 * 1024
"""Longest artefact, unpacked."""

MODEL_ID: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
"""An id is a folder of the store, a key of the topic, a part of acknowledgements and of the names of metrics."""

MODEL_ID_WORDS: Final = "1 to 64 lower-case letters, digits, points, hyphens, underscores"

MAX_VERSION: Final = 2**53 - 1
"""Greatest version: what JSON readers keep exactly."""


MIN_TIME_MS: Final = -62_135_596_800_000
"""The beginning of the year 1."""

MAX_TIME_MS: Final = 253_402_300_799_999
"""The end of the year 9999: no calendar here has a later time."""


class MetricValue(Struct, omit_defaults=True):
    """A metric on the later range, with its interval where there is one."""

    value: float
    low: float | None = None
    high: float | None = None


class ModelCard(Struct):
    """Describes a model: its inputs, its limits, its training data. Stored beside the artefact.

    The artefact is ONNX with one input `x`, float32 (rows, features), whose columns are `features` in order. A forest has the
    inputs and outputs of `models/isolation_forest/onnx_export.py`, a combination of detectors (`anomaly`) those of
    `models/anomaly/onnx_export.py`, with its calibration. All others have the output `y`: float32 (rows, 1), or (rows, classes)
    with probabilities where there are `classes`; a length may have three columns: the length, a lower and an upper quantile; a
    detector may have `contribution` (rows, features) beside it.

    A column is a number (NaN where unknown), or a category: then `categories` lists its texts, and the number is the place of the
    text in that list, -1 for any other text and where none is known. One-hot, imputation and scaling are parts of the graph.
    """

    id: str
    """`model_id` of kind and segment; the shipped forest is called `forest`."""
    version: int
    kind: ModelKind
    features: list[str]
    threshold: float | None
    """The score from which a detector calls a window anomalous; None for a prediction."""
    sha256: str
    trained_on: str
    trained_until_ms: int | None = None
    trained_from_ms: int | None = None
    categories: dict[str, list[str]] = {}
    other_texts: dict[str, list[str]] = {}
    """Texts of a category, by name, that training has seen and that have no place: they are read as any other text, -1, and do
    not count as outside."""
    ranges: dict[str, tuple[float, float]] = {}
    """Training range of a feature, by name: outside of it a prediction is not made. A feature without a range is not looked at; a
    text that is in neither list of its category counts as outside."""
    unknown_shares: dict[str, float] = {}
    """Share of the training rows, 0 to 1, in which an input was unknown, by name. Of an input that hardly ever was, an unknown
    value is not answered (`models/model_inputs.py`). An input that is not named here, as in cards of earlier releases, may be
    unknown."""
    unknown_at_once: int | None = None
    """Most inputs that may be unknown at once: so many were in enough training rows. None for no limit."""
    training_rows: int | None = None
    """Rows that the shares are of."""
    classes: list[str] = []
    half_width: float | None = None
    """Half the width of the conformal interval about a predicted number, at `coverage`; beside quantiles, what is added below the
    lower and above the upper one."""
    max_half_width: float | None = None
    """Where half of the interval is wider, it says too little to act on: no prediction. None for no limit."""
    min_probability: float | None = None
    """Conformal threshold of a class (LAC): the set of a row holds the classes at least so probable. A prediction is made where
    the set holds exactly one."""
    coverage: float | None = None
    tail_scores: list[float] = []
    """Scores of held-back windows, ascending: by them a detector's score becomes an empirical tail probability."""
    segment: str | None = None
    """The segment whose readers the model is for; None for all."""
    metrics: dict[str, MetricValue] = {}
    code_version: str | None = None
    seed: int | None = None
    parity: float | None = None
    """Largest difference between scikit-learn's predictions and those of the artefact; None where it was not compared."""
    created_at_ms: int | None = None
    """When the version was stored; no part of the artefact, whose bytes depend on data, options and seed alone."""
    data_sha256: str | None = None
    """Of all rows that were given to the training, by `models/learning/provenance.py`."""
    options: dict[str, list[str]] = {}
    """What was chosen of the data: `target`, `rename`, `without`, `category`, those that were given."""
    settings: dict[str, float | int | str] = {}
    """Settings of the algorithm, as `n_estimators` and `max_depth`; what is not named is the default of the library's version."""
    libraries: dict[str, str] = {}
    """Versions of scikit-learn, numpy and onnx, which trained and exported the model."""


class ModelRecord(Struct):
    """An announcement: a card with its artefact, in force for windows that end at `from_ms` (event time) or later.

    `artefact` is the ONNX model packed with LZMA, in base64: TaskManagers need no disk in common, and a restart finds it in the
    job's own state. `location` says where the store keeps the same bytes; the job does not read it.
    """

    card: ModelCard
    artefact: str
    location: str | None = None
    from_ms: int = 0
    mode: ModelMode = "active"
    """A model in shadow stands under `shadow_key` of its id, so that it replaces nothing."""


class CorruptModelError(Exception):
    """The bytes are not those that the card vouches for."""


def model_id(kind: ModelKind, segment: str | None = None) -> str:
    """The id of a model, which is its key on the topic: one model of a kind is in force for each segment, and one for all.

    >>> model_id("length"), model_id("length", "s3")
    ('length', 'length.s3')
    """
    return kind if segment is None else f"{kind}.{segment}"


def shadow_key(model: str) -> str:
    """The key on the topic of a model in shadow, by its id.

    >>> shadow_key(model_id("length", "s3"))
    'shadow.length.s3'
    """
    return f"{SHADOW}{model}"


def problem_of_times(card: ModelCard) -> str | None:
    """Returns which time of the training is none; None where both can be, or are not told."""
    for name, at_ms in (("trained_from_ms", card.trained_from_ms), ("trained_until_ms", card.trained_until_ms)):
        if at_ms is not None and not MIN_TIME_MS <= at_ms <= MAX_TIME_MS:
            return f"{name} is no time in milliseconds since 1970: {str(at_ms)[:30]}"
    return None


def require_checksum(artefact: bytes, card: ModelCard) -> None:
    """Raises `CorruptModelError` unless `artefact` is what `card` describes."""
    found = sha256(artefact).hexdigest()
    if found != card.sha256:
        raise CorruptModelError(
            f"model {card.id} version {card.version}: the card says sha256 {card.sha256[:12]}…, "
            f"the file has {found[:12]}…; take the file that belongs to this card"
        )
