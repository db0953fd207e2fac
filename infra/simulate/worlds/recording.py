"""Writes a world as a recording: readers, perhaps with one planted change each, and the truth beside them."""

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import merge
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.random import Generator

from infra.simulate.ground_truth import Episode, Truth, truth_path
from infra.simulate.reader import CONTENTS
from infra.simulate.worlds.catalogue import WORLDS
from infra.simulate.worlds.changes import ACTIONS, LASTS_MS, PARAMETERS, can_show, onset_ms, plant
from infra.simulate.worlds.reader import CLICK, HIDE, SCROLL, TYPES, VIEW, WorldReader
from infra.simulate.worlds.slices import timeline
from schemas.events import RECOMMENDED, Context, Event

BEGIN_MS: Final = 1_760_000_400_000
"""A whole minute of October 2025. Fixed, so that a seed names one recording."""

MINUTE_MS: Final = 60_000.0
MIN_ONSET_MS: Final = 600_000.0
"""Changes begin at the earliest after ten minutes of the session."""

TAIL_MS: Final = 90_000.0
"""A change ends so long before its session does."""

EARLIER: Final = "earlier"
"""The ids of readers that came before begin so: they make the site known, and are not judged."""

_COUNTRIES: Final = (("DE", "de"), ("GB", "en"), ("FR", "fr"), ("US", "en"))
_encoder: Final = msgspec.json.Encoder()


@dataclass(frozen=True)
class WorldRecording:
    """`readers` sessions of `minutes`, which begin within `arrive_minutes`. With `changes`, each has one of them, in turn."""

    world: str
    readers: int = 60
    minutes: float = 40.0
    seed: int = 1
    changes: tuple[str, ...] = ()
    arrive_minutes: float = 20.0
    earliest_ms: float = MIN_ONSET_MS
    latest_ms: float | None = None
    """Latest onset; None leaves room for the change before the session ends."""
    earlier: int = 0
    """Readers of the same kind that come before, within the length of a session: without them the site is new."""
    prefix: str = "reader"

    def cohort(self) -> Iterator[tuple[str, float, WorldReader, Episode | None]]:
        """Yields session id, beginning in ms after `BEGIN_MS`, reader, and what was planted."""
        length_ms = self.minutes * MINUTE_MS
        yield from self._readers(EARLIER, self.earlier, 0.0, length_ms)
        known_ms = length_ms if self.earlier else 0.0
        yield from self._readers(self.prefix, self.readers, known_ms, self.arrive_minutes * MINUTE_MS)

    def _readers(
        self, prefix: str, readers: int, begin_ms: float, arrive_ms: float
    ) -> Iterator[tuple[str, float, WorldReader, Episode | None]]:
        generator = np.random.default_rng([self.seed, sum(map(ord, self.world)), prefix == EARLIER])
        length_ms = self.minutes * MINUTE_MS
        for number in range(readers):
            change = self.changes[number % len(self.changes)] if self.changes else None
            reader, onset = self._reader(generator, length_ms, change)
            session_id = f"{prefix}-{self.world}-{self.seed}-{number:04d}"
            offset_ms = float(np.floor(begin_ms + generator.uniform(0.0, arrive_ms)))
            episode = None
            if change is not None:
                since = BEGIN_MS + round(offset_ms + onset)
                until, parameters = since + round(LASTS_MS), PARAMETERS.get(change, {})
                episode = Episode(change, ACTIONS[change], "session", session_id, since, until, parameters)
            yield session_id, offset_ms, reader, episode

    def _reader(self, generator: Generator, length_ms: float, change: str | None) -> tuple[WorldReader, float]:
        """A reader, and when the change begins."""
        make: Callable[[Generator, float], WorldReader] = WORLDS[self.world].make
        latest_ms = length_ms - LASTS_MS - TAIL_MS if self.latest_ms is None else self.latest_ms
        while True:
            reader = make(generator, length_ms)
            if change is None:
                return reader, 0.0
            if not can_show(reader, change):
                continue
            begin_ms = onset_ms(reader, change, self.earliest_ms, latest_ms, generator)
            if begin_ms is not None:
                plant(reader, change, begin_ms, generator)
                return reader, begin_ms

    def write(self, target: Path) -> Truth:
        """Writes the recording (JSON Lines, gzip if it ends in .gz) and its truth beside it."""
        episodes, streams = [], []
        for number, (session_id, offset_ms, reader, episode) in enumerate(self.cohort()):
            generator = np.random.default_rng([self.seed, number, 7])
            streams.append(list(records(session_id, offset_ms, reader, generator)))
            if episode is not None:
                episodes.append(episode)
        body = b"".join(line + b"\n" for _, line in merge(*streams))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(gzip.compress(body, 6, mtime=0) if target.suffix == ".gz" else body)
        truth = Truth(episodes, sum(map(len, streams)), 0, 0, 0)
        truth_path(target).write_bytes(msgspec.json.format(msgspec.json.encode(truth), indent=1) + b"\n")
        return truth


def records(
    session_id: str, offset_ms: float, reader: WorldReader, generator: Generator
) -> Iterator[tuple[int, bytes]]:
    """Yields (received_at_ms, event as JSON) of one reader, in order of arrival."""
    country, language = _COUNTRIES[int(generator.integers(0, len(_COUNTRIES)))]
    device = "mobile" if reader.phone else "desktop"
    context = Context(device=device, country=country, language=language, rtt_ms=int(generator.integers(20, 120)))
    types, page = iter(reader.types.tolist()), ("news", "news-1")
    received = 0
    for number, (at_ms, kind, value, distance) in enumerate(timeline(reader)):
        occurred = BEGIN_MS + round(offset_ms) + at_ms
        # Batches of one sender arrive in order.
        received = max(received, occurred + int(generator.integers(15, 90)))
        if kind == VIEW:
            content_type = TYPES[next(types, 0)]
            page = (content_type, str(generator.choice(CONTENTS[content_type])))
        event = Event(
            event_id=f"{session_id}-{number}",
            type=kind,  # type: ignore[arg-type]
            occurred_at_ms=occurred,
            received_at_ms=received,
            session_id=session_id,
            content_id=page[1],
            content_type=page[0],
        )
        if kind == VIEW:
            event.context = context
        elif kind == SCROLL:
            event.value = round(value, 4)
            event.properties = {"path_pages": f"{distance:.4f}"}
        elif kind == CLICK:
            event.placement = RECOMMENDED if value > 0 else "menu"
        elif kind == HIDE or value:
            event.value = float(round(value))
        yield received, _encoder.encode(event)
