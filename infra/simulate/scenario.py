"""Generates recordings: ordinary readers, planted behaviours, and the faults of a real stream."""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from pathlib import Path
from random import Random
from typing import Final

import msgspec

from infra.simulate.behaviours import BEHAVIOURS
from infra.simulate.ground_truth import Episode, Truth, truth_path
from infra.simulate.reader import Plan, Reader
from schemas.events import FAST_TYPES, Event

BEGIN_MS: Final = 1_760_000_400_000
"""A whole minute of October 2025. Fixed, so that a seed names one recording."""

FIRST_S: Final = 270
"""No behaviour begins earlier: by then every reader's baseline has enough windows."""

NOT_EVENTS: Final = (
    b"",
    b"\xff\xfe not text",
    b'{"event_id": "broken", "type": "click"',
    b'{"event_id": "e", "type": "click", "occurred_at_ms": "noon", "received_at_ms": 1760000400000, "session_id": "s"}',
    b'{"type": "click", "occurred_at_ms": 1760000400000, "received_at_ms": 1760000400000, "session_id": "s"}',
    b'{"event_id": "e", "type": "teleport", "occurred_at_ms": 1760000400000, "received_at_ms": 1760000400000,'
    b' "session_id": "s"}',
    b'{"event_id": "e", "type": "click", "occurred_at_ms": 1660000400000, "received_at_ms": 1760000400000,'
    b' "session_id": "s"}',
)
"""Records that are no events, one of most reasons. An empty line stands for an empty record."""

_encoder: Final = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Scenario:
    """Seconds and counts. Each behaviour is planted `per_behaviour` times; `ordinary` readers have none."""

    seconds: int = 600
    ordinary: int = 20
    per_behaviour: int = 3
    seed: int = 1
    faults: bool = True
    behaviours: tuple[str, ...] = tuple(BEHAVIOURS)

    def plans(self) -> tuple[list[Plan], list[Episode]]:
        """Returns the readers' plans, and the episodes planted in them."""
        random = Random(f"{self.seed}:plans")
        plans, episodes = [], []
        for number in range(self.ordinary):
            plans.append(Plan(f"reader-{number:03d}", random.uniform(0, 40), self.seconds - random.uniform(0, 30)))
        for behaviour in self.behaviours:
            for number in range(self.per_behaviour):
                latest = self.seconds - BEHAVIOURS[behaviour].lasts_s - 60
                from_s = float(round(random.uniform(FIRST_S, max(latest, FIRST_S))))
                if BEHAVIOURS[behaviour].contents:
                    if number == 0:
                        turned_away, episode = self._turned_away(behaviour, from_s, random)
                        plans += turned_away
                        episodes.append(episode)
                    continue
                plan = Plan(
                    f"{behaviour.replace('_', '-')}-{number:03d}",
                    random.uniform(0, 40),
                    self.seconds - random.uniform(0, 20),
                    behaviour,
                    from_s,
                    from_s + BEHAVIOURS[behaviour].lasts_s,
                )
                plans.append(plan)
                episodes.append(_episode(behaviour, "session", plan.session_id, plan.from_s, plan.until_s))
        return plans, episodes

    def _turned_away(self, behaviour: str, from_s: float, random: Random) -> tuple[list[Plan], Episode]:
        """Plans visitors who leave one item within seconds."""
        plans = [
            Plan(
                f"passer-by-{number:03d}",
                at_s := from_s + 5 * number + random.uniform(0, 4),
                at_s + 4,
                opens=("news", "news-1"),
            )
            for number in range(16)
        ]
        return plans, _episode(behaviour, "content", "news-1", from_s, from_s + BEHAVIOURS[behaviour].lasts_s)

    def lines(self) -> Iterator[tuple[int, str | None, bytes]]:
        """Yields (received_at_ms, session id, record) in order of arrival. A record that is no event has no session."""
        plans, _ = self.plans()
        random = Random(f"{self.seed}:accidents")
        streams = [
            sorted(_arrivals(Reader(plan, BEGIN_MS, self.seed), random if self.faults else None)) for plan in plans
        ]
        if self.faults:
            step = self.seconds * 1000 // (len(NOT_EVENTS) + 1)
            streams.append([(BEGIN_MS + step * (n + 1), "", n, record) for n, record in enumerate(NOT_EVENTS)])
        for received_ms, session_id, _, record in merge(*streams):
            yield received_ms, session_id or None, record

    def write(self, target: Path) -> Truth:
        """Writes the recording (JSON Lines, gzip if it ends in .gz) and its truth beside it."""
        _, episodes = self.plans()
        seen: set[str] = set()
        counts = {"events": 0, "duplicates": 0, "late": 0, "rejected": 0}
        target.parent.mkdir(parents=True, exist_ok=True)
        body = bytearray()
        for received_ms, session_id, record in self.lines():
            body += record + b"\n"
            counts["events"] += 1
            if session_id is None:
                counts["rejected"] += 1
                continue
            event = msgspec.json.decode(record, type=Event)
            if event.occurred_at_ms < received_ms - 2000:
                counts["late"] += 1
            elif event.event_id in seen:
                counts["duplicates"] += 1
            seen.add(event.event_id)
        target.write_bytes(gzip.compress(bytes(body), 9, mtime=0) if target.suffix == ".gz" else bytes(body))
        truth = Truth(episodes, **counts)
        truth_path(target).write_bytes(msgspec.json.format(msgspec.json.encode(truth), indent=1) + b"\n")
        return truth


def _episode(behaviour: str, kind: str, target: str, from_s: float, until_s: float) -> Episode:
    return Episode(
        behaviour,
        BEHAVIOURS[behaviour].action,
        "content" if kind == "content" else "session",
        target,
        BEGIN_MS + round(from_s * 1000),
        BEGIN_MS + round(until_s * 1000),
    )


def _arrivals(reader: Reader, faults: Random | None) -> Iterator[tuple[int, str, int, bytes]]:
    """Yields (received_at_ms, session, number, record). With faults, some trigger events come twice and some moves too late."""
    for number, event in enumerate(reader.events()):
        if faults is not None and event.type == "move" and faults.random() < 0.002:
            event.received_at_ms = event.occurred_at_ms + faults.randint(4_000, 30_000)
        record = _encoder.encode(event)
        yield event.received_at_ms, event.session_id, number, record
        if faults is not None and event.type in FAST_TYPES and faults.random() < 0.03:
            # A sender that saw no answer sends the same again: the gateway gives it a new time of arrival.
            event.received_at_ms += faults.randint(100, 900)
            yield event.received_at_ms, event.session_id, number, _encoder.encode(event)
