"""What became of events: used, late, repeated or rejected. Nothing disappears."""

import time
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from infra.kafka.reading import Offsets, Tail, ends
from schemas import topics
from schemas.audit import WindowTally

SHARE_OF_WINDOWS = 6
"""An event lies in so many windows of a minute every ten seconds; each of them counts it."""

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
    """Notes where the audit topics end, and later counts what has been added."""

    def __init__(self, bootstrap: str, names: Mapping[str, str] | None = None) -> None:
        """`names` says where a topic has another name than in the contract."""
        self._bootstrap = bootstrap
        self._names = {topic: (names or {}).get(topic, topic) for topic in _AUDIT}
        self._from: dict[str, Offsets] = {topic: ends(bootstrap, name) for topic, name in self._names.items()}

    def settle(self, sent: int, patience_s: float) -> Account:
        """Waits until all of `sent` is accounted for, or until nothing has changed for `patience_s`."""
        account = Account(sent)
        tails = {topic: Tail(self._bootstrap, self._names[topic], start) for topic, start in self._from.items()}
        used = duplicates = 0
        last_news = time.monotonic()
        try:
            while account.missing != 0 and time.monotonic() - last_news < patience_s:
                for name, tail in tails.items():
                    records = tail.more(0.2)
                    if records:
                        last_news = time.monotonic()
                    if name == topics.TALLY.name:
                        tallies = [_decoder.decode(record.value) for record in records]
                        used += sum(tally.used for tally in tallies)
                        duplicates += sum(tally.duplicate for tally in tallies)
                    elif name == topics.LATE.name:
                        account.late += len(records)
                    else:
                        account.rejected += len(records)
                if used % SHARE_OF_WINDOWS == duplicates % SHARE_OF_WINDOWS == 0:
                    account.used, account.duplicates = used // SHARE_OF_WINDOWS, duplicates // SHARE_OF_WINDOWS
        finally:
            for tail in tails.values():
                tail.close()
        return account
