"""Checks an announcement before anything of it is loaded: key, card, hash, names and count."""

from collections.abc import Sequence
from itertools import pairwise
from math import isfinite
from typing import Final, NamedTuple

import msgspec

from models.announced.artefact import require_onnx, unpack
from models.announced.errors import ModelRefusedError, UnknownFeatureError
from models.announced.onnx_graph import require_plain_graph
from models.features import FOREST_FEATURES
from models.logged_features import unknown_inputs
from models.predictions.targets import MAX_WORDS
from schemas.model_cards import (
    MAX_RECORD_BYTES,
    MAX_TIME_MS,
    MAX_VERSION,
    MODEL_ID,
    MODEL_ID_WORDS,
    CorruptModelError,
    ModelCard,
    ModelMode,
    ModelRecord,
    model_id,
    problem_of_times,
    require_checksum,
    shadow_key,
)
from schemas.unreadable import UNREADABLE

MAX_FEATURES: Final = 256
MAX_CLASSES: Final = 32
MAX_CATEGORIES: Final = 500
"""Texts of one category."""

MAX_CLASS_CHARS: Final = 64

_decode: Final = msgspec.json.Decoder(ModelRecord).decode


class CheckedModel(NamedTuple):
    """A card and the bytes that it vouches for, in force from `from_ms` on."""

    card: ModelCard
    artefact: bytes
    from_ms: int
    mode: ModelMode = "active"


def check_record(key: str, body: str) -> CheckedModel:
    """Returns what a record of models.v1 announces. Raises `ModelRefusedError`; nothing has been loaded then."""
    if len(body) > MAX_RECORD_BYTES:
        raise ModelRefusedError(f"the record is longer than {MAX_RECORD_BYTES} bytes")
    try:
        record = _decode(body)
    except UNREADABLE as error:
        raise ModelRefusedError(f"the record is no announcement of a model: {error}") from None
    card = record.card
    if not 0 <= record.from_ms <= MAX_TIME_MS:
        raise ModelRefusedError(f"from_ms is no event time in milliseconds: {str(record.from_ms)[:30]}")
    _check_card(key, card, record.mode)
    artefact = unpack(record.artefact)
    _check_artefact(card, artefact)
    return CheckedModel(card, artefact, record.from_ms, record.mode)


def check_stored(card: ModelCard, artefact: bytes) -> CheckedModel:
    """Checks a model as one that is announced, but for the names of its features: a model of other columns can be asked, too.

    Raises `ModelRefusedError`.
    """
    _check_card(card.id, card, "active", needs_known_names=False)
    _check_artefact(card, artefact)
    return CheckedModel(card, artefact, 0)


def _check_artefact(card: ModelCard, artefact: bytes) -> None:
    try:
        require_checksum(artefact, card)
    except CorruptModelError as error:
        raise ModelRefusedError(str(error)) from None
    require_onnx(artefact)
    require_plain_graph(artefact)


