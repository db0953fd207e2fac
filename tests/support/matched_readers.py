"""Two readers who are the same until one of them tires, and the window that the mission rule answers."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from infra.simulate.recording import records
from infra.simulate.worlds.recording import WorldRecording
from jobs.adjust import load_rules
from models.model_store import load_forest
from tests.support.oracle.job import answer

RULE: Final = "mission-simplify"
QUIET_MS: Final = 6_000
"""After the window in which the tired reader is found nobody does anything for so long."""

AFTER_MS: Final = 240_000
"""How long both readers go on after that."""

MINUTES: Final = 24.0


@dataclass(frozen=True)
class MatchedReaders:
    """`recording` in order of arrival; the rule fires for the session `tired` on the window that ends at `boundary_ms`."""

    recording: list[bytes]
    tired: str
    control: str
    boundary_ms: int

    @classmethod
    def of_seed(cls, seed: int, folder: Path) -> "MatchedReaders":
        """One tires and, six seconds after being found, goes on as the other does, who never tires."""
        tired = _events(WorldRecording("S5", 1, MINUTES, seed, ("bored",), 0.0, prefix="tired"), folder)
        control = _events(WorldRecording("S5", 1, MINUTES, seed, (), 0.0, prefix="control"), folder)
        found = mission_commands(reference([msgspec.json.encode(each) for each in tired]).values())
        boundary_ms = min(each["issued_at_ms"] for each in found)
        session, other = tired[0]["session_id"], control[0]["session_id"]
        rested = [
            each | {"session_id": session, "event_id": f"{session}-rested-{number}"}
            for number, each in enumerate(control)
            if each["occurred_at_ms"] > boundary_ms + QUIET_MS
        ]
        kept = [each for each in tired if each["occurred_at_ms"] < boundary_ms] + rested
        kept += [each for each in control if not 0 <= each["occurred_at_ms"] - boundary_ms <= QUIET_MS]
        kept.sort(key=lambda each: each["received_at_ms"])
        lived = [each for each in kept if each["occurred_at_ms"] < boundary_ms + AFTER_MS]
        return cls([msgspec.json.encode(each) for each in lived], session, other, boundary_ms)


def reference(recording: Sequence[bytes], until_ms: int = 2**62) -> dict[str, bytes]:
    """What the plain-Python reference commands by the rules that ship."""
    return answer(recording, load_rules(""), load_forest(), time.time_ns() // 1_000_000, until_ms).commands


def mission_commands(commands: Iterable[bytes]) -> list[dict[str, Any]]:
    """Returns the rule's commands and what takes them back, in order of event time."""
    read = [msgspec.json.decode(each) for each in commands]
    own = {each["command_id"] for each in read if each["source"]["id"] == RULE}
    chosen = [each for each in read if each["command_id"] in own or each["reverts"] in own]
    return sorted(chosen, key=lambda each: int(each["issued_at_ms"]))


def _events(world: WorldRecording, folder: Path) -> list[dict[str, Any]]:
    path = folder / f"{world.prefix}.jsonl"
    world.write(path)
    return [msgspec.json.decode(record) for record in records(path)]
