"""Watches control-acks.v1 for announced models that the job refuses, and tells them on alerts.v1."""

import logging
from collections.abc import Iterable
from typing import Final

import msgspec

from infra.kafka.blocking_producer import BlockingProducer
from infra.kafka.connection import Kafka
from infra.kafka.reading import Record, TopicReader
from models.feature_stream.refusals import Refusals
from schemas.alerts import Alert
from schemas.control_acks import ControlAck
from schemas.topics import ALERTS, CONTROL_ACKS
from schemas.unreadable import UNREADABLE

_log: Final = logging.getLogger(__name__)

_decode: Final = msgspec.json.Decoder(ControlAck).decode


class RefusedModels:
    """Reads on from call to call, beside the rows of features.v1: a refusal must not wait until these are read.

    It begins where the topic does: what was refused while nobody watched is told late, and with the same id as before.
    """

    def __init__(self, kafka: Kafka, prefix: str = "") -> None:
        """`prefix`: before the names of the topics."""
        self._kafka = kafka
        self._reader = TopicReader(kafka, prefix + CONTROL_ACKS.name)
        self._alerts_topic = prefix + ALERTS.name
        self._refusals = Refusals()
        self._unsent: list[Alert] = []

    def __enter__(self) -> "RefusedModels":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def poll(self, wait_s: float = 0.0) -> None:
        """Tells what has been refused since the call before. Raises `StreamError`; the next call tells it then."""
        self._take(self._reader.poll(wait_s))

    def read_to_end(self) -> None:
        """Tells all refusals that stand there. Raises `StreamError`."""
        self._take(self._reader.read_to_end(quiet_s=0.0))

    def close(self) -> None:
        self._reader.close()

    def _take(self, records: Iterable[Record]) -> None:
        for record in records:
            try:
                found = self._refusals.add(_decode(record.value or b""))
            except UNREADABLE:
                continue  # a deletion, or of another version's contract
            if found is not None:
                _log.warning("%s", found.text)
                self._unsent.append(found)
        if not self._unsent:
            return
        # Refusals are rare, and a producer that has failed once says so for ever.
        producer = BlockingProducer(self._kafka, is_idempotent=False)
        for alert in self._unsent:
            producer.send(self._alerts_topic, msgspec.json.encode(alert), alert.subject.encode())
        producer.finish()
        self._unsent = []