def _check_card(key: str, card: ModelCard, mode: ModelMode, needs_known_names: bool = True) -> None:
    expected = model_id(card.kind, card.segment)
    place = shadow_key(expected) if mode == "shadow" else expected
    if card.id != expected or key != place:
        wanted = f"{expected[:80]!r} for both" if place == expected else f"{expected[:80]!r} under {place[:80]!r}"
        raise ModelRefusedError(f"the card is of {card.id[:80]!r} and stands under {key[:80]!r}; expected {wanted}")
    if not MODEL_ID.fullmatch(card.id) or card.segment == "":
        raise ModelRefusedError(f"{card.id[:80]!r} is no id of a model: {MODEL_ID_WORDS}")
    if not 0 <= card.version <= MAX_VERSION:
        raise ModelRefusedError(f"the version is none: {str(card.version)[:30]}; expected 0 to {MAX_VERSION}")
    names = card.features
    if not 0 < len(names) <= MAX_FEATURES or len(set(names)) != len(names):
        raise ModelRefusedError(f"{len(names)} features; expected 1 to {MAX_FEATURES}, each once")
    if needs_known_names and (unknown := unknown_inputs(names, card.categories)):
        raise UnknownFeatureError(f"the feature {unknown[0][:60]!r} is not known to this job")
    for name, texts in card.categories.items():
        if name not in names or not 0 < len(texts) <= MAX_CATEGORIES or len(set(texts)) != len(texts):
            raise ModelRefusedError(f"the category {name[:60]!r} is no feature, or its texts are not each there once")
    for name, texts in card.other_texts.items():
        if name not in card.categories or len(texts) > MAX_CATEGORIES:
            raise ModelRefusedError(f"other_texts has {name[:60]!r}, which is no category, or too many texts of it")
    for name, (low, high) in card.ranges.items():
        if name not in names or not low <= high:
            raise ModelRefusedError(f"the training range of {name[:60]!r} is no range of a feature")
    for name, share in card.unknown_shares.items():
        if name not in names or not 0.0 <= share <= 1.0:
            raise ModelRefusedError(f"unknown_shares has {name[:60]!r}, which is no feature, or no share from 0 to 1")
    if card.training_rows is not None and not 1 <= card.training_rows <= MAX_VERSION:
        raise ModelRefusedError(f"training_rows is no number of rows; expected 1 to {MAX_VERSION}")
    if card.unknown_shares and card.training_rows is None:
        raise ModelRefusedError("unknown_shares needs training_rows, the number of rows that they are shares of")
    if card.unknown_at_once is not None and not 0 <= card.unknown_at_once <= len(names):
        raise ModelRefusedError(f"unknown_at_once is no number of features; expected 0 to {len(names)}")
    if (problem := problem_of_times(card)) is not None:
        raise ModelRefusedError(problem)
    if card.kind == "length":
        _check_length(card)
    elif card.kind == "tone":
        _check_tone(card)
    else:
        _check_detector(card)


def _check_length(card: ModelCard) -> None:
    if not _is_number(card.half_width) or not _is_share(card.coverage) or card.classes:
        raise ModelRefusedError("a length needs half_width, coverage between 0 and 1, and no classes")
    # Of quantiles it may be below 0: they are drawn together.
    if card.half_width is not None and abs(card.half_width) > MAX_WORDS:
        raise ModelRefusedError(f"half_width is {card.half_width:g} words; expected {MAX_WORDS:,} at most")


def _check_tone(card: ModelCard) -> None:
    if not 2 <= len(card.classes) <= MAX_CLASSES or len(set(card.classes)) != len(card.classes):
        raise ModelRefusedError(f"{len(card.classes)} classes; expected 2 to {MAX_CLASSES}, each once")
    if not all(0 < len(name) <= MAX_CLASS_CHARS and name.isprintable() for name in card.classes):
        raise ModelRefusedError(f"a class is called by 1 to {MAX_CLASS_CHARS} printable characters")
    if not _is_share(card.min_probability) or not _is_share(card.coverage):
        raise ModelRefusedError("a tone needs min_probability and coverage between 0 and 1")


def _check_detector(card: ModelCard) -> None:
    if not _is_number(card.threshold):
        raise ModelRefusedError(f"a card of kind {card.kind} needs a threshold")
    if card.kind == "isolation_forest" and (tuple(card.features) != FOREST_FEATURES or card.segment is not None):
        raise ModelRefusedError(f"a forest of this job reads {', '.join(FOREST_FEATURES)}, of readers of all segments")
    if card.kind == "anomaly" and card.segment is not None:
        raise ModelRefusedError("anomalies are looked for in readers of all segments alike")
    if not _is_ascending(card.tail_scores):
        raise ModelRefusedError("tail_scores are not in ascending order")


def _is_number(value: float | None) -> bool:
    return value is not None and isfinite(value)


def _is_share(value: float | None) -> bool:
    return value is not None and 0.0 < value < 1.0


def _is_ascending(values: Sequence[float]) -> bool:
    return all(earlier <= later for earlier, later in pairwise(values))
