"""Announces models on models.v1, and reads what stands there."""

from dataclasses import dataclass
from typing import Final

import msgspec

from infra.kafka.blocking_producer import BlockingProducer
from infra.kafka.compacted import newest_values
from infra.kafka.connection import Kafka
from models.announced.artefact import pack
from models.announced.checking import check_record
from models.announced.errors import ModelRefusedError
from models.announced.loading import load
from models.model_store import ModelError, StoredModel
from schemas.model_cards import ModelRecord
from schemas.topics import MODELS

WRITE_TIMEOUT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Announcement:
    """A record of models.v1, by its key."""

    key: str
    body: bytes


def announcement(model: StoredModel, location: str, from_ms: int) -> Announcement:
    """Returns the record that announces a model, checked and loaded as the job does. Raises `ModelError`."""
    record = ModelRecord(model.card, pack(model.artefact), location, from_ms)
    body = msgspec.json.encode(record)
    try:
        load(check_record(model.card.id, body.decode()))
    except ModelRefusedError as error:
        raise ModelError(
            f"model {model.card.id} version {model.card.version}: the job would refuse it: {error}; "
            "name the inputs as the job does, with --rename of models train"
        ) from None
    return Announcement(model.card.id, body)


def write(kafka: Kafka, given: Announcement) -> None:
    """Writes an announcement; returns once Kafka has acknowledged it. Raises `StreamError`."""
    producer = BlockingProducer(kafka, timeout_s=WRITE_TIMEOUT_S)
    producer.send(MODELS.name, given.body, given.key.encode())
    producer.finish()


def announced(kafka: Kafka) -> dict[str, ModelRecord]:
    """Reads what stands on models.v1, by id; records that are none are left out. Raises `StreamError`."""
    found = {}
    for key, value in newest_values(kafka, MODELS.name).items():
        try:
            found[key.decode()] = msgspec.json.decode(value, type=ModelRecord)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
    return found
