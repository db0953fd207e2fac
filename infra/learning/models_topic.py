"""Reads which models stand on models.v1, and writes there; works where no model can be loaded, as at the gateway."""

from typing import Final

import msgspec
from msgspec import Struct

from infra.kafka.blocking_producer import BlockingProducer
from infra.kafka.compacted import newest_values
from infra.kafka.connection import Kafka
from schemas.model_cards import ModelCard, ModelMode
from schemas.topics import MODELS
from schemas.unreadable import UNREADABLE

WRITE_TIMEOUT_S: Final = 10.0


class AnnouncedCard(Struct):
    """An announcement but for its artefact."""

    card: ModelCard
    location: str | None = None
    from_ms: int = 0
    mode: ModelMode = "active"


_decode: Final = msgspec.json.Decoder(AnnouncedCard).decode


def announced_cards(kafka: Kafka, topic: str = MODELS.name) -> dict[str, AnnouncedCard]:
    """Returns what stands on the topic, by key; records that are no announcement are left out. Raises `StreamError`."""
    found = {}
    for key, value in newest_values(kafka, topic).items():
        try:
            found[key.decode()] = _decode(value)
        except UNREADABLE:
            continue
    return found


def write(kafka: Kafka, key: str, body: bytes | None) -> None:
    """Writes a record of models.v1, None to delete; returns once Kafka has acknowledged it. Raises `StreamError`."""
    producer = BlockingProducer(kafka, timeout_s=WRITE_TIMEOUT_S)
    producer.send(MODELS.name, body, key.encode())
    producer.finish()
