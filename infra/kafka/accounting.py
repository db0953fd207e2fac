"""Accounts for every event sent: used, late, duplicate or rejected."""

import time
from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import Struct

from infra.kafka.connection import Kafka
from infra.kafka.reading import Offsets, TopicReader, end_offsets
from schemas import topics
from schemas.audit import WindowTally

WINDOWS_PER_EVENT: Final = 6
"""Windows of a minute start every ten seconds, so each event is counted in six."""

_AUDIT = (topics.TALLY.name, topics.LATE.name, topics.REJECTED.name)
_decoder = msgspec.json.Decoder(WindowTally)


class Account(Struct):
    """`sent` is what should have arrived; `missing` is what no topic accounts for (yet)."""

    sent: int
    used: int = 0
    late: int = 0
    duplicates: int = 0
    rejected: int = 0

    @property
    def missing(self) -> int:
        return self.sent - self.used - self.late - self.duplicates - self.rejected


class Accountant:
    """Notes where the audit topics end, and later counts the records added since."""

    def __init__(self, kafka: Kafka, names: Mapping[str, str] | None = None) -> None:
        """`names` maps topics of the contract to other names on this broker."""
        self._kafka = kafka
        self._names = {topic: (names or {}).get(topic, topic) for topic in _AUDIT}
        self._start: dict[str, Offsets] = {topic: end_offsets(kafka, name) for topic, name in self._names.items()}

    def wait_until_accounted(self, sent: int, quiet_s: float) -> Account:
        """Waits until all of `sent` is accounted for, or until nothing has changed for `quiet_s`."""
        account = Account(sent)
        readers = {topic: TopicReader(self._kafka, self._names[topic]) for topic in self._start}
        for topic, reader in readers.items():
            reader.assign(self._start[topic])
        used = duplicates = 0
        last_record_s = time.monotonic()
        try:
            while account.missing != 0 and time.monotonic() - last_record_s < quiet_s:
                for name, reader in readers.items():
                    records = reader.poll(0.2)
                    if records:
                        last_record_s = time.monotonic()
                    if name == topics.TALLY.name:
                        tallies = [_decoder.decode(record.value or b"") for record in records]
                        used += sum(tally.used for tally in tallies)
                        duplicates += sum(tally.duplicate for tally in tallies)
                    elif name == topics.LATE.name:
                        account.late += len(records)
                    else:
                        account.rejected += len(records)
                if used % WINDOWS_PER_EVENT == duplicates % WINDOWS_PER_EVENT == 0:
                    account.used, account.duplicates = used // WINDOWS_PER_EVENT, duplicates // WINDOWS_PER_EVENT
        finally:
            for reader in readers.values():
                reader.close()
        return account
