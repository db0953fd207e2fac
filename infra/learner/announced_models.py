"""Reads from models.v1 which models are in force, since when, and what they were trained on."""

import logging

import msgspec
from msgspec import Struct

from infra.kafka.compacted import newest_values
from infra.kafka.connection import Kafka
from infra.kafka.reading import KafkaRefusalError
from models.feature_stream.read_back import InForce, in_force_of
from schemas.model_cards import ModelCard, ModelMode
from schemas.topics import MODELS
from schemas.unreadable import UNREADABLE

_log = logging.getLogger(__name__)


class _Announcement(Struct):
    """What is looked at of a record of models.v1: the artefact is not."""

    card: ModelCard
    from_ms: int = 0
    mode: ModelMode = "active"


def announced_models(kafka: Kafka) -> dict[str, InForce]:
    """Returns the models in force by id, those in shadow left out. Where the topic may not be read, none: the log says so.

    Raises `StreamError` where Kafka does not answer.
    """
    try:
        values = newest_values(kafka, MODELS.name, missing_ok=True)
    except KafkaRefusalError as error:
        _log.warning("the models in force are not known, so their errors before this start are not read: %s", error)
        return {}
    found = {}
    for value in values.values():
        try:
            record = msgspec.json.decode(value, type=_Announcement)
        except UNREADABLE as error:
            _log.warning("passed over a record of models.v1: %s", error)
            continue
        if record.mode == "active":
            found[record.card.id] = in_force_of(record.card, record.from_ms)
    return found
